"""The start of the latents: principal axes of what is left, smooth ones first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from napari_concert.model.encoder import Encoder, Latents, prior_latents
from napari_concert.model.likelihood import pearson_residuals
from napari_concert.model.start import RESIDUAL_LIMIT, start_latents
from napari_concert.model.steps import to_end
from napari_concert.model.training import build


def _planted(case: Callable[..., Any]) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a slide with one smooth factor and one of single spots, and both."""
    slide = case(400, 30, tissues=(), states=(), spatial_factors=1, intrinsic_factors=1, inducing_points=60)
    rng = np.random.default_rng(0)
    smooth = np.sin(slide.arrays.coords[:, 0] / 4) + np.cos(slide.arrays.coords[:, 1] / 5)
    own = rng.normal(size=400)
    axes = np.linalg.qr(rng.normal(size=(30, 2)))[0].T * 1.5
    mean = slide.arrays.size[:, None] * np.exp(2 + smooth[:, None] * axes[0] + own[:, None] * axes[1])
    counts = csr_matrix(rng.poisson(mean).astype(np.float32))
    return replace(slide, arrays=replace(slide.arrays, counts=counts)), smooth, own


def _start(slide: Any, hidden: np.ndarray | None = None) -> tuple[Encoder, Latents]:
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    encoder = Encoder(network, slide.spots(hidden), slide.features(network))
    return encoder, to_end(start_latents(encoder, prior_latents(encoder.spots, slide.config)))


def test_planted_factors_are_found(case: Callable[..., Any]) -> None:
    slide, smooth, own = _planted(case)
    _, found = _start(slide)
    assert abs(np.corrcoef(found.mean[:, 0], smooth)[0, 1]) > 0.95
    assert abs(np.corrcoef(found.mean[:, 1], own)[0, 1]) > 0.9
    assert torch.allclose(found.mean.std(0, correction=0), torch.ones(2, dtype=torch.float64))


def test_intrinsic_axis_is_the_leading_one_of_the_rest(case: Callable[..., Any]) -> None:
    slide, _, _ = _planted(case)
    encoder, found = _start(slide)
    counts, size = torch.from_numpy(slide.arrays.counts.toarray()).double(), encoder.spots.log_size
    eta = encoder.eta(slice(0, 400), prior_latents(encoder.spots, slide.config))
    residuals = pearson_residuals(counts, eta, size, encoder.network.log_theta, RESIDUAL_LIMIT).numpy()
    basis = encoder.basis.numpy()
    smoothed = np.linalg.solve(basis @ basis.T + np.eye(len(basis)), basis @ residuals)
    root = np.linalg.cholesky(basis @ basis.T + 1e-6 * np.eye(len(basis)))
    spatial = np.linalg.svd(root.T @ smoothed)[2][:1]
    left = residuals - residuals @ spatial.T @ spatial
    axis = np.linalg.svd(left)[2][0]
    assert abs(np.corrcoef(residuals @ axis, found.mean[:, 1])[0, 1]) > 0.9999


def test_start_is_the_same_in_any_order_and_batch(case: Callable[..., Any]) -> None:
    slide, _, _ = _planted(case)
    order = np.random.default_rng(1).permutation(400)
    _, plain = _start(slide)
    _, other = _start(slide.reordered(order).with_config(batch_entries=64 * 30))
    np.testing.assert_allclose(other.mean, plain.mean[order], atol=1e-8)


def test_hidden_spots_say_nothing(case: Callable[..., Any]) -> None:
    slide, _, _ = _planted(case)
    hidden = np.arange(400) % 3 == 0
    changed = slide.arrays.counts.toarray()
    changed[hidden] = changed[hidden][::-1] + 5
    network = build(slide.arrays, slide.vocabulary, slide.config, 0)
    starts = []
    for counts in (slide.arrays.counts, csr_matrix(changed)):
        case_ = replace(slide, arrays=replace(slide.arrays, counts=counts))
        encoder = Encoder(network, case_.spots(hidden), case_.features(network))
        starts.append(to_end(start_latents(encoder, prior_latents(encoder.spots, slide.config))))
    assert torch.equal(starts[0].mean, starts[1].mean)


@pytest.mark.parametrize("n_genes", [1, 2, 4])
def test_fewer_genes_than_factors(case: Callable[..., Any], n_genes: int) -> None:
    _, found = _start(case(60, n_genes, spatial_factors=5, intrinsic_factors=3))
    assert found.mean.shape == (60, 8)
    assert torch.isfinite(found.mean).all()
