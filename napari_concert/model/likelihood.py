"""The negative binomial with log link: what one look at the counts says.

With mean ``μ = s·exp(η)`` and dispersion ``θ`` the variance is ``μ + μ²/θ`` and, as a function of ``η`` (McCullagh &
Nelder 1989, ch. 11)::

    log NB(x) = lgamma(x+θ) - lgamma(θ) - lgamma(x+1) + x·m - (x+θ)·softplus(m),     m = η + log s - log θ
    score     = ∂/∂η    = (x - μ) / (1 + μ/θ)
    weight    = -E[∂²/∂η²] = μ / (1 + μ/θ)                                          (Fisher information)
    curvature = -∂²/∂η²    = μ (1 + x/θ) / (1 + μ/θ)²                               (observed information)
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

LOGIT_LIMIT = 30.0


class Working(NamedTuple):
    """Score, and Fisher weight or curvature, of every entry (n, G)."""

    score: Tensor
    weight: Tensor


def _logit(eta: Tensor, log_size: Tensor, log_theta: Tensor) -> Tensor:
    return (eta + log_size[:, None] - log_theta).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)


def working(counts: Tensor, eta: Tensor, log_size: Tensor, log_theta: Tensor) -> Working:
    """Return score and Fisher weight of counts (n, G) under a linear predictor (n, G).

    Parameters
    ----------
    log_size
        Log size factors (n,).
    log_theta
        Log dispersions (G,).
    """
    share = torch.sigmoid(_logit(eta, log_size, log_theta))  # μ / (μ + θ)
    theta = log_theta.exp()
    return Working(counts - (counts + theta) * share, theta * share)


def curved(counts: Tensor, eta: Tensor, log_size: Tensor, log_theta: Tensor) -> Working:
    """Return score and curvature (observed information) of counts (n, G): what Newton's method needs."""
    share = torch.sigmoid(_logit(eta, log_size, log_theta))
    both = (counts + log_theta.exp()) * share
    return Working(counts - both, both * (1 - share))


def kernel(counts: Tensor, eta: Tensor, log_size: Tensor, log_theta: Tensor) -> Tensor:
    """Return ``x·m - (x+θ)·softplus(m)`` (n, G): the log-likelihood up to what η does not change, in nats."""
    logit = _logit(eta, log_size, log_theta)
    return counts * logit - (counts + log_theta.exp()) * torch.nn.functional.softplus(logit)


def expected_kernel(counts: Tensor, eta: Tensor, variance: Tensor, log_size: Tensor, log_theta: Tensor) -> Tensor:
    """Return ``E[x·m - (x+θ)·softplus(m)]`` summed over spots (G,), for ``η ~ N(eta, variance)``, in nats.

    To second order in the variance: ``E[softplus(m)] ≈ softplus(m̄) + ½ v p(1-p)`` with ``p = sigmoid(m̄)``.
    """
    logit = _logit(eta, log_size, log_theta)
    share = torch.sigmoid(logit)
    soft = torch.nn.functional.softplus(logit) + 0.5 * variance * share * (1 - share)
    return (counts * logit - (counts + log_theta.exp()) * soft).sum(0)


def normaliser(counts: Tensor, log_theta: Tensor) -> Tensor:
    """Return ``Σ lgamma(x+θ) - lgamma(θ) - lgamma(x+1)`` (G,); only non-zero counts contribute.

    Parameters
    ----------
    counts
        Raw counts (n, G).
    """
    theta, (_, genes) = log_theta.exp(), (where := counts.nonzero(as_tuple=True))
    present = counts[where]
    terms = torch.lgamma(present + theta[genes]) - torch.lgamma(theta)[genes] - torch.lgamma(present + 1)
    return torch.zeros_like(theta).index_add(0, genes, terms)


def pearson_residuals(counts: Tensor, eta: Tensor, log_size: Tensor, log_theta: Tensor, limit: float) -> Tensor:
    """Return Pearson residuals (n, G), ``(x - μ)/√(μ + μ²/θ)``, clipped to ``±limit``."""
    mean = torch.exp((eta + log_size[:, None]).clamp(max=LOGIT_LIMIT))
    variance = mean + mean.square() * torch.exp(-log_theta)
    return ((counts - mean) * torch.rsqrt(variance + 1e-8)).clamp(-limit, limit)
