"""The sections of a slide with z, from the lowest to the highest: which one each spot lies on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.slide.places import FEWEST_IN_PLANE

if TYPE_CHECKING:
    from napari_concert.slide.core import Slide

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

_UNNAMED = "no section"


@dataclass(frozen=True, eq=False)
class Levels:
    """Sections above each other; of two at one height the first by name is the lower one.

    Attributes
    ----------
    names
        (k,) of the sections, lowest first; their height where no column tells sections.
    heights
        (k,) their median z, in the slide's units.
    of
        (n_spots,) which section each spot lies on; −1 for a spot without coordinates.
    places
        (k,) ids of the places they are in: only sections of one place lie truly above each other.
    """

    names: tuple[str, ...]
    heights: Floats
    of: Rows
    places: Rows

    def __len__(self) -> int:
        """Return how many sections there are."""
        return len(self.names)

    def near(self, level: int, count: int) -> Rows:
        """Return a section and up to ``count`` above and below it, in its place."""
        together = np.flatnonzero(self.places == self.places[level])
        at = int(np.searchsorted(together, level))
        return together[max(at - count, 0) : at + count + 1]

    @property
    def are_apart(self) -> bool:
        """Whether no two sections are in one place: nothing says that they are registered."""
        return len(np.unique(self.places)) == len(self.places) > 1


def levels_of(slide: Slide) -> Levels | None:
    """Return the sections of a slide; None where it has no z, or no spot has coordinates.

    Where no column tells sections and z is that of a cloud, slabs as thick as spots lie apart take their part.
    """
    if not slide.has_z:
        return None
    known = np.flatnonzero(np.isfinite(slide.coords).all(axis=1))
    if not len(known):
        return None
    labels = _labels(slide)[known]
    groups, codes = np.unique(labels, return_inverse=True)
    z = slide.coords[known, 2]
    heights = np.array([np.median(z[codes == code]) for code in range(len(groups))])
    order = np.argsort(heights, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    of = np.full(slide.n_spots, -1, dtype=np.int64)
    of[known] = rank[codes]
    first = np.array([known[np.argmax(of[known] == level)] for level in range(len(order))])
    names = _names(slide, groups[order], heights[order])
    return Levels(names, heights[order], of, np.asarray(slide.places, np.int64)[first])


def _labels(slide: Slide) -> npt.NDArray[np.generic]:
    """Return what tells the sections (n_spots,): labels, heights, or the number of a slab."""
    if slide.columns.section is not None:
        labels = slide.labels(slide.columns.section)
        return np.asarray([_UNNAMED if label is None else str(label) for label in labels])
    z = slide.coords[:, 2]
    finite = z[np.isfinite(z)]
    if FEWEST_IN_PLANE * len(np.unique(finite)) <= len(finite):
        return z
    return np.asarray(np.floor((z - finite.min()) / slide.pitch))


def _names(slide: Slide, groups: npt.NDArray[np.generic], heights: Floats) -> tuple[str, ...]:
    if slide.columns.section is not None:
        return tuple(map(str, groups))
    return tuple(f"z {height:.4g} {slide.units.name}" for height in heights)
