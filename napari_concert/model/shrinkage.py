"""Adaptive shrinkage: how much of each estimate to believe, learned from all genes at once.

For one row of the decoder (one state's own effect, say) every gene gives an estimate ``b̂_g`` with standard error
``s_g``. The true effects come from a mixture of Gaussians, from a spike at 0 to a wide slab, whose weights are learned
by maximum likelihood (empirical Bayes; Stephens 2017, normal mixture)::

    b̂_g ~ Σ_c π_c N(m_gc, σ_gc² + s_g²)
    E[b_g | b̂_g] = Σ_c r_gc (m_gc + κ_gc (b̂_g - m_gc)),       κ_gc = σ_gc² / (σ_gc² + s_g²)

Most components are centred at 0. A spill-over may also resemble the own effect of the same state, so its mixture has
components around shares of that, ``m_gc = share · E[own_g]``: a gene that responds to a state strongly tells what to
expect around it, as far as the other genes say that it does. The result is handed back as a Gaussian prior with the
same posterior mean: shrinkage ``κ_g = Σ_c r_gc κ_gc`` as precision ``λ_g = (1/κ_g - 1)/s_g²``, and a centre.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

WIDTHS = torch.tensor([0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0], dtype=torch.float64)
SHARES = torch.tensor([-0.5, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64)
AROUND = 0.1  # sd of a spill-over around its share of the own effect, natural log
NULL_COUNT = 10.0  # pseudo-count for the spike: without evidence, no effect
LEAST_PRECISION, MOST_PRECISION = 1e-2, 1e6


class Components(NamedTuple):
    """Centre and variance of the mixture's components, each broadcastable to (G, C); the first is the spike."""

    centre: Tensor
    variance: Tensor


class Prior(NamedTuple):
    """A Gaussian prior of every gene: centre and precision (G,)."""

    centre: Tensor
    precision: Tensor


def around_zero(device: torch.device | str = "cpu") -> Components:
    """Return components of all widths, centred at 0."""
    variance = WIDTHS.to(device).square()
    return Components(torch.zeros_like(variance)[None], variance[None])


def around_shares(own: Tensor, variance: Tensor) -> Components:
    """Return components centred at 0 and at shares of another effect ``own`` (G,) with posterior ``variance`` (G,)."""
    zero, shares = around_zero(own.device), SHARES.to(own.device)
    centre = own[:, None] * shares
    spread = AROUND**2 + variance[:, None] * shares.square()
    flat = torch.zeros(len(own), 1, dtype=own.dtype, device=own.device)
    return Components(torch.cat([zero.centre + flat, centre], 1), torch.cat([zero.variance + flat, spread], 1))


def mixture_weights(estimate: Tensor, error: Tensor, components: Components, rounds: int = 60) -> Tensor:
    """Return the mixture weights (C,) by expectation–maximisation.

    Parameters
    ----------
    estimate, error
        ``b̂`` and ``s`` (G,).
    """
    log_density = _log_density(estimate, error, components)
    density = (log_density - log_density.amax(-1, keepdim=True)).exp()
    count = density.shape[1]
    weights = density.new_full((count,), 1 / count)
    pseudo = torch.zeros_like(weights)
    pseudo[0] = NULL_COUNT
    for _ in range(rounds):
        weights = weights * (density.mT @ (1 / (density @ weights))) + pseudo + 1e-9
        weights = weights / weights.sum()
    return weights


def shrink(estimate: Tensor, error: Tensor, components: Components, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return posterior mean and shrinkage factor κ (between 0 and 1) of every gene, each (G,)."""
    responsibility = torch.softmax(_log_density(estimate, error, components) + weights.log(), dim=-1)
    kappa = components.variance / (components.variance + error.square()[:, None])
    mean = components.centre + kappa * (estimate[:, None] - components.centre)
    return (responsibility * mean).sum(-1), (responsibility * kappa).sum(-1)


def precisions(estimate: Tensor, error: Tensor, components: Components, weights: Tensor) -> Tensor:
    """Return the expected precision (G,) of every estimate about the centre of its component."""
    responsibility = torch.softmax(_log_density(estimate, error, components) + weights.log(), dim=-1)
    return (responsibility / (components.variance + error.square()[:, None])).sum(-1)


def learned_prior(estimate: Tensor, error: Tensor, components: Components) -> Prior:
    """Return the Gaussian prior of every gene whose posterior mean is that of the learned mixture."""
    weights = mixture_weights(estimate, error, components)
    mean, kappa = shrink(estimate, error, components, weights)
    kappa = kappa.clamp(1e-9, 1 - 1e-9)
    precision = ((1 / kappa - 1) / error.square()).clamp(LEAST_PRECISION, MOST_PRECISION)
    kept = 1 / (1 + precision * error.square())  # after the clamp
    return Prior((mean - kept * estimate) / (1 - kept), precision)


def _log_density(estimate: Tensor, error: Tensor, components: Components) -> Tensor:
    """Return ``log N(b̂ | m_c, σ_c² + s²)`` (G, C), up to a constant."""
    variance = components.variance + error.square()[:, None]
    return -0.5 * (variance.log() + (estimate[:, None] - components.centre).square() / variance)
