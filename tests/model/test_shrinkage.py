"""Adaptive shrinkage against numerical integrals and known mixtures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm

from napari_concert.model.shrinkage import (
    AROUND,
    LEAST_PRECISION,
    MOST_PRECISION,
    SHARES,
    WIDTHS,
    Components,
    around_shares,
    around_zero,
    learned_prior,
    mixture_weights,
    precisions,
    shrink,
)


def _simulated(share: float, width: float, n_genes: int = 4000, error: float = 0.1) -> tuple[np.ndarray, torch.Tensor]:
    """Return true effects and estimates (G,), of which ``share`` are not null."""
    rng = np.random.default_rng(0)
    effect = rng.normal(0, width, n_genes) * (rng.uniform(size=n_genes) < share)
    return effect, torch.from_numpy(effect + rng.normal(0, error, n_genes))


def _integral(estimate: float, error: float, components: Components, weights: np.ndarray) -> float:
    """Return the posterior mean of one gene's effect by a fine Riemann sum; the spike adds to the evidence alone."""
    effect = np.linspace(-15, 15, 600_001)
    step = effect[1] - effect[0]
    centre = np.broadcast_to(components.centre.numpy(), (1, len(weights)))[0]
    width = np.sqrt(components.variance.numpy())[0]
    parts = zip(weights[1:], centre[1:], width[1:], strict=True)
    joint = sum(w * norm.pdf(effect, m, s) for w, m, s in parts) * norm.pdf(estimate, effect, error) * step
    return float((effect * joint).sum() / (joint.sum() + weights[0] * norm.pdf(estimate, 0, error)))


@pytest.mark.parametrize("estimate", [0.05, -0.3, 1.1])
@pytest.mark.parametrize("error", [0.05, 0.4])
@pytest.mark.parametrize("own", [None, 0.8])
def test_shrunken_estimate_is_the_posterior_mean(estimate: float, error: float, own: float | None) -> None:
    components = around_zero() if own is None else around_shares(_one(own), _one(0.02))
    weights = np.random.default_rng(0).dirichlet(np.ones(components.variance.shape[1]))
    mean, kappa = shrink(_one(estimate), _one(error), components, torch.from_numpy(weights))
    assert mean.item() == pytest.approx(_integral(estimate, error, components, weights), rel=1e-4)
    assert 0 <= kappa.item() <= 1


def _one(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_sparsity_is_recovered(share: float) -> None:
    _, estimate = _simulated(share, width=0.5)
    weights = mixture_weights(estimate, torch.full_like(estimate, 0.1), around_zero())
    assert weights.sum().item() == pytest.approx(1)
    assert weights[WIDTHS >= 0.25].sum().item() == pytest.approx(share, abs=0.06)


def test_nulls_shrink_to_nothing_and_large_effects_stay() -> None:
    _, estimate = _simulated(0.1, width=1.0)
    error, components = torch.full_like(estimate, 0.1), around_zero()
    mean, kappa = shrink(estimate, error, components, mixture_weights(estimate, error, components))
    assert kappa[estimate.abs() < 0.1].max() < 0.15
    assert kappa[estimate.abs() > 1.0].min() > 0.95
    assert (mean.abs() <= estimate.abs()).all()


def test_no_effect_at_all_gives_the_strongest_prior() -> None:
    _, estimate = _simulated(0.0, width=1.0, n_genes=500)
    prior = learned_prior(estimate, torch.full_like(estimate, 0.1), around_zero())
    assert (prior.precision * 0.1**2).min() > 5  # every estimate keeps less than a sixth of itself
    assert prior.precision.max() <= MOST_PRECISION


def test_shrinking_lowers_the_error() -> None:
    effect, estimate = _simulated(0.15, width=0.6, error=0.3)
    error, components = torch.full_like(estimate, 0.3), around_zero()
    shrunk = shrink(estimate, error, components, mixture_weights(estimate, error, components))[0].numpy()
    assert np.square(shrunk - effect).mean() < 0.6 * np.square(estimate.numpy() - effect).mean()


@pytest.mark.parametrize("with_own", [False, True])
def test_the_prior_is_gaussian_with_the_same_posterior_mean(with_own: bool) -> None:
    effect, estimate = _simulated(0.3, width=0.6, n_genes=300)
    error = torch.full_like(estimate, 0.2)
    own = torch.from_numpy(effect)
    components = around_shares(own, torch.full_like(own, 0.01)) if with_own else around_zero()
    mean, kappa = shrink(estimate, error, components, mixture_weights(estimate, error, components))
    prior, information = learned_prior(estimate, error, components), error.square().reciprocal()
    posterior = (information * estimate + prior.precision * prior.centre) / (information + prior.precision)
    np.testing.assert_allclose(posterior, mean, atol=1e-8)
    inside = (prior.precision > LEAST_PRECISION) & (prior.precision < MOST_PRECISION)
    np.testing.assert_allclose((information / (information + prior.precision))[inside], kappa[inside], rtol=1e-8)


def test_components_around_shares_follow_the_own_effect_and_its_uncertainty() -> None:
    own, variance = torch.tensor([1.0, -2.0], dtype=torch.float64), torch.tensor([0.0, 0.5], dtype=torch.float64)
    found, n_zero = around_shares(own, variance), len(WIDTHS)
    assert (found.centre[:, :n_zero] == 0).all()
    assert torch.allclose(found.variance[:, :n_zero], WIDTHS.square())
    for c, share in enumerate(SHARES.tolist()):
        np.testing.assert_allclose(found.centre[:, n_zero + c], [share, -2 * share])
        np.testing.assert_allclose(found.variance[:, n_zero + c], [AROUND**2, AROUND**2 + 0.5 * share**2])


def test_a_spill_over_that_resembles_the_own_effect_borrows_from_it() -> None:
    rng = np.random.default_rng(1)
    own = rng.normal(0, 0.8, 1000) * (rng.uniform(size=1000) < 0.4)
    effect, error = 0.5 * own, torch.full((1000,), 0.4, dtype=torch.float64)
    estimate = torch.from_numpy(effect + rng.normal(0, 0.4, 1000))
    losses = []
    for components in (around_zero(), around_shares(torch.from_numpy(own), torch.full_like(error, 1e-3))):
        mean, _ = shrink(estimate, error, components, mixture_weights(estimate, error, components))
        losses.append(np.square(mean.numpy() - effect).mean())
    assert losses[1] < 0.4 * losses[0]


def test_a_spill_over_of_its_own_takes_nothing_from_the_own_effect() -> None:
    rng = np.random.default_rng(2)
    own, effect = rng.normal(0, 0.8, 2000), rng.normal(0, 0.5, 2000)
    estimate, error = torch.from_numpy(effect + rng.normal(0, 0.1, 2000)), torch.full((2000,), 0.1, dtype=torch.float64)
    weights = mixture_weights(estimate, error, around_shares(torch.from_numpy(own), torch.full_like(error, 1e-3)))
    assert weights[len(WIDTHS) :].sum() < 0.1


def test_a_precision_is_that_of_the_component_an_estimate_is_from() -> None:
    components = Components(torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[0.0, 1.0]], dtype=torch.float64))
    estimate, error = torch.tensor([0.0, 1.5], dtype=torch.float64), torch.full((2,), 0.1, dtype=torch.float64)
    found = precisions(estimate, error, components, torch.tensor([0.5, 0.5], dtype=torch.float64))
    density = np.stack([norm(0, 0.1).pdf([0.0, 1.5]), norm(0, np.sqrt(1.01)).pdf([0.0, 1.5])], 1)
    expected = (density / density.sum(1, keepdims=True)) @ [1 / 0.01, 1 / 1.01]
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("error", [1e-4, 1e3])
def test_priors_are_finite_at_any_precision(error: float) -> None:
    _, estimate = _simulated(0.3, width=0.6, n_genes=50)
    prior = learned_prior(estimate, torch.full_like(estimate, error), around_zero())
    assert torch.isfinite(prior.centre).all()
    assert (prior.precision >= LEAST_PRECISION).all()
    assert (prior.precision <= MOST_PRECISION).all()
