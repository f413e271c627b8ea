"""The energy distance (E-distance) between two clouds of spots.

    E(X, Y) = 2 E|X − Y| − E|X − X'| − E|Y − Y'|

with Euclidean distances to the power of 1, so that it is 0 for equal distributions alone (Székely and Rizzo 2013). With
squared distances, as scPerturb's software takes them by default, only the means would count. Each expectation within a
cloud is over pairs of *different* members, so that two samples of one distribution have 0 on average, whatever their
size; a value can then be a little below 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

Floats = npt.NDArray[np.float64]


class Distances(NamedTuple):
    """Mean distances between spots of which several draws may have been made.

    Attributes
    ----------
    between
        (n, m) of each spot of the first cloud to each of the second.
    first, second
        (n, n) and (m, m) within each; NaN where there is no pair of different draws: a spot of one draw and itself.
    """

    between: Floats
    first: Floats
    second: Floats

    def energy(self, first: Floats | None = None, second: Floats | None = None) -> float:
        """Return the E-distance, with weights (n,) and (m,) of the spots, all the same by default.

        A resampled spot is no pair with its copy where it has one draw alone.
        """
        n, m = self.between.shape
        one, other = np.ones(n) if first is None else first, np.ones(m) if second is None else second
        return 2 * _mean(self.between, one, other) - _mean(self.first, one, one) - _mean(self.second, other, other)


def distances(first: Floats, second: Floats) -> Distances:
    """Return the distances between two clouds.

    Parameters
    ----------
    first, second
        (n, D, K) and (m, E, K): D and E draws of each spot, in K dimensions.
    """
    return Distances(_between(first, second), _within(first), _within(second))


def energy_distance(first: Floats, second: Floats) -> float:
    """Return the E-distance between two clouds (n, K) and (m, K)."""
    return distances(first[:, None], second[:, None]).energy()


def _between(first: Floats, second: Floats) -> Floats:
    one, other = (cloud.reshape(-1, cloud.shape[-1]) for cloud in (first, second))
    blocks = cdist(one, other).reshape(*first.shape[:2], *second.shape[:2])
    return np.asarray(blocks.mean(axis=(1, 3)), dtype=np.float64)


def _within(cloud: Floats) -> Floats:
    """Return mean distances (n, n); of a spot to itself over pairs of different draws."""
    found, draws = _between(cloud, cloud), cloud.shape[1]
    diagonal = np.diag(found) * draws / (draws - 1) if draws > 1 else np.full(len(cloud), np.nan)
    np.fill_diagonal(found, diagonal)
    return found


def _mean(values: Floats, one: Floats, other: Floats) -> float:
    """Return the weighted mean of known entries; 0 without any: a cloud of one point has no extent."""
    weight = np.outer(one, other) * np.isfinite(values)
    total = float(weight.sum())
    return float((weight * np.nan_to_num(values)).sum()) / total if total > 0 else 0.0
