"""What an effect hands to sizes and factors: against the dense system, and on effects with a known share of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model.encoder import Encoder, Latents, prior_latents
from napari_concert.model.exchange import (
    ANCHOR,
    MOST_SHARE,
    Directions,
    Smooth,
    common,
    common_of_each,
    exchanged,
    joined,
)
from napari_concert.model.shrinkage import around_zero, mixture_weights, precisions

ERROR = 0.05


def _effect(n_genes: int, share: float = 0.3, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rising = np.abs(rng.normal(0, 1.0, n_genes)) * (rng.uniform(size=n_genes) < share)
    return rising + rng.normal(0, ERROR, n_genes)


def _errors(estimate: torch.Tensor) -> torch.Tensor:
    return torch.full_like(estimate, ERROR)


def _free(loadings: torch.Tensor) -> Directions:
    return Directions(loadings, torch.ones(len(loadings)).double(), torch.zeros(len(loadings)).double())


@pytest.mark.parametrize("shift", [-0.25, 0.0, 0.4])
def test_what_all_genes_share_is_where_those_without_an_effect_lie(shift: float) -> None:
    estimate = torch.from_numpy(shift + _effect(2000))
    (found,) = exchanged(estimate, _errors(estimate), common(_errors(estimate)))
    assert found.item() == pytest.approx(shift, abs=0.03)
    assert abs(estimate.mean().item() - shift) > 0.2, "the plain mean is no answer"


def test_what_a_handful_of_genes_share_stays_near_zero() -> None:
    estimate = torch.tensor([0.5, 0.52, 0.49], dtype=torch.float64)
    (found,) = exchanged(estimate, _errors(estimate), common(_errors(estimate)))
    assert abs(found.item()) < 0.06


def test_factors_take_their_pattern_over_genes_and_leave_the_sparse_effect() -> None:
    loadings = torch.from_numpy(np.random.default_rng(0).normal(0, 0.15, (3, 800)))
    amount, sparse = torch.tensor([0.6, -0.4, 0.0], dtype=torch.float64), torch.from_numpy(_effect(800, 0.12))
    estimate = sparse + 0.1 + amount @ loadings
    error = _errors(estimate)
    directions = joined(common(error), _free(loadings))
    found = exchanged(estimate, error, directions)
    np.testing.assert_allclose(found, [0.1, 0.6, -0.4, 0.0], atol=0.05)
    left = estimate - found @ directions.loadings
    assert (left - sparse).square().mean().sqrt() < 0.02


def test_a_costly_direction_takes_nothing_and_a_dear_start_is_paid_back() -> None:
    loadings = torch.from_numpy(np.random.default_rng(0).normal(0, 0.15, (1, 800)))
    estimate = torch.from_numpy(_effect(800, 0.12)) + 0.5 * loadings[0]
    error, free = _errors(estimate), _free(loadings)
    for quadratic, linear, expected in ((1e9, 0.0, 0.0), (1.0, 0.0, 0.5), (1e6, -3e5, 0.3)):
        cost = free._replace(quadratic=free.quadratic * quadratic, linear=free.linear + linear)
        found = exchanged(estimate, error, joined(common(error), cost))
        assert found[1].item() == pytest.approx(expected, abs=0.03)


def test_what_is_exchanged_is_a_fixed_point_of_the_weighted_regression() -> None:
    loadings = torch.from_numpy(np.random.default_rng(0).normal(0, 0.15, (2, 300)))
    estimate = torch.from_numpy(_effect(300, 0.12)) + 0.5 * loadings[0]
    error = _errors(estimate)
    directions = joined(common(error), _free(loadings))
    found = exchanged(estimate, error, directions)
    left = estimate - found @ directions.loadings
    components = around_zero()
    certain = precisions(left, error, components, mixture_weights(left, error, components, rounds=5)).numpy()
    x = directions.loadings.numpy()
    cost = np.diag([ANCHOR / ERROR**2, 1.0, 1.0])
    expected = np.linalg.solve((x * certain) @ x.T + cost, x @ (certain * estimate.numpy()))
    np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.fixture
def smooth(case: Callable[..., Any]) -> Smooth:
    """Return spatial factors of a small slide, with made-up readings."""
    slide = case()
    network = slide.network()
    encoder = Encoder(network, slide.spots(), slide.features(network))
    draw = torch.Generator().manual_seed(1)
    start = prior_latents(encoder.spots, slide.config)
    whitened = torch.randn(start.whitened.shape, generator=draw, dtype=torch.float64)
    precision = 5 * torch.rand(len(encoder.spots), encoder.n_spatial, generator=draw, dtype=torch.float64)
    return Smooth(
        encoder, encoder.at(start, whitened), precision, torch.ones(network.attributes.n_own, dtype=torch.bool)
    )


def test_followers_and_their_costs_are_those_of_the_dense_system(smooth: Smooth) -> None:
    row = smooth.encoder.network.attributes.blocks.slice_of("field").start
    found, follower = smooth.directions(row)
    basis, feature = smooth.encoder.basis.numpy(), smooth.encoder.features[:, row].numpy()
    for k in range(smooth.encoder.n_spatial):
        j = smooth.precision[:, k].numpy()
        beta = np.linalg.solve(np.eye(len(basis)) + (basis * j) @ basis.T, basis @ (j * feature))
        np.testing.assert_allclose(follower[:, k], beta, atol=1e-8)
        missed = feature - basis.T @ beta
        np.testing.assert_allclose(found.quadratic[k], 1 + beta @ beta + j @ missed**2)
        np.testing.assert_allclose(found.linear[k], smooth.latents.whitened[:, k].numpy() @ beta)
    assert torch.equal(found.loadings, smooth.encoder.network.latent_weights[: smooth.encoder.n_spatial])


def test_an_own_effect_and_its_spill_over_give_along_what_factors_follow_best(smooth: Smooth) -> None:
    network = smooth.encoder.network
    spill, own = next(iter(network.attributes.own_row.items()))
    found, follower = smooth.directions_together(own, spill)
    basis, features = smooth.encoder.basis.numpy(), smooth.encoder.features.numpy()
    weight = smooth.loadings.square().mean(1).numpy()

    def dense(feature: np.ndarray, k: int) -> tuple[np.ndarray, float]:
        j = smooth.precision[:, k].numpy()
        beta = np.linalg.solve(np.eye(len(basis)) + (basis * j) @ basis.T, basis @ (j * feature))
        return beta, 1 + beta @ beta + j @ (feature - basis.T @ beta) ** 2

    share = (found.loadings[:, network.weights.shape[1] :] / smooth.loadings).mean().item()
    assert 0 <= share <= MOST_SHARE
    for k in range(smooth.encoder.n_spatial):
        beta, cost = dense(features[:, own] + share * features[:, spill], k)
        np.testing.assert_allclose(follower[:, k], beta, atol=1e-8)
        np.testing.assert_allclose(found.quadratic[k], cost)
        np.testing.assert_allclose(found.linear[k], smooth.latents.whitened[:, k].numpy() @ beta)
    costs = [
        sum(
            weight[k] * dense(features[:, own] + other * features[:, spill], k)[1]
            for k in range(smooth.encoder.n_spatial)
        )
        for other in (share, *np.linspace(0, MOST_SHARE, 31))
    ]
    assert costs[0] <= min(costs) + 1e-9


def test_two_effects_give_factors_what_they_share_and_keep_their_own() -> None:
    loadings, share = torch.from_numpy(np.random.default_rng(0).normal(0, 0.15, (2, 800))), 0.7
    amount = torch.tensor([0.6, -0.4], dtype=torch.float64)
    sparse = torch.stack([torch.from_numpy(_effect(800, 0.12, seed)) for seed in (3, 4)])
    estimates = sparse + torch.stack([0.1 + amount @ loadings, -0.2 + share * amount @ loadings])
    errors = _errors(estimates)
    directions = joined(common_of_each(errors), _free(torch.cat([loadings, share * loadings], dim=1)))
    found = exchanged(estimates, errors, directions)
    np.testing.assert_allclose(found, [0.1, -0.2, 0.6, -0.4], atol=0.05)
    left = estimates - (found @ directions.loadings).view_as(estimates)
    assert (left - sparse).square().mean().sqrt() < 0.02


def test_factors_that_take_a_feature_move_by_its_followers_and_nothing_else(smooth: Smooth) -> None:
    before: Latents = smooth.latents
    row = smooth.encoder.network.attributes.blocks.slice_of("field").start
    _, follower = smooth.directions(row)
    amount = torch.linspace(-0.5, 0.5, smooth.encoder.n_spatial, dtype=torch.float64)
    smooth.take(amount, follower)
    k = smooth.encoder.n_spatial
    expected = before.mean[:, :k] + (smooth.encoder.basis.mT @ follower) * amount
    np.testing.assert_allclose(smooth.latents.mean[:, :k], expected, atol=1e-12)
    assert torch.equal(smooth.latents.mean[:, k:], before.mean[:, k:])
