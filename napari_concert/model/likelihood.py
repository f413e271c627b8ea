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

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

LOGIT_LIMIT = 30.0
COUNT_BITS = 32  # of a count, in the keys of a table


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


class CountTable(NamedTuple):
    """How often each count occurs in each gene: gene, count and number of times, each (E,), zeros left out.

    The normaliser needs no more, and there are far fewer different counts than spots.
    """

    genes: Tensor
    counts: Tensor
    times: Tensor

    @classmethod
    def of(cls, counts: csr_matrix, device: torch.device | str) -> CountTable:
        """Return the table of sparse counts (n, G)."""
        key = counts.indices.astype(np.int64) << COUNT_BITS | counts.data.astype(np.int64)
        pairs, times = np.unique(key[counts.data > 0], return_counts=True)
        parts = (pairs >> COUNT_BITS, (pairs & (1 << COUNT_BITS) - 1).astype(np.float64), times.astype(np.float64))
        return cls(*(torch.from_numpy(part).to(device) for part in parts))

    def normaliser(self, log_theta: Tensor) -> Tensor:
        """Return ``Σ lgamma(x+θ) - lgamma(θ) - lgamma(x+1)`` (G,) over all spots, in nats."""
        theta = log_theta.exp()
        at = theta[self.genes]
        terms = torch.lgamma(self.counts + at) - torch.lgamma(at) - torch.lgamma(self.counts + 1)
        return torch.zeros_like(theta).index_add(0, self.genes, terms * self.times)


def pearson_residuals(counts: Tensor, eta: Tensor, log_size: Tensor, log_theta: Tensor, limit: float) -> Tensor:
    """Return Pearson residuals (n, G), ``(x - μ)/√(μ + μ²/θ)``, clipped to ``±limit``."""
    mean = torch.exp((eta + log_size[:, None]).clamp(max=LOGIT_LIMIT))
    variance = mean + mean.square() * torch.exp(-log_theta)
    return ((counts - mean) * torch.rsqrt(variance + 1e-8)).clamp(-limit, limit)
