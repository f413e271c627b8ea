"""Strokes through the sections of a stack: one section, some above and below it, or a sphere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.slide.levels import Levels

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Reaches: TypeAlias = Literal["section", "sections", "sphere"]


@dataclass(frozen=True)
class Depth:
    """How deep the brush reaches into a stack.

    Attributes
    ----------
    reaches
        "section": the one under the brush; "sections": a cylinder, some sections up and down as well; or "sphere": all
        spots within the radius in space.
    sections
        How many sections a cylinder takes above, and how many below.

    Raises
    ------
    ConcertError
        If a value is out of its range.
    """

    reaches: Reaches = "section"
    sections: int = 1

    def __post_init__(self) -> None:
        if self.reaches not in get_args(Reaches):
            raise UnknownName("reach of the brush", str(self.reaches), get_args(Reaches))
        if not (self.sections >= 1 and self.sections % 1 == 0):
            raise ConcertError(f"A brush reaches 1 or more whole sections up and down, not {self.sections}.")


class SpotStack:
    """Spots of sections above each other, ready for strokes that reach through them.

    Parameters
    ----------
    coords
        (n_spots, 3) x, y, z in the slide's units.
    levels
        On which section each spot lies.
    hidden
        Sections that are not shown: nothing selects their spots.

    Attributes
    ----------
    flat
        The spots of each section by x, y; its places are the sections.
    """

    def __init__(self, coords: Floats, levels: Levels, hidden: frozenset[int] = frozenset()) -> None:
        out = (levels.of < 0) | np.isin(levels.of, list(hidden))
        shown = np.where(out[:, None], np.nan, coords)
        self.levels = levels
        self.flat = SpotIndex(shown[:, :2], levels.of)
        # a level of -1 has no coordinates, and therefore no place
        self._space = SpotIndex(shown, levels.places[levels.of])

    def in_stroke(self, path: npt.ArrayLike, radius: float, depth: Depth, level: int) -> Rows:
        """Give the spots within ``radius`` of a path, as deep as the brush reaches; the edge included.

        Parameters
        ----------
        path
            (k, 3) points, joined by straight segments. z counts for a sphere only.
        radius
            In the slide's units.
        level
            The section of the stroke. Sections that are not in its place are never reached.

        Returns
        -------
        (m,) int64
            Sorted rows.
        """
        points = np.asarray(path, dtype=np.float64).reshape(-1, 3)
        if depth.reaches == "sphere":
            return self._space.spots_in_stroke(points, radius, int(self.levels.places[level]))
        sections = self.levels.near(level, depth.sections if depth.reaches == "sections" else 0)
        found = [self.flat.spots_in_stroke(points[:, :2], radius, int(section)) for section in sections]
        return np.unique(np.concatenate(found))

    def in_place_of(self, level: int) -> Rows:
        """Give the shown spots of all sections in the place of one."""
        placed = np.isfinite(self._space.coords).all(axis=1) & (self._space.places == self.levels.places[level])
        return np.flatnonzero(placed).astype(np.int64)

    @property
    def coords(self) -> Floats:
        """Positions (n_spots, 3); NaN where a spot is not shown."""
        return self._space.coords
