"""Patches from drawn shapes and back: what napari's Shapes layer holds, as plain values. Without napari."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io.columns import distinct
from napari_concert.io.outlines import outlines_by_plane, ring_of
from napari_concert.patches import DEFAULT_COLOR, Patch, Target
from napari_concert.selection import in_ellipse
from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

KINDS = ("rectangle", "ellipse", "polygon", "path", "line")


@dataclass(frozen=True, eq=False)
class Shape:
    """A drawn shape, and what is said of the patch that it is part of.

    Attributes
    ----------
    corners
        (k, d) corners x, y[, z] in the slide's units. With z, it takes spots of the section nearest to it.
    kind
        "rectangle", "ellipse" (the four corners of the box around it, in turn), "polygon", or "path" and "line", which
        take the spots within half a pitch of them.
    name
        Of its patch; a shape without a name is a patch of its own.
    target, color
        What the patch becomes, and its colour; None where nothing is said.
    """

    corners: npt.ArrayLike
    kind: str = "polygon"
    name: str = ""
    target: Target = field(default_factory=dict)
    color: str | None = None


# -- out --------------------------------------------------------------------------------------------------------------


def shapes_of_patches(slide: Slide, patches: Sequence[Patch], drawn: npt.ArrayLike | None = None) -> list[Shape]:
    """Return patches as polygons, of which those of one name are one patch; :func:`patches_of_shapes` reads them.

    Parameters
    ----------
    slide
        On which they were painted.
    patches
        Those without spots are left out. Where two have one name, a number tells them apart.
    drawn
        (n_spots, d) x, y[, z] where the spots are drawn, if that is elsewhere than their coordinates.
    """
    names = distinct(patch.name for patch in patches)
    return [
        Shape(outline, "polygon", name, patch.target, patch.color)
        for patch, name in zip(patches, names, strict=True)
        for outline in outlines_of(slide, patch, drawn=drawn)
    ]


def outlines_of(
    slide: Slide, patch: Patch, place: int | None = None, drawn: npt.ArrayLike | None = None
) -> list[Floats]:
    """Return the outlines of a patch as polygons, one for each part that hangs together.

    Parameters
    ----------
    slide
        Its spots.
    patch
        What to outline; its spots without coordinates are left out.
    place
        Only spots of this place; all places by default.
    drawn
        (n_spots, d) where the spots are drawn, if that is elsewhere than their coordinates: each plane as a whole.

    Returns
    -------
    list of (k, d) arrays
        Corners x, y (and z on slides with z: that of the section), in the slide's units, not closed. A hole is cut
        open: the outline runs to it, around it, and back. Drawn as polygons in the same place they give the same spots
        again (:func:`patches_of_shapes`), unless a spot lies exactly where one of the patch does.
    """
    rows = patch.spots if place is None else patch.spots[slide.places[patch.spots] == place]
    unit = slide.units.factor
    outlines = []
    for spots, polygons in outlines_by_plane(slide, rows):
        height = np.median(slide.coords[spots, 2:], axis=0)
        moved = 0.0 if drawn is None else (np.asarray(drawn)[spots[0]] - slide.coords[spots[0]])[:2]
        for polygon in polygons:
            ring = ring_of(polygon) * unit + moved
            outlines.append(np.hstack([ring, np.broadcast_to(height, (len(ring), len(height)))]))
    return outlines


def target_as_text(target: Target, slide: Slide) -> str:
    """Return what a patch becomes as text: the bare state where that is all, JSON where it is more, or ""."""
    state = target.get("perturbation")
    if len(target) == 1 and state in slide.states:
        return str(state)
    return json.dumps(dict(target), ensure_ascii=False) if target else ""


# -- in ---------------------------------------------------------------------------------------------------------------


def target_of_text(said: str, slide: Slide) -> dict[str, str | float]:
    """Return the target that :func:`target_as_text` wrote, or that a user did: the name of a state will do.

    Raises
    ------
    UnknownName
        If it is neither a state of the slide nor JSON.
    """
    if not said.strip():
        return {}
    if said in slide.states:
        return {"perturbation": said}
    try:
        found = json.loads(said)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UnknownName("state", said, slide.states)
    return found


def patches_of_shapes(
    shapes: Sequence[Shape],
    slide: Slide,
    place: int | None = None,
    drawn: npt.ArrayLike | None = None,
    colours: Sequence[str] = (DEFAULT_COLOR,),
) -> list[Patch]:
    """Return the patches that shapes enclose; shapes of one name make one patch, which is as its first shape says.

    Edges are included; where a polygon crosses itself, all that it winds around is inside.

    Parameters
    ----------
    shapes
        What was drawn.
    slide
        Whose spots are meant.
    place
        Only spots of this place; all places by default.
    drawn
        (n_spots, d) x, y[, z] where the spots are drawn, if that is elsewhere than their coordinates.
    colours
        For patches of which no colour is said, in turn.

    Returns
    -------
    list of Patch
        In the order of the names; those without a spot are left out.

    Raises
    ------
    ConcertError
        If a shape is malformed, or none has a spot.
    """
    points = slide.coords if drawn is None else np.asarray(drawn, dtype=np.float64)
    index, next_colours = SpotIndex(points[:, :2], slide.places), cycle(colours)
    found: dict[str, list[Rows]] = {}
    first: dict[str, Shape] = {}
    for number, shape in enumerate(shapes, 1):
        corners = _corners(shape.corners, number)
        rows = _touched(index, corners[:, :2], shape.kind, slide.pitch / 2, place)
        name = shape.name.strip() or f"shape {number}"
        first.setdefault(name, shape)
        found.setdefault(name, []).append(rows[_at_height(slide, rows, corners[:, 2:])])
    patches = [
        Patch(spots, first[name].target, name, first[name].color or next(next_colours))
        for name, rows in found.items()
        if len(spots := np.concatenate(rows))
    ]
    if not patches:
        raise ConcertError(_nothing(shapes, points, slide))
    return patches


def _nothing(shapes: Sequence[Shape], points: Floats, slide: Slide) -> str:
    """Say why shapes have no spot."""
    if not shapes:
        return f"There is no shape yet; draw some around spots of {slide.name}."
    corners = np.concatenate([np.asarray(shape.corners)[:, :2] for shape in shapes])
    box, spots = list(_spans(corners)), list(_spans(points[np.isfinite(points).all(axis=1), :2]))
    if all(low <= top and high >= bottom for (low, high), (bottom, top) in zip(box, spots, strict=True)):
        return f"The shapes enclose no spot of {slide.name}; draw them around spots."
    return (
        f"The shapes lie outside {slide.name}: they are at {_span_text(box)}, its spots at {_span_text(spots)} "
        f"({slide.units.name}). Move or scale their layer onto the spots."
    )


def _spans(points: Floats) -> Iterator[tuple[float, float]]:
    return zip(points.min(axis=0).tolist(), points.max(axis=0).tolist(), strict=True)


def _span_text(spans: Sequence[tuple[float, float]]) -> str:
    return ", ".join(f"{axis} {low:,.4g} to {high:,.4g}" for axis, (low, high) in zip("xy", spans, strict=True))


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
    sides = np.column_stack([corners[1] - corners[0], corners[2] - corners[1]]) / 2
    turned, axes, _ = np.linalg.svd(sides)  # the box may be a parallelogram, where its layer is stretched and turned
    angle = np.degrees(np.arctan2(turned[1, 0], turned[0, 0]))
    return in_ellipse(index, corners.mean(axis=0), axes, float(angle), place)


def _at_height(slide: Slide, rows: Rows, heights: Floats) -> Mask:
    """Return which spots have coordinates and, if the shape has a height, lie in the section nearest to it."""
    located: Mask = np.asarray(np.isfinite(slide.coords).all(axis=1))
    if not (heights.size and slide.has_z and located.any()):
        return np.asarray(located[rows])
    planes = np.unique(slide.planes[located])
    middles = np.array([np.median(slide.coords[located & (slide.planes == plane), 2]) for plane in planes])
    nearest = planes[np.argmin(np.abs(middles - heights.mean()))]
    return np.asarray(located[rows] & (slide.planes[rows] == nearest))
