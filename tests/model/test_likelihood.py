"""The negative binomial against scipy's, by sums over its probability mass."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from scipy.stats import nbinom

from napari_concert.model.likelihood import (
    CountTable,
    curved,
    expected_kernel,
    kernel,
    normaliser,
    pearson_residuals,
    working,
)

POINT = {"eta": st.floats(-4, 6), "log_size": st.floats(-1.5, 1.5), "log_theta": st.floats(-2, 5)}


def _log_prob(counts: np.ndarray, eta: float, log_size: float, log_theta: float) -> np.ndarray:
    theta, mean = np.exp(log_theta), np.exp(eta + log_size)
    return nbinom.logpmf(counts, theta, theta / (theta + mean))


def _tensors(*values: float) -> tuple[torch.Tensor, ...]:
    return tuple(torch.tensor([value], dtype=torch.float64) for value in values)


def _support(eta: float, log_size: float, log_theta: float) -> np.ndarray:
    """Return counts that hold all but 1e-12 of the mass."""
    theta, mean = np.exp(log_theta), np.exp(eta + log_size)
    return np.arange(nbinom.isf(1e-13, theta, theta / (theta + mean)) + 2)


def _working(counts: np.ndarray, eta: float, log_size: float, log_theta: float) -> tuple[np.ndarray, np.ndarray]:
    column = torch.from_numpy(counts.astype(float))[:, None]
    size, theta = torch.full((len(counts),), log_size, dtype=torch.float64), _tensors(log_theta)[0]
    found = working(column, torch.full_like(column, eta), size, theta)
    return found.score[:, 0].numpy(), found.weight[:, 0].numpy()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5000), *POINT.values())
def test_kernel_and_normaliser_are_scipys_log_pmf(x: int, eta: float, log_size: float, log_theta: float) -> None:
    counts = torch.tensor([[float(x)]], dtype=torch.float64)
    e, s, t = _tensors(eta, log_size, log_theta)
    found = expected_kernel(counts, e[None], torch.zeros(1, 1, dtype=torch.float64), s, t) + normaliser(counts, t)
    assert found.item() == pytest.approx(_log_prob(np.array(x), eta, log_size, log_theta), rel=1e-8, abs=1e-7)


def test_sums_run_over_spots_for_every_gene() -> None:
    rng = np.random.default_rng(0)
    counts, eta = rng.poisson(2.0, (9, 4)), rng.normal(size=(9, 4))
    log_size, log_theta = rng.normal(0, 0.3, 9), rng.normal(1, 0.5, 4)
    args = [
        torch.from_numpy(np.asarray(a, dtype=float)) for a in (counts, eta, np.zeros_like(eta), log_size, log_theta)
    ]
    found = expected_kernel(*args) + normaliser(args[0], args[4])
    np.testing.assert_allclose(found, _log_prob(counts, eta, log_size[:, None], log_theta).sum(0), rtol=1e-10)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 5000), *POINT.values())
def test_score_is_the_slope(x: int, eta: float, log_size: float, log_theta: float) -> None:
    h, counts = 1e-4, np.array([x])
    slope = (_log_prob(counts, eta + h, log_size, log_theta) - _log_prob(counts, eta - h, log_size, log_theta)) / (
        2 * h
    )
    score, _ = _working(counts, eta, log_size, log_theta)
    np.testing.assert_allclose(score, slope, rtol=1e-4, atol=1e-4 * (1 + x) ** 0.5)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 500), st.floats(-4, 5), st.floats(-1.5, 1.5), st.floats(-2, 5))
def test_curvature_is_the_slope_of_the_score(x: int, eta: float, log_size: float, log_theta: float) -> None:
    counts, (size, theta) = torch.tensor([[float(x)]], dtype=torch.float64), _tensors(log_size, log_theta)
    low, here, high = (curved(counts, counts * 0 + eta + h, size, theta) for h in (-1e-5, 0.0, 1e-5))
    slope = (high.score - low.score) / 2e-5
    assert here.weight.item() == pytest.approx(-slope.item(), rel=1e-4, abs=1e-6 * (1 + x))
    assert here.score.item() == pytest.approx(working(counts, counts * 0 + eta, size, theta).score.item())


def test_kernel_is_the_expected_one_without_variance() -> None:
    rng = np.random.default_rng(3)
    counts, eta = torch.from_numpy(rng.poisson(2.0, (9, 4)).astype(float)), torch.from_numpy(rng.normal(size=(9, 4)))
    size, theta = torch.from_numpy(rng.normal(size=9)), torch.from_numpy(rng.normal(size=4))
    expected = expected_kernel(counts, eta, torch.zeros_like(eta), size, theta)
    assert torch.allclose(kernel(counts, eta, size, theta).sum(0), expected)


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 4), st.floats(-1, 1), st.floats(-0.5, 4))
def test_weight_is_the_fisher_information(eta: float, log_size: float, log_theta: float) -> None:
    counts = _support(eta, log_size, log_theta)
    mass = np.exp(_log_prob(counts, eta, log_size, log_theta))
    score, weight = _working(counts, eta, log_size, log_theta)
    assert mass.sum() == pytest.approx(1, abs=1e-9)
    assert (mass * score).sum() == pytest.approx(0, abs=1e-7 * (1 + weight[0]))
    assert (mass * score**2).sum() == pytest.approx(weight[0], rel=1e-6)


@pytest.mark.parametrize("x", [0, 3, 40])
def test_expectation_agrees_with_gauss_hermite(x: int) -> None:
    eta, variance, log_size, log_theta = 0.7, 0.02, 0.2, 1.1
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    values = _log_prob(np.array(x), eta + np.sqrt(variance) * nodes, log_size, log_theta)
    expected = (weights * values).sum() / weights.sum()
    counts = torch.tensor([[float(x)]], dtype=torch.float64)
    e, v, s, t = _tensors(eta, variance, log_size, log_theta)
    found = (expected_kernel(counts, e[None], v[None], s, t) + normaliser(counts, t)).item()
    assert found == pytest.approx(expected, abs=2e-4 * (1 + x))
    plain = _log_prob(np.array(x), eta, log_size, log_theta)
    assert abs(found - expected) < 0.02 * abs(plain - expected)  # the correction is the second-order term


def test_extreme_predictors_stay_finite() -> None:
    counts = torch.tensor([[0.0, 1e6, 0.0, 1e6]], dtype=torch.float32)
    eta = torch.tensor([[-80.0, -80.0, 80.0, 80.0]])
    found = working(counts, eta, torch.zeros(1), torch.zeros(4))
    assert all(torch.isfinite(part).all() for part in found)
    assert (found.weight >= 0).all()


@settings(max_examples=20, deadline=None)
@given(st.floats(-2, 3), st.floats(-1, 1), st.floats(0, 4))
def test_pearson_residuals_are_standardised(eta: float, log_size: float, log_theta: float) -> None:
    counts = _support(eta, log_size, log_theta)
    mass = np.exp(_log_prob(counts, eta, log_size, log_theta))
    column = torch.from_numpy(counts)[:, None]
    size = torch.full((len(counts),), log_size, dtype=torch.float64)
    e, t = torch.full_like(column, eta), _tensors(log_theta)[0]
    residuals = pearson_residuals(column, e, size, t, limit=1e6)[:, 0].numpy()
    assert (mass * residuals).sum() == pytest.approx(0, abs=1e-6)
    assert (mass * residuals**2).sum() == pytest.approx(1, rel=1e-5)
    assert pearson_residuals(column, e, size, t, limit=2.0).abs().max() <= 2


def test_a_table_of_counts_has_the_normaliser_of_all_spots() -> None:
    rng = np.random.default_rng(4)
    counts = rng.poisson(1.5, (40, 7)).astype(np.float32)
    counts[3, 2] = 1e6
    log_theta = torch.from_numpy(rng.normal(2, 1, 7))
    table = CountTable.of(csr_matrix(counts), "cpu")
    whole = normaliser(torch.from_numpy(counts).double(), log_theta)
    torch.testing.assert_close(table.normaliser(log_theta), whole, rtol=1e-9, atol=1e-6)
    assert table.times.sum() == (counts > 0).sum()
