"""Adaptive shrinkage against numerical integrals and known mixtures."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm

from napari_concert.model.shrinkage import (
    LEAST_PRECISION,
    MOST_PRECISION,
    WIDTHS,
    mixture_weights,
    prior_precision,
    shrink,
)


def _simulated(share: float, width: float, n_genes: int = 4000, error: float = 0.1) -> tuple[np.ndarray, torch.Tensor]:
    """Return true effects and estimates (1, G), of which ``share`` are not null."""
    rng = np.random.default_rng(0)
    effect = rng.normal(0, width, n_genes) * (rng.uniform(size=n_genes) < share)
    return effect, torch.from_numpy(effect + rng.normal(0, error, n_genes))[None]


def _posterior_mean(estimate: float, error: float, weights: np.ndarray) -> float:
    """Return the posterior mean of the effect by a fine Riemann sum; the spike adds to the evidence alone."""
    effect = np.linspace(-15, 15, 600_001)
    step = effect[1] - effect[0]
    slab = sum(w * norm.pdf(effect, 0, width) for w, width in zip(weights[1:], WIDTHS[1:].numpy(), strict=True))
    joint = slab * norm.pdf(estimate, effect, error) * step
    return float((effect * joint).sum() / (joint.sum() + weights[0] * norm.pdf(estimate, 0, error)))


@pytest.mark.parametrize("estimate", [0.05, -0.3, 1.1])
@pytest.mark.parametrize("error", [0.05, 0.4])
def test_shrunken_estimate_is_the_posterior_mean(estimate: float, error: float) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(len(WIDTHS)))
    kappa = shrink(
        torch.tensor([[estimate]], dtype=torch.float64),
        torch.tensor([[error]], dtype=torch.float64),
        torch.from_numpy(weights)[None],
    )
    assert kappa.item() * estimate == pytest.approx(_posterior_mean(estimate, error, weights), rel=1e-4)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_sparsity_is_recovered(share: float) -> None:
    _, estimate = _simulated(share, width=0.5)
    weights = mixture_weights(estimate, torch.full_like(estimate, 0.1))[0]
    assert weights.sum().item() == pytest.approx(1)
    assert weights[WIDTHS >= 0.25].sum().item() == pytest.approx(share, abs=0.06)


def test_nulls_shrink_to_nothing_and_large_effects_stay() -> None:
    _, estimate = _simulated(0.1, width=1.0)
    error = torch.full_like(estimate, 0.1)
    kappa = shrink(estimate, error, mixture_weights(estimate, error))
    assert kappa[estimate.abs() < 0.1].max() < 0.15
    assert kappa[estimate.abs() > 1.0].min() > 0.95
    assert (kappa >= 0).all()
    assert (kappa <= 1).all()


def test_no_effect_at_all_gives_the_strongest_prior() -> None:
    _, estimate = _simulated(0.0, width=1.0, n_genes=500)
    precision = prior_precision(estimate, torch.full_like(estimate, 0.1))
    assert (precision * 0.1**2).min() > 5  # every estimate keeps less than a sixth of itself
    assert precision.max() <= MOST_PRECISION


def test_shrinking_lowers_the_error() -> None:
    effect, estimate = _simulated(0.15, width=0.6, error=0.3)
    error = torch.full_like(estimate, 0.3)
    shrunk = (shrink(estimate, error, mixture_weights(estimate, error)) * estimate)[0].numpy()
    assert np.square(shrunk - effect).mean() < 0.6 * np.square(estimate[0].numpy() - effect).mean()


def test_precision_is_that_of_a_gaussian_prior_with_the_same_mean() -> None:
    _, estimate = _simulated(0.3, width=0.6, n_genes=300)
    error = torch.full_like(estimate, 0.2)
    kappa = shrink(estimate, error, mixture_weights(estimate, error))
    precision = prior_precision(estimate, error)
    inside = (precision > LEAST_PRECISION) & (precision < MOST_PRECISION)
    information = error.square().reciprocal()
    assert torch.allclose((information / (information + precision))[inside], kappa[inside], rtol=1e-8)


def test_rows_are_learned_apart() -> None:
    dense, sparse = _simulated(0.8, 0.5)[1], _simulated(0.02, 0.5)[1]
    both, error = torch.cat([dense, sparse]), torch.full((2, dense.shape[1]), 0.1, dtype=torch.float64)
    weights = mixture_weights(both, error)
    assert torch.allclose(weights[:1], mixture_weights(dense, error[:1]))
    assert weights[0, 0] < 0.4
    assert weights[1, :3].sum() > 0.9
