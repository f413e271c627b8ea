"""How well a section agrees with the one below it at a pose: the number that alignment makes as large as it can."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.registration.expression import nearest
from napari_concert.registration.sampling import spread_out
from napari_concert.registration.tissue import Tissue
from napari_concert.slide import Rigid

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEAREST = 7  # spots of the lower section that a place between them is interpolated from
WIDTH = 0.7  # pitches, of the Gaussian that weighs them: about as many spots count on a lattice point as between them
INSIDE, OUTSIDE = 0.75, 1.5  # pitches to the nearest spot at which a place begins to leave the tissue, and has left it
SHAPE = 0.1  # what full overlap alone is worth, beside a correlation of 1
FAR_POWER, NEAR_POWER = 0.5, 0.1  # of the overlap
FEWEST = 10.0  # spots that must overlap
MOST_ROUGHLY = 1500  # spots from which poses are compared at first


class Agreement:
    """Of two sections, at any pose of the upper one.

    With c the correlation, over all features together, between the upper section's spots and the lower one
    interpolated where they lie (means over the overlap taken away, so that a section's offset does not count),
    and o the share of the smaller section that overlaps, agreement is (c + 0.1) o^p. Poses far from each other are
    compared with p = 1/2, because a correlation of n spots is known to 1 / √n. That draws sections that overlap in
    part over each other, so the last refinement takes p = 1/10. Fewer than ten spots that overlap count nothing.
    """

    def __init__(self, lower: Tissue, upper: Tissue) -> None:
        self.lower, self.upper = lower, upper
        self._tree = cKDTree(lower.points)
        self._smaller = min(len(lower.points), len(upper.points))
        self._all = np.arange(len(upper.points))
        self._some = spread_out(upper.points, MOST_ROUGHLY)

    def __call__(self, pose: Rigid) -> float:
        """Return the agreement with the upper section moved (steps), to compare poses by."""
        return self._at(pose, FAR_POWER, self._all)

    def roughly(self, pose: Rigid) -> float:
        """Return the same from some of the spots, for thousands of spots sooner."""
        return self._at(pose, FAR_POWER, self._some)

    def nearby(self, pose: Rigid) -> float:
        """Return the agreement that tells poses less than a spot apart."""
        return self._at(pose, NEAR_POWER, self._all)

    def _at(self, pose: Rigid, power: float, rows: Rows) -> float:
        correlation, overlap = self.parts(pose, rows)
        return (correlation + SHAPE) * float(overlap**power)

    def parts(self, pose: Rigid, rows: Rows | None = None) -> tuple[float, float]:
        """Return the correlation and the share that overlaps, from some rows of the upper section or from all.

        (0, 0) where fewer than ten spots overlap.
        """
        rows = self._all if rows is None else rows
        distance, near = nearest(self._tree, pose.apply(self.upper.points[rows]), min(NEAREST, len(self.lower.points)))
        inside = np.clip((OUTSIDE - distance[:, 0]) / (OUTSIDE - INSIDE), 0.0, 1.0)
        if inside.sum() < FEWEST:
            return 0.0, 0.0
        weight = np.exp((distance[:, :1] ** 2 - distance**2) / (2 * WIDTH**2))
        weight /= weight.sum(axis=1, keepdims=True)
        there = np.einsum("nk,nkd->nd", weight, self.lower.features[near])
        overlap = min(1.0, float(inside.mean()) * len(self._all) / self._smaller)
        return correlation(there, self.upper.features[rows], inside), overlap


def correlation(one: Floats, other: Floats, weight: Floats) -> float:
    """Return the weighted correlation of features (n, k) over all of them; 0 where nothing varies."""
    one = one - weight @ one / weight.sum()
    other = other - weight @ other / weight.sum()
    spread = np.sqrt((weight @ one**2).sum() * (weight @ other**2).sum())
    return float((weight @ (one * other)).sum() / spread) if spread > 0 else 0.0
