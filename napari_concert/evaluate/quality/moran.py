"""Moran's I: whether neighbours are alike (Moran 1950).

With weights ``w_ij`` (rows sum to 1 over the six nearest others) and deviations ``d`` from the mean::

    I = n / S₀ · Σ_ij w_ij d_i d_j / Σ_i d_i²          expected -1/(n-1) of values without any order in space

Its variance is that of normal values (Cliff & Ord 1981).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree
from scipy.stats import norm

Floats = npt.NDArray[np.float64]

NEAREST = 6
FEWEST = 10  # spots: with fewer, nothing can be said


class Neighbourhood:
    """Who is whose neighbour.

    Parameters
    ----------
    coords, place
        Positions (n, d) and places (n,): spots of different places are none.
    """

    def __init__(self, coords: Floats, place: npt.NDArray[np.int64]) -> None:
        self.size = len(coords)
        rows, columns = [], []
        for one in np.unique(place):
            at = np.flatnonzero(place == one)
            k = min(NEAREST, len(at) - 1)
            if k > 0:
                near = cKDTree(coords[at]).query(coords[at], k=k + 1)[1]
                first = np.argsort(near == np.arange(len(at))[:, None], axis=1, kind="stable")[:, :k]  # itself last
                rows.append(np.repeat(at, k))
                columns.append(at[np.take_along_axis(near, first, axis=1)].ravel())
        i, j = (np.concatenate(part) if part else np.zeros(0, np.int64) for part in (rows, columns))
        links = csr_matrix((np.ones(len(i)), (i, j)), shape=(self.size, self.size))
        count = np.maximum(np.asarray(links.sum(axis=1)).ravel(), 1)
        self.weights = csr_matrix(links.multiply(1 / count[:, None]))

    def morans_i(self, values: Floats) -> Floats:
        """Return Moran's I (G,) of columns (n, G); NaN of constant ones, and of fewer than ten spots."""
        away = values - values.mean(axis=0)
        squares, total = (away**2).sum(axis=0), float(self.weights.sum())
        if self.size < FEWEST or total == 0:
            return np.full(values.shape[1], np.nan)
        cross = (away * (self.weights @ away)).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(squares > 0, self.size / total * cross / squares, np.nan))

    def p_value(self, found: Floats) -> Floats:
        """Return how likely an I as large is where there is no order in space; NaN of NaN."""
        n, w = self.size, self.weights
        total = float(w.sum())
        if n < FEWEST or total == 0:
            return np.full_like(found, np.nan)
        s1 = 0.5 * float(((w + w.T).power(2)).sum())
        s2 = float((_both(w) ** 2).sum())
        expected = -1 / (n - 1)
        variance = (n**2 * s1 - n * s2 + 3 * total**2) / ((n**2 - 1) * total**2) - expected**2
        return np.asarray(norm.sf((found - expected) / np.sqrt(max(variance, 1e-300))))


def _both(weights: csr_matrix) -> Floats:
    given, taken = (np.asarray(weights.sum(axis=axis), dtype=np.float64).ravel() for axis in (0, 1))
    return np.asarray(given + taken)
