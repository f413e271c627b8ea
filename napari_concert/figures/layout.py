"""Where spots lie on a flat figure: sections that would overlap are laid out side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Box: TypeAlias = tuple[Floats, Floats]

GAP = 0.1  # between sections, as a share of the largest
LARGEST_WINDOW = 0.7  # of the whole: a larger part is no close-up
MOST_LEVELS = 24  # more distinct depths than this are a volume, not sections, and are seen from above


@dataclass(frozen=True, eq=False)
class FlatLayout:
    """Drawn positions.

    Attributes
    ----------
    points
        (n_spots, 2): x, y in the slide's units; NaN where a spot has no coordinates.
    sections
        Each section's name and the box (low, high) it is drawn in; one nameless section if there is only one.
    """

    points: Floats
    sections: tuple[tuple[str, Box], ...]

    @property
    def box(self) -> Box:
        """Corners (low, high) of everything."""
        return (
            np.min([low for _, (low, _) in self.sections], axis=0),
            np.max([high for _, (_, high) in self.sections], axis=0),
        )

    @property
    def aspect(self) -> float:
        """Height of everything as a share of its width."""
        low, high = self.box
        return float((high[1] - low[1]) / (high[0] - low[0]))

    def window(self, rows: npt.ArrayLike, margin: float) -> Box | None:
        """Return a box with the shape of everything around some spots, or None where it would hold nearly everything.

        Parameters
        ----------
        rows
            Spots in the middle.
        margin
            Room around them, in the slide's units.
        """
        inside = self.points[np.asarray(rows, dtype=np.int64)]
        inside = inside[np.isfinite(inside).all(axis=1)]
        low, high = self.box
        if not len(inside):
            return None
        share = float(((np.ptp(inside, axis=0) + 2 * margin) / (high - low)).max())
        if share > LARGEST_WINDOW:
            return None
        half = 0.5 * share * (high - low)
        middle = np.clip((inside.min(axis=0) + inside.max(axis=0)) / 2, low + half, high - half)
        return middle - half, middle + half


def lay_out(slide: Slide) -> FlatLayout:
    """Return where the spots of a slide are drawn: as they lie, or section by section in a grid where they overlap."""
    points = np.array(slide.coords[:, :2], dtype=np.float64)
    points[~np.isfinite(points).all(axis=1)] = np.nan
    members = {name: rows for name, rows in _sections(slide).items() if np.isfinite(points[rows]).any()}
    if len(members) < 2:
        return FlatLayout(points, (("", _box(points, slide.pitch)),))
    if _any_overlap([_box(points[rows], 0.0) for rows in members.values()]):
        points = _in_grid(points, members, slide.pitch)
    return FlatLayout(points, tuple((name, _box(points[rows], slide.pitch)) for name, rows in members.items()))


def _sections(slide: Slide) -> dict[str, npt.NDArray[np.int64]]:
    """Return the rows of each section: by the section column, else by depth."""
    if slide.columns.section is not None:
        labels = slide.labels(slide.columns.section)
        names = [*slide.categories(slide.columns.section)]
        groups = {name: np.flatnonzero(labels == name) for name in names}
        groups["no section"] = np.flatnonzero([label is None for label in labels])
        return {name: rows for name, rows in groups.items() if len(rows)}
    if slide.has_z:
        z = slide.coords[:, 2]
        levels = np.unique(z[np.isfinite(z)])
        if len(levels) <= MOST_LEVELS:
            return {f"z = {level:g} {slide.units.name}": np.flatnonzero(z == level) for level in levels}
    return {"": np.arange(slide.n_spots)}


def _box(points: Floats, pitch: float) -> Box:
    """Return the corners (low, high) of some points, with half a pitch of room for the spots."""
    finite = points[np.isfinite(points).all(axis=1)]
    return finite.min(axis=0) - 0.5 * pitch, finite.max(axis=0) + 0.5 * pitch


def _any_overlap(boxes: list[Box]) -> bool:
    pairs = ((one, other) for i, one in enumerate(boxes) for other in boxes[i + 1 :])
    return any(bool((low <= b_high).all() and (b_low <= high).all()) for (low, high), (b_low, b_high) in pairs)


def _in_grid(points: Floats, members: dict[str, npt.NDArray[np.int64]], pitch: float) -> Floats:
    """Move each section to the middle of its own cell, row by row."""
    boxes = [_box(points[rows], pitch) for rows in members.values()]
    cell = np.max([high - low for low, high in boxes], axis=0)
    cell = cell + GAP * cell.max()
    columns = int(np.ceil(np.sqrt(len(members))))
    moved = points.copy()
    for index, (rows, (low, high)) in enumerate(zip(members.values(), boxes, strict=True)):
        row, column = divmod(index, columns)
        moved[rows] += cell * np.array([column, row]) - 0.5 * (low + high)
    return moved
