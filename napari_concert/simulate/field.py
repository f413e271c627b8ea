"""The true spill-over field: what reaches a spot from all spots in a state.

k(i, j) = kernel(|A (x_i - x_j)| / ℓ_p) · b[tissue_i ≠ tissue_j] · 1[|x_i - x_j| ≤ c_p[tissue_i]] · 1[place_i = place_j]
u_ip    = max_j k, or scale_p Σ_j k, or 1 - Π_j (1 - k), over spots j in state p; 0 for spots in state p themselves
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from napari_concert.simulate.recipe import Join, Kernel, Reach
from napari_concert.simulate.spots import PITCH_UM

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

TYPICAL = 20  # spots of the nodule that the sum is scaled by
NEAR = 2.0  # pitches around it
_PART_VALUES = 4_000_000


@dataclass(frozen=True, eq=False)
class Places:
    """Where spots are: positions (N, 2 or 3) in µm, NaN where missing; codes of tissue and place (N,)."""

    coords: Floats
    tissue: Codes
    place: Codes


@dataclass(frozen=True, eq=False)
class Field:
    """The field's form, see the module.

    Attributes
    ----------
    range_um, scale
        (S,), 0 for no field.
    metric
        A (d, d).
    cut_off_um
        c (S, tissues); none where empty.
    """

    range_um: Floats
    scale: Floats
    metric: Floats
    join: Join = "nearest"
    kernel: Kernel = "exponential"
    border_pass: float = 1.0
    cut_off_um: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    @classmethod
    def of(cls, reach: Reach, ranges: tuple[float, ...]) -> Field:
        """Return the field of a recipe; ``ranges`` are in pitches."""
        range_um = np.array(ranges) * PITCH_UM
        scale = np.array([_typical(reach, each) if reach.join == "summed" and each else 1.0 for each in ranges])
        return cls(range_um, scale, _metric(reach), reach.join, reach.kernel, reach.border_pass)

    @classmethod
    def stored(cls, record: Mapping[str, Any]) -> Field:
        """Return the field that a slide has stored; one without the form is a first-generation slide's."""
        range_um = np.asarray(record["range_um"], dtype=np.float64)
        if "field" not in record:
            return cls(range_um, np.ones(len(range_um)), np.eye(2))
        form = record["field"]
        scale, metric = (np.asarray(form[name], dtype=np.float64) for name in ("scale", "metric"))
        join, kernel = cast("Join", str(form["join"])), cast("Kernel", str(form["kernel"]))
        cut_off = np.asarray(form.get("cut_off_um", np.zeros((0, 0))), dtype=np.float64)
        return cls(range_um, scale, metric, join, kernel, float(form["border_pass"]), cut_off)

    def record(self) -> dict[str, Any]:
        """Return what :meth:`stored` reads."""
        names = ("scale", "metric", "join", "kernel", "border_pass", *(("cut_off_um",) if self.cut_off_um.size else ()))
        return {"range_um": self.range_um, "field": {name: getattr(self, name) for name in names}}

    def __call__(self, p: int, state: Codes, places: Places) -> Floats:
        """Return the field (n_spots,) of state ``p``; a spot without coordinates has none (NaN) and adds none."""
        placed = np.isfinite(places.coords).all(axis=1)
        strength = np.where(placed, 0.0, np.nan)
        sources = np.flatnonzero(placed & (state == p))
        if len(sources) and self.range_um[p] > 0:
            others = np.flatnonzero(placed & (state != p))
            for rows in np.array_split(others, 1 + len(others) * len(sources) // _PART_VALUES):
                strength[rows] = self._joined(p, self._each(p, rows, sources, places))
        return strength

    def _each(self, p: int, rows: Codes, sources: Codes, places: Places) -> Floats:
        """Return what each source alone gives (rows, sources)."""
        moved = places.coords @ self.metric
        each = KERNELS[self.kernel](cdist(moved[rows], moved[sources]) / self.range_um[p])
        if self.border_pass != 1:
            each = each * np.where(places.tissue[rows, None] != places.tissue[sources], self.border_pass, 1.0)
        if self.cut_off_um.size:
            away = cdist(places.coords[rows], places.coords[sources])
            each = each * (away <= self.cut_off_um[p, places.tissue[rows], None])
        return np.where(places.place[rows, None] == places.place[sources], each, 0.0)

    def _joined(self, p: int, each: Floats) -> Floats:
        if self.join == "summed":
            joined = self.scale[p] * each.sum(axis=1)
        elif self.join == "saturating":
            joined = 1 - np.prod(1 - each, axis=1)
        else:
            joined = each.max(axis=1)
        return np.asarray(joined, dtype=np.float64)


KERNELS = {
    "exponential": lambda away: np.exp(-away),
    "gaussian": lambda away: np.exp(-(away**2) / 2),
    "cauchy": lambda away: 1 / (1 + away**2),
    "step": lambda away: (away <= 1 + 1e-9).astype(np.float64),  # a spot at its very edge counts, whatever the rounding
}


def _metric(reach: Reach) -> Floats:
    """Return the map (2, 2) after which the reach is round: it shrinks the long axis and stretches the other."""
    angle = np.radians(reach.angle)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.sqrt(reach.ratio)
    metric: Floats = (axes * [1 / stretch, stretch]) @ axes.T if reach.ratio != 1 else np.eye(2)
    return metric


def _typical(reach: Reach, range_pitches: float) -> float:
    """Return the nearest source's field over the sum's, on average near a round nodule on a grid."""
    row, column = np.divmod(np.arange(441), 21)
    grid = np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])
    order = np.argsort(np.linalg.norm(grid - grid[220], axis=1), kind="stable")
    away = cdist(grid[order[TYPICAL:]], grid[order[:TYPICAL]])
    each = KERNELS[reach.kernel](away[away.min(axis=1) <= NEAR] / range_pitches)
    return float(each.max(axis=1).mean() / each.sum(axis=1).mean())
