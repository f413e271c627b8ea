"""The bound on the log probability of hidden spots, against quadrature."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import nbinom, norm

from napari_concert.model.heldout import Predicted, evidence_bound

SPOTS, GENES = 12, 6


@pytest.fixture
def problem() -> tuple[torch.Tensor, Predicted, torch.Tensor]:
    """Return counts, what is expected of them without an intrinsic factor, and the weights of one."""
    rng = np.random.default_rng(0)
    eta, log_size, log_theta = rng.normal(1, 0.5, (SPOTS, GENES)), rng.normal(0, 0.2, SPOTS), rng.normal(2, 0.3, GENES)
    weights = rng.normal(0, 0.4, (1, GENES))
    mean, theta = np.exp(eta + rng.normal(size=(SPOTS, 1)) @ weights + log_size[:, None]), np.exp(log_theta)
    counts = rng.negative_binomial(theta, theta / (theta + mean)).astype(float)
    parts = [torch.from_numpy(part) for part in (eta, np.zeros_like(eta), log_size, log_theta)]
    return torch.from_numpy(counts), Predicted(*parts), torch.from_numpy(weights)


def log_prob(counts: torch.Tensor, predicted: Predicted, shift: np.ndarray | float) -> np.ndarray:
    """Return scipy's log probability (n,) of spots whose linear predictor is shifted."""
    theta = np.exp(predicted.log_theta.numpy())
    mean = np.exp(predicted.eta.numpy() + shift + predicted.log_size.numpy()[:, None])
    return nbinom.logpmf(counts.numpy(), theta, theta / (theta + mean)).sum(1)


def test_it_is_just_below_the_integral_over_the_factor(problem) -> None:
    counts, predicted, weights = problem
    grid = np.linspace(-7, 7, 2001)
    terms = np.stack([log_prob(counts, predicted, z * weights.numpy()) + norm.logpdf(z) for z in grid])
    integral = (logsumexp(terms, axis=0) + np.log(grid[1] - grid[0])).sum()
    bound = evidence_bound(counts, predicted, weights).item()
    assert bound == pytest.approx(integral, abs=0.02 * SPOTS)
    assert bound < integral + 0.005 * SPOTS
    prior_mean = np.stack([term - norm.logpdf(z) for z, term in zip(grid, terms, strict=True)])
    averaged = (np.exp(norm.logpdf(grid)) @ prior_mean).sum() * (grid[1] - grid[0])
    assert bound > averaged + SPOTS, "averaging over the prior blames the model for its factor"


def test_without_factors_it_is_the_log_probability(problem) -> None:
    counts, predicted, weights = problem
    found = evidence_bound(counts, predicted, weights[:0]).item()
    assert found == pytest.approx(log_prob(counts, predicted, 0.0).sum(), rel=1e-10)
    assert evidence_bound(counts, predicted, 0 * weights).item() == pytest.approx(found, rel=1e-10)


def test_the_order_of_spots_plays_no_part(problem) -> None:
    counts, predicted, weights = problem
    order = torch.randperm(SPOTS, generator=torch.Generator().manual_seed(1))
    moved = Predicted(predicted.eta[order], predicted.variance[order], predicted.log_size[order], predicted.log_theta)
    assert evidence_bound(counts[order], moved, weights).item() == pytest.approx(
        evidence_bound(counts, predicted, weights).item(), rel=1e-12
    )
