"""Adaptive shrinkage: how much of each estimate to believe, learned from all genes at once.

For one row of the decoder (one state's own effect, say) every gene gives an estimate ``b̂_g`` with standard error
``s_g``. The true effects come from a mixture of Gaussians around 0 with fixed widths, from a spike to a wide slab,
whose weights are learned by maximum likelihood (empirical Bayes; Stephens 2017, normal mixture)::

    b̂_g ~ Σ_c π_c N(0, σ_c² + s_g²)
    E[b_g | b̂_g] = κ_g b̂_g,       κ_g = Σ_c r_gc σ_c² / (σ_c² + s_g²)

The shrinkage ``κ_g`` is handed back as the precision ``λ_g = (1/κ_g - 1)/s_g²`` of a Gaussian prior with the same mean.
"""

from __future__ import annotations

import torch
from torch import Tensor

WIDTHS = torch.tensor([0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0], dtype=torch.float64)
NULL_COUNT = 10.0  # pseudo-count for the spike: without evidence, no effect
LEAST_PRECISION, MOST_PRECISION = 1e-2, 1e6


def mixture_weights(estimate: Tensor, error: Tensor, rounds: int = 60) -> Tensor:
    """Return the mixture weights (R, C) of every row by expectation–maximisation.

    Parameters
    ----------
    estimate, error
        ``b̂`` and ``s`` (R, G).
    """
    log_density = _log_density(estimate, error)
    weights = torch.full((len(estimate), len(WIDTHS)), 1 / len(WIDTHS), dtype=torch.float64, device=estimate.device)
    pseudo = torch.zeros_like(weights)
    pseudo[:, 0] = NULL_COUNT
    for _ in range(rounds):
        responsibility = torch.softmax(log_density + weights.log()[:, None, :], dim=-1)
        weights = responsibility.sum(1) + pseudo + 1e-9
        weights = weights / weights.sum(1, keepdim=True)
    return weights


def shrink(estimate: Tensor, error: Tensor, weights: Tensor) -> Tensor:
    """Return the shrinkage factor κ (R, G), between 0 and 1."""
    responsibility = torch.softmax(_log_density(estimate, error) + weights.log()[:, None, :], dim=-1)
    variance = WIDTHS.to(estimate.device).square()
    return (responsibility * variance / (variance + error.square()[..., None])).sum(-1)


def prior_precision(estimate: Tensor, error: Tensor) -> Tensor:
    """Return the precision λ (R, G) of the Gaussian prior that shrinks as the mixture does."""
    kappa = shrink(estimate, error, mixture_weights(estimate, error))
    precision = (1 / kappa.clamp(min=1e-9) - 1) / error.square()
    return precision.clamp(LEAST_PRECISION, MOST_PRECISION)


def _log_density(estimate: Tensor, error: Tensor) -> Tensor:
    """Return ``log N(b̂ | 0, σ_c² + s²)`` (R, G, C), up to a constant."""
    variance = WIDTHS.to(estimate.device).square() + error.square()[..., None]
    return -0.5 * (variance.log() + estimate.square()[..., None] / variance)
