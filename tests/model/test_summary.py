"""Losses against scipy; the dispersions' step against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import nbinom, norm

from napari_concert.model.decoder import WeightPosterior, WeightPriors
from napari_concert.model.encoder import Encoder, Latents, prior_latents
from napari_concert.model.likelihood import working
from napari_concert.model.network import INITIAL_LOG_THETA, ConcertNetwork
from napari_concert.model.steps import to_end
from napari_concert.model.summary import PRIOR_THETA, THETA_STEP, Summary


def _posterior(network: ConcertNetwork, spread: float) -> WeightPosterior:
    """Return a posterior around a network's weights, with correlated errors of about ``spread``."""
    n_features, n_genes = network.weights.shape
    root = spread * np.random.default_rng(0).normal(size=(n_genes, n_features, n_features)) / np.sqrt(n_features)
    covariance = torch.from_numpy(root @ root.transpose(0, 2, 1))
    priors = WeightPriors(torch.ones_like(network.weights), torch.zeros_like(network.weights))
    return WeightPosterior(network.weights, covariance, priors)


def _summary(
    slide: Any, hidden: np.ndarray, infer: bool, batch: int = 10**6, spread: float = 0.0
) -> tuple[Encoder, Latents, Summary]:
    slide, network = slide.with_config(batch_entries=batch), slide.network()
    network.size_shift.copy_(torch.linspace(-0.3, 0.3, network.n_attributes))
    encoder = Encoder(network, slide.spots(hidden), slide.features(network))
    latents = encoder.infer() if infer else prior_latents(encoder.spots, slide.config)
    summary = Summary(encoder, latents, moves_theta=True, posterior=_posterior(network, spread))
    to_end(summary.collect())
    return encoder, latents, summary


def _log_prob(slide: Any, encoder: Encoder, latents: Latents, log_theta: np.ndarray | None = None) -> np.ndarray:
    eta = encoder.features.numpy() @ encoder.network.level_weights[: encoder.network.n_attributes].numpy()
    eta = eta + latents.mean.numpy() @ encoder.network.latent_weights.numpy()
    mean = slide.arrays.size[:, None] * np.exp(eta)
    theta = np.exp(encoder.network.log_theta.numpy() if log_theta is None else log_theta)
    return nbinom.logpmf(slide.arrays.counts.toarray(), theta, theta / (theta + mean))


def test_losses_are_scipys_without_uncertainty(case: Callable[..., Any]) -> None:
    slide, hidden = case(50, 5), np.arange(50) % 6 == 0
    encoder, latents, summary = _summary(slide, hidden, infer=False)
    log_prob = _log_prob(slide, encoder, latents)
    train, heldout = summary.losses()
    assert train == pytest.approx(-log_prob[~hidden].mean(), rel=1e-9)
    assert heldout == pytest.approx(-log_prob[hidden].mean(), rel=1e-9)


def test_losses_take_the_expectation_and_the_divergence(case: Callable[..., Any]) -> None:
    slide, hidden = case(50, 5), np.arange(50) % 6 == 0
    encoder, latents, summary = _summary(slide, hidden, infer=True)
    rng, total, draws = np.random.default_rng(0), np.zeros((50, 5)), 4000
    for _ in range(draws):
        noise = torch.from_numpy(rng.normal(size=latents.mean.shape))
        drawn = Latents(latents.mean + latents.variance.sqrt() * noise, latents.variance, latents.whitened)
        total += _log_prob(slide, encoder, drawn) / draws
    divergence = latents.divergence(slide.config.spatial_factors) / ((~hidden).sum() * 5)
    train, heldout = summary.losses()
    plain = -_log_prob(slide, encoder, latents)
    assert divergence > 0
    # the expectation is to second order in the variance: it takes most of the way from the plug-in loss
    assert abs(train - divergence + total[~hidden].mean()) < 0.25 * abs(plain[~hidden].mean() + total[~hidden].mean())
    assert np.isfinite(heldout)


def test_no_hidden_spots_no_heldout_loss(case: Callable[..., Any]) -> None:
    _, _, summary = _summary(case(20, 3), np.zeros(20, dtype=bool), infer=False)
    assert np.isnan(summary.losses()[1])


def test_the_dispersions_step_is_newtons_by_finite_differences(case: Callable[..., Any]) -> None:
    slide, hidden = case(80, 5), np.arange(80) % 6 == 0
    encoder, latents, summary = _summary(slide, hidden, infer=False)
    start = encoder.network.log_theta.numpy()

    def posterior(shift: float) -> np.ndarray:
        log_prob = _log_prob(slide, encoder, latents, start + shift)[~hidden].sum(0)
        return log_prob + norm.logpdf(start + shift, INITIAL_LOG_THETA, PRIOR_THETA)

    low, here, high = (posterior(shift) for shift in (-THETA_STEP, 0.0, THETA_STEP))
    bend = np.minimum((high - 2 * here + low) / THETA_STEP**2, -1e-3)
    expected = np.clip((high - low) / (2 * THETA_STEP) / -bend, -1, 1)
    np.testing.assert_allclose(summary.theta_step(), expected, rtol=1e-4, atol=1e-6)


def test_repeated_steps_end_where_the_dispersion_is_most_probable(case: Callable[..., Any]) -> None:
    slide, hidden = case(200, 4), np.zeros(200, dtype=bool)
    encoder, latents, _ = _summary(slide, hidden, infer=False)
    encoder.network.weights[1:] = 0
    encoder.network.size_shift[:] = 0
    encoder.network.weights[0] = torch.from_numpy(np.log(slide.arrays.counts.sum(0).A1 / slide.arrays.size.sum()))
    for _ in range(12):
        summary = Summary(encoder, latents, moves_theta=True, posterior=_posterior(encoder.network, 0.0))
        to_end(summary.collect())
        encoder.network.log_theta += summary.theta_step()
    values = [
        _log_prob(slide, encoder, latents, encoder.network.log_theta.numpy() + shift).sum(0)
        + norm.logpdf(encoder.network.log_theta.numpy() + shift, INITIAL_LOG_THETA, PRIOR_THETA)
        for shift in (-0.15, 0.0, 0.15)
    ]
    assert (values[1] >= values[0] - 0.05).all()
    assert (values[1] >= values[2] - 0.05).all()


def test_what_the_counts_say_of_the_field_is_the_slope_of_the_likelihood(case: Callable[..., Any]) -> None:
    slide, hidden = case(40, 5, n_continuous=1), np.arange(40) % 6 == 0
    encoder, latents, summary = _summary(slide, hidden, infer=True)
    assert summary.columns == [3, 4, 5, 6, 9, 10]
    for position, column in enumerate(summary.columns):
        values = []
        for shift in (-1e-5, 1e-5):
            moved = Encoder(encoder.network, encoder.spots, encoder.features.clone())
            moved.features[:, column] += shift
            values.append(_log_prob(slide, moved, latents).sum(1))
        slope = (values[1] - values[0]) / 2e-5
        np.testing.assert_allclose(summary.score[:, position], np.where(hidden, 0, slope), rtol=1e-4, atol=1e-4)
    assert (torch.linalg.eigvalsh(summary.curvature) > -1e-9).all()
    assert (summary.curvature[hidden] == 0).all()


def test_score_and_curvature_are_expected_over_the_weights(case: Callable[..., Any]) -> None:
    """Of the likelihood's local quadratic form, averaged over many draws of the weights."""
    slide, hidden = case(25, 4), np.arange(25) % 6 == 0
    encoder, latents, found = _summary(slide, hidden, infer=True, spread=0.3)
    network = encoder.network
    here = working(
        torch.from_numpy(slide.arrays.counts.toarray()),
        encoder.eta(slice(0, 25), latents),
        encoder.spots.log_size,
        network.log_theta,
    )
    covariance, rng = _posterior(network, 0.3).covariance, np.random.default_rng(1)
    features = np.hstack([encoder.features.numpy(), latents.mean.numpy()])
    score, weight, levels = here.score.numpy(), here.weight.numpy(), network.level_weights.numpy()
    roots, draws = np.linalg.cholesky(covariance.numpy() + 1e-12 * np.eye(len(levels))), 20_000
    slopes, bends = np.zeros((25, len(found.columns))), np.zeros((25, len(found.columns), len(found.columns)))
    for g in range(4):  # the score at drawn weights is r - W·x·Δw, and ∂/∂u multiplies it with the drawn weights
        change = roots[g] @ rng.normal(size=(len(levels), draws // 2))
        change = np.hstack([change, -change])
        drawn = (levels[:, [g]] + change)[found.columns]
        at = score[:, [g]] - weight[:, [g]] * (features @ change)
        slopes += at @ drawn.T / draws
        bends += weight[:, g, None, None] * (drawn @ drawn.T / draws)
    shown = ~hidden
    np.testing.assert_allclose(found.score[shown], slopes[shown], atol=0.05 * np.abs(slopes).max())
    np.testing.assert_allclose(found.curvature[shown], bends[shown], atol=0.05 * np.abs(bends).max())
    assert (found.score[hidden] == 0).all()
    plain = _summary(slide, hidden, infer=True)[2]
    assert (found.curvature - plain.curvature).abs().max() > 0.2 * plain.curvature.abs().max()


def test_blocks_are_picked_by_name(case: Callable[..., Any]) -> None:
    slide = case(60, 3, n_continuous=1)
    slide = replace(slide, vocabulary=replace(slide.vocabulary, niches=(("B", "in"),)))
    _, _, found = _summary(slide, np.zeros(60, dtype=bool), infer=False)
    assert found.columns == [3, 4, 5, 6, 9, 10, 11]
    score, curvature = found.of("field", "niche")
    np.testing.assert_array_equal(score, found.score[:, 4:])
    np.testing.assert_array_equal(curvature, found.curvature[:, 4:, 4:])
    assert found.of("continuous")[1].shape == (60, 4, 4)


def test_batches_play_no_part(case: Callable[..., Any]) -> None:
    slide, hidden = case(150, 5), np.arange(150) % 6 == 0
    _, _, whole = _summary(slide, hidden, infer=True, spread=0.2)
    _, _, parts = _summary(slide, hidden, infer=True, batch=64 * 5, spread=0.2)
    np.testing.assert_allclose(parts.losses(), whole.losses(), rtol=1e-10)
    assert torch.allclose(parts.theta_step(), whole.theta_step(), atol=1e-9)
    assert torch.allclose(parts.curvature, whole.curvature, atol=1e-9)
