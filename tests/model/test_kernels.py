"""Kernels against their definitions, written again with numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.spatial.distance import cdist

from napari_concert.model.kernels import (
    gram,
    length_scales,
    mask,
    metric,
    rational_quadratic,
    squared_distance,
    wendland,
)

HYPER = {
    "seed": st.integers(0, 2**31 - 1),
    "dimensions": st.sampled_from([2, 3]),
    "log_scale": st.floats(-2.5, 2.5),
    "shear": st.floats(0, 1.5),
    "log_alpha": st.floats(-3, 4),
}


def _draw(seed: int, dimensions: int, log_scale: float, shear: float, n: int = 25) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    log_metric = -2 * log_scale * np.eye(dimensions) + shear * rng.normal(size=(dimensions, dimensions))
    return torch.from_numpy(rng.uniform(0, 12, (n, dimensions))), torch.from_numpy(log_metric)


def _gram(coords: torch.Tensor, log_metric: torch.Tensor, log_alpha: float) -> torch.Tensor:
    place = torch.zeros(len(coords), dtype=torch.int64)
    return gram(coords, coords, place, place, log_metric, torch.tensor(log_alpha, dtype=torch.float64).exp())


@settings(max_examples=60, deadline=None)
@given(**HYPER)
def test_gram_is_positive_definite_with_unit_diagonal(
    seed: int, dimensions: int, log_scale: float, shear: float, log_alpha: float
) -> None:
    coords, log_metric = _draw(seed, dimensions, log_scale, shear)
    k = _gram(coords, log_metric, log_alpha)
    assert torch.allclose(k, k.mT, atol=1e-12)
    assert torch.allclose(k.diagonal(), torch.ones(len(k), dtype=k.dtype))
    assert torch.linalg.eigvalsh(k).min() > -1e-9


@settings(max_examples=60, deadline=None)
@given(**HYPER, cut=st.floats(0.5, 30))
def test_product_with_the_cut_off_is_positive_definite(
    seed: int, dimensions: int, log_scale: float, shear: float, log_alpha: float, cut: float
) -> None:
    coords, log_metric = _draw(seed, dimensions, log_scale, shear)
    k = _gram(coords, log_metric, log_alpha) * wendland(squared_distance(coords, coords).sqrt() / cut)
    assert torch.linalg.eigvalsh(k).min() > -1e-9


@settings(max_examples=40, deadline=None)
@given(**HYPER)
def test_gram_is_the_formula(seed: int, dimensions: int, log_scale: float, shear: float, log_alpha: float) -> None:
    coords, log_metric = _draw(seed, dimensions, log_scale, shear, n=6)
    a = log_metric.numpy()
    matrix, alpha = expm((a + a.T) / 2), np.exp(log_alpha)
    delta = (coords[:, None] - coords[None]).numpy()
    expected = (1 + np.einsum("ijk,kl,ijl->ij", delta, matrix, delta) / alpha) ** -alpha
    np.testing.assert_allclose(_gram(coords, log_metric, log_alpha), expected, rtol=1e-8, atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(**HYPER)
def test_moving_and_turning_the_tissue_changes_nothing(
    seed: int, dimensions: int, log_scale: float, shear: float, log_alpha: float
) -> None:
    coords, log_metric = _draw(seed, dimensions, log_scale, shear)
    turn = torch.from_numpy(np.linalg.qr(np.random.default_rng(seed).normal(size=(dimensions, dimensions)))[0])
    symmetric = (log_metric + log_metric.mT) / 2
    turned = _gram((coords + 17.5) @ turn.mT, turn @ symmetric @ turn.mT, log_alpha)
    assert torch.allclose(turned, _gram(coords, log_metric, log_alpha), atol=1e-8)


def test_alpha_runs_from_cauchy_to_gauss() -> None:
    squared = torch.linspace(0, 9, 20, dtype=torch.float64)
    one, many = torch.ones((), dtype=torch.float64), torch.tensor(1e7, dtype=torch.float64)
    assert torch.allclose(rational_quadratic(squared, one), 1 / (1 + squared))
    assert torch.allclose(rational_quadratic(squared, many), torch.exp(-squared), atol=1e-5)


@pytest.mark.parametrize(("ratio", "value"), [(0.0, 1.0), (0.25, 0.6328125), (0.5, 0.1875), (1.0, 0.0), (3.0, 0.0)])
def test_wendland_values(ratio: float, value: float) -> None:
    assert wendland(torch.tensor(ratio)).item() == pytest.approx(value)


def test_wendland_is_flat_at_both_ends() -> None:
    ends = torch.tensor([1e-6, 1 - 1e-6], dtype=torch.float64, requires_grad=True)
    wendland(ends).sum().backward()
    assert ends.grad is not None
    assert ends.grad.abs().max() < 1e-4


@pytest.mark.parametrize(
    ("ratio", "value"), [(0.0, 1.0), (0.5, 1.0), (0.625, 0.896484375), (0.75, 0.5), (1.0, 0.0), (3.0, 0.0)]
)
def test_mask_values(ratio: float, value: float) -> None:
    assert mask(torch.tensor(ratio, dtype=torch.float64)).item() == pytest.approx(value, abs=1e-15)


def test_mask_is_never_negative_at_its_end() -> None:
    """A power of it is taken; a rounding error below zero would be NaN, and end the field's fit for good."""
    ratio = 1 - torch.logspace(-17, -1, 20_001, dtype=torch.float64)
    for values in (mask(ratio), mask(ratio.float())):
        assert values.min() >= 0
        assert values.max() <= 1


def test_mask_falls_smoothly_from_the_middle_to_the_end() -> None:
    ratio = torch.linspace(0, 1.2, 2401, dtype=torch.float64)
    values, step = mask(ratio).numpy(), 1.2 / 2400
    first, second = np.diff(values) / step, np.diff(values, 2) / step**2
    assert (first <= 0).all()
    assert np.abs(np.diff(second)).max() < 0.5, "a kink would jump by tens"
    assert np.abs(first[[1000, 2000]]).max() < 1e-4


@pytest.mark.parametrize("dimensions", [2, 3])
def test_length_scales_are_the_metrics_axes(dimensions: int) -> None:
    lengths = torch.tensor([7.0, 2.0, 0.5], dtype=torch.float64)[:dimensions]
    axes = torch.linalg.qr(torch.randn(dimensions, dimensions, dtype=torch.float64)).Q
    log_metric = axes @ torch.diag(-2 * lengths.log()) @ axes.mT
    found, directions = length_scales(log_metric)
    assert torch.allclose(found, lengths)
    assert torch.allclose((directions * axes).sum(0).abs(), torch.ones(dimensions, dtype=torch.float64))
    steps = axes * lengths  # one length-scale along each axis is a scaled distance of 1
    squared = torch.einsum("ai,ab,bi->i", steps, metric(log_metric), steps)
    assert torch.allclose(squared, torch.ones_like(squared))


def test_other_places_are_infinitely_far() -> None:
    coords, log_metric = _draw(0, 2, 1.0, 0.5)
    place = torch.arange(len(coords)) % 3
    k = gram(coords, coords, place, place, log_metric, torch.ones((), dtype=torch.float64))
    apart = place[:, None] != place[None]
    assert (k[apart] == 0).all()
    assert (k[~apart] > 0).all()
    assert torch.linalg.eigvalsh(k).min() > -1e-9


def test_a_constant_z_gives_the_plane() -> None:
    coords, log_metric = _draw(1, 2, 0.8, 0.4)
    solid = torch.cat([coords, torch.full((len(coords), 1), 3.5, dtype=torch.float64)], dim=1)
    wide = torch.zeros(3, 3, dtype=torch.float64)
    wide[:2, :2], wide[2, 2] = log_metric, 0.7
    assert torch.allclose(_gram(solid, wide, 0.3), _gram(coords, log_metric, 0.3))


def test_squared_distance_is_euclidean() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(7, 3))
    found = squared_distance(torch.from_numpy(a), torch.from_numpy(b))
    np.testing.assert_allclose(found, cdist(a, b, "sqeuclidean"), atol=1e-12)
