"""Counts that are not seen yet: negative binomials whose log mean is known up to a mixture of normals.

For one spot and gene, with components ``c`` of weight ``p_c``::

    x ~ Σ_c p_c ∫ NB(x | mean exp(η), dispersion θ) N(η | m_c, v_c) dη
    E[x]   = Σ_c p_c exp(m_c + v_c/2)
    E[x²]  = Σ_c p_c (exp(m_c + v_c/2) + (1 + 1/θ) exp(2 m_c + 2 v_c))
    P(x≤k) = Σ_c p_c Σ_j h_j I_{θ/(θ+μ_cj)}(θ, k + 1)          μ_cj = exp(m_c + √v_c t_j)

The moments are exact. The integral in the distribution is Gauss-Hermite's sum over nodes ``t_j`` with weights ``h_j``;
``I`` is the regularised incomplete beta function. Only numpy and scipy are used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

Floats = NDArray[np.float64]

NODES = 15
SMALL = 150  # counts up to which summing is faster
LARGEST = 30.0  # log mean that no count exceeds
LEAST = 1e-9  # level: farther out no count ends
PRECISE = 1e-9  # of large counts, which doubles don't tell apart one by one


class Mixture(NamedTuple):
    """Mixtures of n spots and G genes.

    Attributes
    ----------
    weight
        (n, C), rows sum to 1.
    mean, variance
        Of the log mean, (n, C, G).
    theta
        Dispersions (G,).
    """

    weight: Floats
    mean: Floats
    variance: Floats
    theta: Floats


def moments(mixture: Mixture) -> tuple[Floats, Floats]:
    """Return mean and standard deviation (n, G) of the counts."""
    weight, mean, variance, theta = mixture
    first = np.exp(np.minimum(mean + variance / 2, LARGEST))
    second = first + (1 + 1 / theta) * np.exp(np.minimum(2 * (mean + variance), 2 * LARGEST))
    expected, squared = (np.einsum("nc,ncg->ng", weight, moment) for moment in (first, second))
    return expected, np.sqrt(np.maximum(squared - expected**2, 0.0))


def quantiles(mixture: Mixture, levels: Sequence[float] | Floats) -> Floats:
    """Return the smallest counts (L, n, G) whose distribution function reaches each of L levels in (0, 1).

    Small counts are summed up from 0; for large ones that would take long, and the distribution function is bisected.

    Parameters
    ----------
    levels
        (L,), or those of every count, (L, n, G).
    """
    (n, _), n_genes = mixture.weight.shape, len(mixture.theta)
    given = np.asarray(levels, dtype=np.float64)
    wanted = np.broadcast_to(given.reshape(len(given), -1), (len(given), n * n_genes)).clip(LEAST, 1 - LEAST)
    bound = _bound(mixture, wanted.max(axis=0))
    entries, small = _entries(mixture), bound <= SMALL
    found = np.empty(wanted.shape)
    found[:, small] = _summed(entries.of(small), wanted[:, small])
    for at, level in enumerate(wanted):
        found[at, ~small] = _bisected(entries.of(~small), level[~small], bound[~small])
    return found.reshape(len(wanted), n, n_genes)


def distribution(mixture: Mixture, counts: Floats) -> Floats:
    """Return ``P(x ≤ count)`` (n, G) of counts (n, G); 0 below 0."""
    flat, entries = np.asarray(counts, dtype=np.float64).ravel(), _entries(mixture)
    found, known = np.zeros(len(flat)), flat >= 0
    found[known] = _distribution(flat[known], entries.of(known))
    return found.reshape(len(mixture.weight), -1)


def _bound(mixture: Mixture, level: Floats) -> Floats:
    """Return counts (n G,) that reach levels (n G,): Cantelli's ``P(x ≥ E + t sd) ≤ 1 / (1 + t²)``."""
    expected, spread = moments(mixture)
    return np.asarray(np.ceil(expected.ravel() + spread.ravel() * np.sqrt(level / (1 - level))))


class _Entries(NamedTuple):
    """Nodes of entries: ``θ/(θ+μ)`` and weights (E, C J), and ``θ`` (E, 1)."""

    failure: Floats
    weight: Floats
    theta: Floats

    def of(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> _Entries:
        """Return some entries."""
        return _Entries(*(part[chosen] for part in self))


def _entries(mixture: Mixture) -> _Entries:
    """Return the nodes of all spots and genes (E = n G)."""
    (n, n_parts), n_genes = mixture.weight.shape, len(mixture.theta)
    at, share = np.polynomial.hermite_e.hermegauss(NODES)
    log_mean = mixture.mean[..., None] + np.sqrt(mixture.variance)[..., None] * at
    failure = 1 / (1 + np.exp(np.minimum(log_mean, LARGEST)) / mixture.theta[:, None])
    weight = (mixture.weight[:, :, None] * share / share.sum()).reshape(n, n_parts * NODES)
    nodes = failure.transpose(0, 2, 1, 3).reshape(n * n_genes, n_parts * NODES)
    return _Entries(nodes, np.repeat(weight, n_genes, axis=0), np.tile(mixture.theta, n)[:, None])


def _summed(entries: _Entries, levels: Floats) -> Floats:
    """Return quantiles at levels (L, E): how many counts, from 0 on, don't reach the level.

    With ``q = θ/(θ+μ)`` the probabilities are ``p(0) = q^θ`` and ``p(k+1) = p(k) (1-q) (k+θ) / (k+1)``.
    """
    found, rows = np.zeros(levels.shape), np.arange(len(entries.theta))
    chance, reached = entries.weight * entries.failure**entries.theta, np.zeros(len(rows))
    for count in range(SMALL + 1):
        reached += chance.sum(axis=1)
        found[:, rows] += reached < levels
        going_on = reached < levels.max(axis=0)
        rows, reached, entries, levels = rows[going_on], reached[going_on], entries.of(going_on), levels[:, going_on]
        chance = chance[going_on] * (1 - entries.failure) * (count + entries.theta) / (count + 1)
    return found


def _bisected(entries: _Entries, level: Floats, above: Floats) -> Floats:
    """Return quantiles (E,) between 0 and what reaches the levels (E,) for sure."""
    above, below = above.copy(), np.full_like(above, -1.0)
    while (rows := np.flatnonzero(above - below > np.maximum(1.0, PRECISE * above))).size:
        middle = np.floor((below[rows] + above[rows]) / 2)
        enough = _distribution(middle, entries.of(rows)) >= level[rows]
        above[rows] = np.where(enough, middle, above[rows])
        below[rows] = np.where(enough, below[rows], middle)
    return above


def _distribution(count: Floats, entries: _Entries) -> Floats:
    """Return ``P(x ≤ count)`` of entries (E,)."""
    reached: Floats = (betainc(entries.theta, count[:, None] + 1, entries.failure) * entries.weight).sum(axis=1)
    return reached
