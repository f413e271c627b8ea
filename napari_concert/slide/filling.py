"""Where new spots would lie: a hole filled on the slide's own lattice, or all of the tissue more densely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError
from napari_concert.patches import as_rows
from napari_concert.slide.lattice import Lattice, fit_lattice
from napari_concert.slide.tissue import in_tissue

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from napari_concert.slide.core import Slide

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

APART = 0.6  # pitches: no new spot lies nearer to a measured one
AROUND = {"hex": 0.75, "square": 0.75, "irregular": 1.0}  # pitches that a hole reaches beyond the spots in it
CLOSED = {"hex": 0.75, "square": 0.75, "irregular": 1.5}  # pitches: wider gaps between spots are no tissue
MARGIN = 8.0  # pitches around a hole whose spots say where the lattice lies
MOST = 200_000  # new spots


@dataclass(frozen=True, eq=False)
class Area:
    """A part of a plane, seen from above.

    Attributes
    ----------
    plane
        Which plane of the slide (one of ``slide.planes``).
    outline
        Polygons in the slide's units.
    spots
        Spots (rows) in it, measured or not.
    """

    plane: int
    outline: BaseGeometry
    spots: Rows


@dataclass(frozen=True, eq=False)
class Places:
    """Where to predict.

    Attributes
    ----------
    slide
        The slide without the spots that are not trusted.
    table
        Columns x, y[, z] in the slide's units and, where a column tells sections, ``section``; named as the spots that
        are predicted anew, and "new_1" …
    """

    slide: Slide
    table: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def anew(self) -> int:
        """How many of them are spots of the slide, whose counts are left out."""
        return int(self.table.index.isin(self.slide.spot_names).sum())


# -- areas ------------------------------------------------------------------------------------------------------------


def areas_of_spots(slide: Slide, rows: npt.ArrayLike) -> list[Area]:
    """Return the areas around some spots (rows or a mask), one a plane; gaps between and within them belong to it."""
    from shapely import buffer, multipoints

    chosen, reach = _located(slide, as_rows(rows)), AROUND[slide.lattice] * slide.pitch
    found = []
    for plane in np.unique(slide.planes[chosen]):
        spots = chosen[slide.planes[chosen] == plane]
        outline = _closed(buffer(multipoints(slide.coords[spots, :2]), reach), slide.pitch)
        others = np.setdiff1d(_spots_of(slide, int(plane)), spots)
        found.append(Area(int(plane), _without_gaps(outline, slide.coords[others, :2]), spots))
    return found


def area_of_outline(slide: Slide, plane: int, outline: BaseGeometry) -> Area:
    """Return the area in an outline, with the spots in it."""
    from shapely import contains_xy, make_valid

    spots, valid = _spots_of(slide, plane), make_valid(outline)
    return Area(plane, valid, spots[contains_xy(valid, *slide.coords[spots, :2].T)])


def area_of_stroke(plane: int, path: npt.ArrayLike, radius: float) -> Area:
    """Return the area that a brush swept; spots in it are those that were painted, so that it has none of its own."""
    from shapely import LineString, Point

    points = np.asarray(path, dtype=np.float64)[:, :2]
    line = LineString(points) if len(points) > 1 else Point(points[0])
    return Area(plane, line.buffer(radius), np.zeros(0, np.int64))


def _closed(outline: BaseGeometry, by: float) -> BaseGeometry:
    return outline.buffer(by).buffer(-by)


def _without_gaps(outline: BaseGeometry, others: Floats) -> BaseGeometry:
    """Return an outline whose inner gaps are filled, but for those in which other spots lie."""
    from shapely import Polygon, contains_xy, union_all

    rings = [ring for part in getattr(outline, "geoms", [outline]) for ring in part.interiors]
    return union_all([outline, *(gap for gap in map(Polygon, rings) if not contains_xy(gap, *others.T).any())])


# -- places -----------------------------------------------------------------------------------------------------------


def fill_hole(slide: Slide, areas: Sequence[Area], *, gaps_only: bool = False) -> Places:
    """Return the places of a hole: those of the spots in it, which are not trusted, and new ones where there is none.

    New ones continue the lattice of the spots around; where spots lie on no lattice, they lie as densely as these. None
    lies nearer than 0.6 pitches to a spot.

    Parameters
    ----------
    areas
        What the hole is made of; they may overlap.
    gaps_only
        Trust all measured spots in it, and fill only what lies between them.

    Raises
    ------
    ConcertError
        If there is no place for a spot in it, or nothing is left around it.
    """
    if not areas:
        raise ConcertError("There is no hole to fill: paint one, or draw its outline.")
    inside = np.unique(np.concatenate([np.zeros(0, np.int64), *(area.spots for area in areas)]))
    anew = inside[~slide.usable[inside]] if gaps_only else inside
    known = slide.without(np.union1d(slide.left_out, anew))
    if known.usable.sum() < 2:
        raise ConcertError("The hole takes in all spots that were measured: nothing is left to predict it from.")
    parts = [_filled(slide, plane, _together(areas, plane)) for plane in dict.fromkeys(area.plane for area in areas)]
    places = _table(known, anew, parts)
    if not len(places):
        raise ConcertError(
            "There is no room for a new spot in the hole: every place of the lattice in it was measured. Predict its "
            "spots anew, without trusting what was measured, or draw a larger hole."
        )
    return places


def gaps_in(slide: Slide, areas: Sequence[Area]) -> Places | None:
    """Return the new places alone of a hole; None where there is no room for one."""
    try:
        return fill_hole(slide, areas, gaps_only=True) if areas else None
    except ConcertError:
        return None


def densify(slide: Slide, times: int) -> Places:
    """Return the places of a lattice that is so many times as dense, within the outline of the tissue.

    Measured spots are places of it where the lattice allows (3, 4, 7, 9 … times on a hexagonal one; 2, 4, 5, 8, 9 … on
    a square one), and are not among the new ones.

    Raises
    ------
    ConcertError
        If it is below 2, or gives too many spots.
    """
    if times < 2:
        raise ConcertError(f"Spots can be 2 times as dense or more, not {times}.")
    expected = (times - 1) * int(slide.usable.sum())
    if expected > MOST:
        raise ConcertError(
            f"{times} times as many spots are about {expected:,} new ones, above the most there may be ({MOST:,}); "
            "choose a smaller number."
        )
    planes = np.unique(slide.planes[slide.usable])
    return _table(slide, np.zeros(0, np.int64), [_denser(slide, int(plane), times) for plane in planes])


def _together(areas: Iterable[Area], plane: int) -> BaseGeometry:
    from shapely import union_all

    return union_all([area.outline for area in areas if area.plane == plane])


def _filled(slide: Slide, plane: int, outline: BaseGeometry) -> tuple[int, Floats]:
    """Return the new places (n, 2) of a hole in a plane; each part of it has the lattice of the spots around it."""
    spots = slide.coords[_spots_of(slide, plane), :2]
    low, high = np.array(outline.bounds).reshape(2, 2) if not outline.is_empty else np.zeros((2, 2))
    if np.prod(high - low) > 4 * MOST * slide.pitch**2:
        raise ConcertError("The hole is many times as large as the slide; is its outline in the slide's units?")
    found = np.zeros((0, 2))
    for part in getattr(outline, "geoms", [outline]):
        found = np.vstack([found, _apart(_in_part(slide, plane, part), np.vstack([spots, found]), APART * slide.pitch)])
    return plane, found


def _in_part(slide: Slide, plane: int, part: BaseGeometry) -> Floats:
    """Return the places (n, 2) in one polygon."""
    from shapely import contains_xy

    if part.is_empty or part.area == 0:
        return np.zeros((0, 2))
    low, high = np.array(part.bounds).reshape(2, 2)
    reach = float(np.linalg.norm(high - low)) + MARGIN * slide.pitch
    nodes = _lattice(slide, plane, np.array(part.centroid.coords[0]), reach).nodes(low, high)
    return np.asarray(nodes[contains_xy(part, *nodes.T)])


def _lattice(slide: Slide, plane: int, around: Floats, reach: float) -> Lattice:
    """Return the lattice of the spots around; where they lie on none, a hexagonal one that is as dense as they are."""
    rows = _spots_of(slide, plane)
    points, near = slide.coords[rows, :2], np.linalg.norm(slide.coords[rows, :2] - around, axis=1) <= reach
    near = near if near.any() else np.ones(len(rows), dtype=bool)
    if slide.lattice == "irregular":
        size = float(np.nanmedian(slide.spot_area[rows[near]]))
        return Lattice.turned("hex", (size * 2 / 3**0.5) ** 0.5, around)
    return fit_lattice(points[near], slide.lattice, slide.pitch, around)


def _denser(slide: Slide, plane: int, times: int) -> tuple[int, Floats]:
    """Return the new places (n, 2) of a denser lattice in a plane."""
    rows = _spots_of(slide, plane)
    spots, reach = slide.coords[rows, :2], CLOSED[slide.lattice] * slide.pitch
    kind = "hex" if slide.lattice == "irregular" else slide.lattice
    finer = _lattice(slide, plane, spots.mean(axis=0), np.inf).finer(times, kind)
    nodes = _apart(finer.nodes(spots.min(axis=0), spots.max(axis=0)), spots, APART * finer.pitch)
    return plane, nodes[in_tissue(nodes, spots[slide.usable[rows]], reach)]


def _apart(nodes: Floats, spots: Floats, least: float) -> Floats:
    """Return the places that have no spot nearer than that."""
    return nodes[cKDTree(spots).query(nodes)[0] >= least] if len(nodes) else nodes


def _table(known: Slide, anew: Rows, parts: Sequence[tuple[int, Floats]]) -> Places:
    """Return the spots that are predicted anew, then the new ones, in reading order."""
    axes, section = ["x", "y", "z"][: known.coords.shape[1]], known.columns.section
    again = pd.DataFrame(known.coords[anew], index=known.spot_names[anew].astype(str), columns=axes)
    if section is not None:
        again["section"] = known.labels(section)[anew]
    new = pd.concat([_new(known, plane, found) for plane, found in parts], ignore_index=True)
    prefix = _prefix(known)
    new.index = pd.Index([f"{prefix}{i + 1}" for i in range(len(new))])
    return Places(known, pd.concat([again, new]) if len(again) else new)


def _new(slide: Slide, plane: int, found: Floats) -> pd.DataFrame:
    rows = _spots_of(slide, plane)
    order = np.lexsort((found[:, 0], np.round(found[:, 1] / slide.pitch, 3)))
    table = pd.DataFrame(found[order], columns=["x", "y"])
    if slide.has_z:
        table["z"] = _height(slide, rows)
    if slide.columns.section is not None:
        table["section"] = slide.labels(slide.columns.section)[rows[0]]
    return table


def _height(slide: Slide, rows: Rows) -> float:
    z = slide.coords[rows, 2]
    if np.ptp(z) > slide.pitch:
        raise ConcertError(
            f"The spots of {slide.name} lie in a cloud, not in sections, so that there is no plane to fill; "
            "choose the column that tells sections, or give positions (x, y, z) in a table."
        )
    return float(np.median(z))


def _prefix(slide: Slide) -> str:
    """Return what names of new spots begin with, so that no spot of the slide is called so."""
    taken, prefix = slide.spot_names.astype(str), "new_"
    while taken.str.startswith(prefix).any():
        prefix = f"_{prefix}"
    return prefix


def _located(slide: Slide, rows: Rows) -> Rows:
    return rows[np.isfinite(slide.coords[rows]).all(axis=1)]


def _spots_of(slide: Slide, plane: int) -> Rows:
    """Return the spots of a plane that have coordinates."""
    return _located(slide, np.flatnonzero(slide.planes == plane).astype(np.int64))
