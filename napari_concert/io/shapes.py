"""Patches from drawn shapes and back: plain arrays of corners, as napari's Shapes layer holds them. Without napari."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io.outlines import outlines_by_plane, ring_of
from napari_concert.patches import Patch
from napari_concert.selection import in_ellipse
from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

KINDS = ("rectangle", "ellipse", "polygon", "path", "line")


def outlines_of(slide: Slide, patch: Patch, place: int | None = None) -> list[Floats]:
    """Return the outlines of a patch as polygons, one for each part that hangs together.

    Parameters
    ----------
    slide
        Its spots.
    patch
        What to outline; its spots without coordinates are left out.
    place
        Only spots of this place; all places by default.

    Returns
    -------
    list of (k, d) arrays
        Corners x, y (and z on slides with z: that of the section), in the slide's units, not closed. A hole is cut
        open: the outline runs to it, around it, and back. Drawn as polygons in the same place they give the same spots
        again (:func:`patches_of_shapes`), unless a spot lies exactly where one of the patch does.
    """
    rows = patch.spots if place is None else patch.spots[slide.places[patch.spots] == place]
    unit = slide.units.um_per_unit or 1.0
    outlines = []
    for spots, polygons in outlines_by_plane(slide, rows):
        height = np.median(slide.coords[spots, 2:], axis=0)
        for polygon in polygons:
            ring = ring_of(polygon) * unit
            outlines.append(np.hstack([ring, np.broadcast_to(height, (len(ring), len(height)))]))
    return outlines


def patches_of_shapes(
    shapes: Sequence[npt.ArrayLike],
    kinds: Sequence[str],
    names: Sequence[str],
    slide: Slide,
    place: int | None = None,
) -> list[Patch]:
    """Return the patches that shapes enclose; shapes of one name make one patch.

    Parameters
    ----------
    shapes
        (k, d) corners x, y[, z] in the slide's units. With z, a shape takes spots of the section nearest to it.
    kinds
        Of each shape: "rectangle", "ellipse" (the four corners of the box around it, in turn), "polygon", or "path"
        and "line", which take the spots within half a pitch of them. Edges are included; where a polygon crosses
        itself, all that it winds around is inside.
    names
        Of each shape; one without a name becomes a patch of its own.
    slide
        Whose spots are meant.
    place
        Only spots of this place; all places by default.

    Returns
    -------
    list of Patch
        In the order of the names; those without a spot are left out.

    Raises
    ------
    ConcertError
        If a shape is malformed, or none has a spot.
    """
    if not len(shapes) == len(kinds) == len(names):
        raise ConcertError(
            f"Each shape needs a kind and a name; got {len(shapes)} shapes, {len(kinds)} kinds and {len(names)} names."
        )
    index = SpotIndex(slide.coords[:, :2], slide.places)
    found: dict[str, list[Rows]] = {}
    for number, (shape, kind, name) in enumerate(zip(shapes, kinds, names, strict=True), 1):
        corners = _corners(shape, number)
        rows = _touched(index, corners[:, :2], kind, slide.pitch / 2, place)
        found.setdefault(name.strip() or f"shape {number}", []).append(rows[_at_height(slide, rows, corners[:, 2:])])
    patches = [Patch(np.concatenate(rows), name=name) for name, rows in found.items()]
    if not any(map(len, patches)):
        raise ConcertError(f"The shapes enclose no spot of {slide.name}; draw them around spots.")
    return [patch for patch in patches if len(patch)]


def _corners(shape: npt.ArrayLike, number: int) -> Floats:
    corners = np.asarray(shape, dtype=np.float64)
    if corners.ndim != 2 or corners.shape[1] not in (2, 3) or not np.isfinite(corners).all():
        raise ConcertError(f"Shape {number} needs finite corners x, y, not an array of shape {corners.shape}.")
    return corners


def _touched(index: SpotIndex, corners: Floats, kind: str, radius: float, place: int | None) -> Rows:
    """Return the spots that a shape encloses, or that a line runs over."""
    if kind not in KINDS:
        raise UnknownName("kind of shape", kind, KINDS)
    if kind in ("path", "line"):
        return index.spots_in_stroke(corners, radius, place)
    if kind != "ellipse":
        return index.spots_in_polygon(corners, place)
    if len(corners) != 4:
        raise ConcertError(f"An ellipse needs the four corners of the box around it, not {len(corners)}.")
    one, other = (corners[1] - corners[0]) / 2, (corners[2] - corners[1]) / 2
    angle = np.degrees(np.arctan2(one[1], one[0]))
    return in_ellipse(index, corners.mean(axis=0), (np.hypot(*one), np.hypot(*other)), float(angle), place)


def _at_height(slide: Slide, rows: Rows, heights: Floats) -> Mask:
    """Return which spots have coordinates and, if the shape has a height, lie in the section nearest to it."""
    located: Mask = np.asarray(np.isfinite(slide.coords).all(axis=1))
    if not (heights.size and slide.has_z and located.any()):
        return np.asarray(located[rows])
    planes = np.unique(slide.planes[located])
    middles = np.array([np.median(slide.coords[located & (slide.planes == plane), 2]) for plane in planes])
    nearest = planes[np.argmin(np.abs(middles - heights.mean()))]
    return np.asarray(located[rows] & (slide.planes[rows] == nearest))
