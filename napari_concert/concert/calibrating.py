"""How intervals of counts are calibrated: on hidden spots that lie as far from measured ones as the new ones do."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.concert.withholding import AROUND, withhold
from napari_concert.model.conformal import EDGES, Bands, Pit
from napari_concert.model.data import SpotArrays
from napari_concert.model.svgp import inducing_points

if TYPE_CHECKING:
    from napari_concert.concert.observed import Observed

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEXT = 1.3  # pitches: new spots that are nearer than this lie as single hidden spots do
MOST = 0.9  # of the new spots that must
FEWEST_HIDDEN = 150  # spots of all holes together, where the slide has as many to spare
FEWEST_HOLES, MOST_HOLES = 2, 12
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibrated intervals, and on what.

    Attributes
    ----------
    found
        What intervals must leave out to hold what they promise of the counts that were hidden.
    hole
        Spots of the holes that they were hidden in; 1 for single spots.
    bands
        What intervals leave out.
    """

    found: Bands
    hole: int
    bands: Bands

    def __str__(self) -> str:
        where = "single spots" if self.hole == 1 else f"holes of about {self.hole} spots"
        if not self.found.is_calibrated:
            return f"Intervals are the model's own: too few counts were hidden (as {where}) to calibrate them."
        held = 100 * self.found.held(LEVEL)
        return (
            f"Intervals are calibrated on counts that were hidden as {where}: the model's own 95 % intervals held "
            f"{held.min():.0f} to {held.max():.0f} % of them, by expression; they are widened or narrowed to 95 %."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the record of it, in words too."""
        return {
            "said": str(self),
            "hidden_as": "single spots" if self.hole == 1 else "holes",
            "hole_spots": self.hole,
            "bins_expected_counts": EDGES.tolist(),
            "hidden_counts": self.found.entries.astype(int).tolist(),
            "held_at_95_before": self.found.held(LEVEL).round(4).tolist(),
        }


def calibration(observed: Observed, distance: Floats, *, labels: bool) -> Calibration:
    """Return how intervals are calibrated for new spots at distances (n,) in pitches from the nearest measured one."""
    if not len(distance) or (distance <= NEXT).mean() >= MOST:
        return Calibration(observed.network.bands, 1, observed.network.bands)
    return hole_calibration(observed, hole_of(distance), labels=labels)


def hole_of(distance: Floats) -> int:
    """Return how many spots a round hole has whose middle is as far (pitches) from measured spots as the farthest."""
    return max(1, round(math.pi / math.sqrt(0.75) * float(distance[np.isfinite(distance)].max(initial=0.0)) ** 2))


def hole_calibration(observed: Observed, size: int, *, labels: bool) -> Calibration:
    """Return the calibration for holes of about ``size`` spots, from some that are made for the purpose.

    Once for each slide and, to a factor of two, each size; of a hole no larger than a tenth of the slide. The weights
    have seen the spots of these holes, so that they are narrowed no more than single spots, which they have not, allow.
    """
    size = 2 ** round(math.log2(max(2, min(size, len(observed.arrays) // 10))))
    if (size, labels) not in observed.bands:
        arrays, at = observed.arrays, np.sort(np.concatenate(holes(observed.arrays, size)))
        rest = arrays.take(np.setdiff1d(np.arange(len(arrays)), at))
        plain = Bands.plain()
        hidden = withhold(observed.network, rest, arrays.take(at), observed.rows[at], labels=labels, bands=plain)
        observed.bands[size, labels] = Bands.fit(Pit.joined([pit for _, pit in hidden.pits()]))
    found = observed.bands[size, labels]
    return Calibration(found, size, found.no_narrower(observed.network.bands))


def holes(arrays: SpotArrays, size: int) -> list[Rows]:
    """Return the positions of some round holes of ``size`` spots each, far from each other.

    As many as hide 150 spots, 2 to 12 of them, but no more than a fifth of all spots; at least one.
    """
    wanted = int(np.clip(math.ceil(FEWEST_HIDDEN / size), FEWEST_HOLES, MOST_HOLES))
    count = max(1, min(wanted, len(arrays) // (5 * size)))
    order = np.lexsort((*arrays.coords.T, arrays.place))  # ties fall the same way in any order of spots
    place = arrays.place[order]
    apart = np.column_stack([arrays.coords[order], place * (4 * AROUND + 1)])
    tree, taken, found = cKDTree(apart), np.zeros(len(arrays), dtype=bool), list[Rows]()
    # farthest-point sampling begins at edges and corners; what it takes later lies among the others
    for middle in inducing_points(arrays.coords[order], place, 4 * count)[::-1]:
        near = np.atleast_1d(tree.query(apart[middle], k=size)[1])
        if not taken[near].any() and len(np.unique(place[near])) == 1:
            taken[near] = True
            found.append(np.sort(order[near]))
        if len(found) == count:
            break
    return found or [np.sort(order[np.atleast_1d(tree.query(apart[0], k=size)[1])])]
