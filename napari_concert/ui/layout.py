"""Where the spots of a slide are drawn: the slide's own positions, or its separate sections side by side.

Sections that share no coordinate frame have coordinates that overlap by accident. Drawn where they say, they would lie
on top of each other, so they are laid out in a grid; painting and hovering use the drawn positions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

# the gap between two sections, as a share of the largest section
_GAP = 0.08


@dataclass(frozen=True, eq=False)
class Layout:
    """Drawn positions of the spots.

    Attributes
    ----------
    points
        (n_spots, d) in napari's axis order and the slide's units; NaN where a spot has no coordinates.
    planes
        (n_spots,) int64: which section a spot lies on; a stroke touches one of them at a time.
    step
        (d,) how far one step of napari's slider goes along each axis (the distance of sections along z).
    """

    points: Floats
    planes: Rows
    step: Floats

    def is_like(self, other: Layout) -> bool:
        """Give whether spots are drawn at the same places, on the same sections."""
        return bool(
            np.array_equal(self.points, other.points, equal_nan=True) and np.array_equal(self.planes, other.planes)
        )

    @property
    def rows(self) -> Rows:
        """Spots that can be drawn: rows with finite positions."""
        return np.flatnonzero(np.isfinite(self.points).all(axis=1)).astype(np.int64)

    @property
    def data(self) -> Floats:
        """Positions of :attr:`rows` in units of ``step``, as the napari layer holds them."""
        return np.asarray(self.points[self.rows] / self.step, dtype=np.float64)


def lay_out(slide: Slide) -> Layout:
    """Decide where the spots of a slide are drawn."""
    points = np.array(slide.napari_coords, dtype=np.float64)
    planes = np.asarray(slide.places, dtype=np.int64)
    if points.shape[1] == 3:
        return _stack(points)
    return Layout(_side_by_side(points, planes), planes, np.ones(points.shape[1]))


def _stack(points: Floats) -> Layout:
    """Give sections along z one slider step each."""
    levels = np.unique(points[np.isfinite(points).all(axis=1), 0])
    gap = float(np.diff(levels).min()) if len(levels) > 1 else 1.0
    planes = np.searchsorted(levels, np.nan_to_num(points[:, 0])).astype(np.int64)
    return Layout(points, planes, np.array([gap, 1.0, 1.0]))


def _side_by_side(points: Floats, places: Rows) -> Floats:
    """Move places whose coordinates overlap into a grid, row by row, each in its own cell."""
    boxes = {int(place): _box(points[places == place]) for place in np.unique(places)}
    known = {place: box for place, box in boxes.items() if np.isfinite(box).all()}
    if len(known) < 2 or not _any_overlap(list(known.values())):
        return points
    cell = np.max([high - low for low, high in known.values()], axis=0)
    cell += _GAP * cell.max()
    columns = int(np.ceil(np.sqrt(len(known))))
    moved = points.copy()
    for index, (place, (low, high)) in enumerate(known.items()):
        centre = cell * np.array(divmod(index, columns))
        moved[places == place] += centre - 0.5 * (low + high)
    return moved


def _box(points: Floats) -> Floats:
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return np.full((2, points.shape[1]), np.nan)
    return np.stack([finite.min(axis=0), finite.max(axis=0)])


def _any_overlap(boxes: list[Floats]) -> bool:
    def apart(one: Floats, other: Floats) -> bool:
        return bool((one[1] < other[0]).any() or (other[1] < one[0]).any())

    return any(not apart(one, other) for i, one in enumerate(boxes) for other in boxes[i + 1 :])
