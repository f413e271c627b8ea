"""Where the spots of a slide are drawn: the slide's own positions, or its separate sections side by side.

Sections that share no coordinate frame have coordinates that overlap by accident. Drawn where they say, they would lie
on top of each other, so they are laid out in a grid; painting and hovering use the drawn positions.

The sections of a stack are drawn one at a time, side by side, or in space; what is drawn where is decided here, and
:class:`StackLayout` leads back to where it is on the slide.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.session.stack_view import StackMode, StackView, stretch_of
from napari_concert.slide.levels import levels_of

if TYPE_CHECKING:
    from napari_concert.slide import Slide
    from napari_concert.slide.levels import Levels

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

# the gap between two sections, as a share of the largest section
_GAP = 0.08
_HEAD = 0.08  # and what a row of a stack's sections has for their names, besides
# of the distance between sections: what a height may be off and still count as evenly spaced
_UNEVEN = 0.05


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
    axes
        (d,) what napari calls the axes.
    stack
        How the sections of a stack are drawn; None where the slide is not a stack.
    """

    points: Floats
    planes: Rows
    step: Floats
    axes: tuple[str, ...] = ("y", "x")
    stack: StackLayout | None = None

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


@dataclass(frozen=True, eq=False)
class StackLayout:
    """Where the sections of a stack are drawn.

    Attributes
    ----------
    mode, levels, hidden
        How they are shown, what they are, and which are not shown.
    heights
        (k,) z at which each is drawn, in the slide's units; where they are not evenly spaced, its number.
    shifts
        (k, 2) how far each is drawn from where it is, along x and y.
    boxes
        (k, 2, 2) its lowest and highest x, y, as drawn.
    stretch
        In space, how many times as far apart as they are they are drawn.
    """

    mode: StackMode
    levels: Levels
    hidden: frozenset[int]
    heights: Floats
    shifts: Floats
    boxes: Floats
    stretch: float

    @property
    def shown(self) -> Rows:
        """Sections that are shown, lowest first."""
        return np.array([level for level in range(len(self.levels)) if level not in self.hidden], dtype=np.int64)

    def level_at(self, drawn: Floats) -> int:
        """Give the section at a drawn point x, y, z: the nearest one that is shown."""
        if self.mode is StackMode.GRID:
            outside = np.maximum(self.boxes[:, 0] - drawn[:2], drawn[:2] - self.boxes[:, 1]).max(axis=1)
            away = outside[self.shown]
        else:
            away = np.abs(self.heights[self.shown] - drawn[2])
        return int(self.shown[np.argmin(away)])

    def on_slide(self, drawn: Floats, level: int) -> Floats:
        """Give the point x, y, z of the slide that is drawn at x, y, on a section."""
        return np.array([*(drawn[:2] - self.shifts[level]), self.levels.heights[level]])


def lay_out(slide: Slide, view: StackView | None = None, hidden: frozenset[int] = frozenset()) -> Layout:
    """Decide where the spots of a slide are drawn.

    Parameters
    ----------
    view, hidden
        How a stack is shown, one section at a time by default, and which of its sections are not.
    """
    levels = levels_of(slide)
    if levels is not None:
        view = view or StackView()
        return _stack(slide.coords, levels, replace(view, stretch=stretch_of(view, slide, levels)), hidden)
    points = np.array(slide.napari_coords[:, -2:], dtype=np.float64)
    planes = np.asarray(slide.places, dtype=np.int64)
    return Layout(_side_by_side(points, planes), planes, np.ones(2))


def _stack(coords: Floats, levels: Levels, view: StackView, hidden: frozenset[int]) -> Layout:
    known, stretch = levels.of >= 0, view.stretch or 1.0
    boxes = np.array([_box(coords[levels.of == level, :2]) for level in range(len(levels))])
    heights, step, axis = _heights(levels, view.mode, stretch)
    shifts = np.zeros((len(levels), 2))
    if view.mode is StackMode.GRID:
        shown = [level for level in range(len(levels)) if level not in hidden]
        shifts[shown] = cells(boxes[shown], _HEAD)[:, ::-1]
    drawn = np.full(coords.shape, np.nan)
    drawn[known, :2] = coords[known, :2] + shifts[levels.of[known]]
    # in space spots keep their own height, which may differ within a section
    drawn[known, 2] = coords[known, 2] * stretch if view.mode is StackMode.SPACE else heights[levels.of[known]]
    stack = StackLayout(view.mode, levels, hidden, heights, shifts, boxes + shifts[:, None], stretch)
    return Layout(drawn[:, ::-1], levels.of, np.array([step, 1.0, 1.0]), (axis, "y", "x"), stack)


def _heights(levels: Levels, mode: StackMode, stretch: float) -> tuple[Floats, float, str]:
    """Give the drawn z of each section, the step from one to the next, and what the axis is called."""
    if mode is StackMode.SPACE:
        return levels.heights * stretch, 1.0, "z"
    if mode is StackMode.GRID:
        return np.zeros(len(levels)), 1.0, "z"
    gaps = np.diff(levels.heights)
    step = float(gaps.mean()) if len(gaps) else 1.0
    if (np.abs(gaps - step) <= _UNEVEN * step).all() and step > 0:
        return levels.heights[0] + step * np.arange(len(levels)), step, "z"
    # a slider along z would stop where there is no section, and pass by others
    return np.arange(len(levels), dtype=np.float64), 1.0, "section"


def _side_by_side(points: Floats, places: Rows) -> Floats:
    """Move places whose coordinates overlap into a grid, row by row, each in its own cell."""
    boxes = {int(place): _box(points[places == place]) for place in np.unique(places)}
    known = {place: box for place, box in boxes.items() if np.isfinite(box).all()}
    if len(known) < 2 or not _any_overlap(list(known.values())):
        return points
    moved = points.copy()
    for place, shift in zip(known, cells(np.array(list(known.values()))[:, :, ::-1]), strict=True):
        moved[places == place] += shift
    return moved


def cells(boxes: Floats, head: float = 0.0) -> Floats:
    """Give how far (k, 2; y, x) boxes (k, 2, 2; x, y) are moved so that each is in the middle of its own cell.

    Parameters
    ----------
    head
        How much taller a cell is, as a share of its longer side.
    """
    low, high = boxes[:, 0, ::-1], boxes[:, 1, ::-1]
    cell = (high - low).max(axis=0)
    cell += cell.max() * np.array([_GAP + head, _GAP])
    columns = _columns(len(boxes), cell)
    places = np.column_stack(np.divmod(np.arange(len(boxes)), columns))
    return np.asarray(cell * places - 0.5 * (low + high), dtype=np.float64)


def _columns(count: int, cell: Floats) -> int:
    """Give how many columns make a grid of cells (height, width) most like a square; of two such, the wider one."""
    options = np.arange(count, 0, -1)
    return int(options[np.argmin(np.maximum(options * cell[1], np.ceil(count / options) * cell[0]))])


def _box(points: Floats) -> Floats:
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return np.full((2, points.shape[1]), np.nan)
    return np.stack([finite.min(axis=0), finite.max(axis=0)])


def _any_overlap(boxes: list[Floats]) -> bool:
    def apart(one: Floats, other: Floats) -> bool:
        return bool((one[1] < other[0]).any() or (other[1] < one[0]).any())

    return any(not apart(one, other) for i, one in enumerate(boxes) for other in boxes[i + 1 :])
