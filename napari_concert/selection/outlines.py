"""Spots inside an outline that is drawn with two corners or as an ellipse; a lasso with fewer corners.

Polygons and lassos are :meth:`napari_concert.brush.SpotIndex.spots_in_polygon`. On slides with z an
outline is seen from above: only x, y count.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError
from napari_concert.selection.window import SLACK, as_point, in_box

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]


def in_rectangle(
    index: SpotIndex, one_corner: npt.ArrayLike, other_corner: npt.ArrayLike, place: int | None = None
) -> Rows:
    """Give the spots in an upright rectangle, the edges included.

    Parameters
    ----------
    index
        The slide's spots.
    one_corner, other_corner
        Two opposite corners x, y, in any order, in the slide's units.
    place
        Only spots of this place; all places by default.

    Returns
    -------
    (m,) int64
        Sorted rows.

    Raises
    ------
    ConcertError
        If a corner is not a point.
    """
    corners = np.stack([as_point(one_corner, "A corner"), as_point(other_corner, "A corner")])
    slack = _slack(corners)
    return in_box(index, corners.min(axis=0) - slack, corners.max(axis=0) + slack, place)


def in_ellipse(
    index: SpotIndex,
    centre: npt.ArrayLike,
    semi_axes: npt.ArrayLike,
    angle_deg: float = 0.0,
    place: int | None = None,
) -> Rows:
    """Give the spots in an ellipse, the edge included.

    Parameters
    ----------
    index
        The slide's spots.
    centre
        Its centre x, y, in the slide's units.
    semi_axes
        Half its two diameters, in the slide's units.
    angle_deg
        How far the first axis is turned from x towards y, in degrees.
    place
        Only spots of this place; all places by default.

    Returns
    -------
    (m,) int64
        Sorted rows.

    Raises
    ------
    ConcertError
        If the centre is not a point, a semi-axis is not a length, or the angle is not finite.
    """
    middle, axes = as_point(centre, "The centre"), as_point(semi_axes, "The semi-axes")
    if (axes < 0).any() or not np.isfinite(angle_deg):
        raise ConcertError(
            f"An ellipse needs two lengths and an angle in degrees, not {axes.tolist()} and {angle_deg}."
        )
    axes = axes + _slack(np.concatenate([middle, axes]))
    rows = in_box(index, middle - axes.max(), middle + axes.max(), place)
    along = turned(index.coords[rows, :2] - middle, -angle_deg) / axes
    return rows[np.hypot(along[:, 0], along[:, 1]) <= 1.0]


def simplified(path: npt.ArrayLike, tolerance: float) -> Floats:
    """Give a lasso with fewer corners that selects the same spots, but for some this near to its line.

    Parameters
    ----------
    path
        (k, 2) corners x, y in the slide's units; the outline closes itself.
    tolerance
        How far the line may move, in the slide's units.

    Returns
    -------
    (m, 2) float64
        Some of the corners, in their order, the first among them.

    Raises
    ------
    ConcertError
        If the path has other shapes or values, or the tolerance is negative.
    """
    import shapely

    corners = np.asarray(path, dtype=np.float64)
    if corners.size == 0:
        return np.zeros((0, 2))
    if corners.ndim != 2 or corners.shape[1] not in (2, 3) or not np.isfinite(corners).all():
        raise ConcertError(f"A lasso needs finite points x, y, not an array of shape {corners.shape}.")
    if not 0 <= tolerance < np.inf:
        raise ConcertError(f"A line can move by 0 or a positive length, not {tolerance}.")
    closed = shapely.LineString(np.concatenate([corners, corners[:1]])[:, :2])
    return np.asarray(shapely.get_coordinates(closed.simplify(tolerance, preserve_topology=False)))[:-1]


def turned(points: Floats, angle_deg: float) -> Floats:
    """Give points (n, 2) turned around the origin by an angle in degrees, from x towards y."""
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]), dtype=np.float64)


def _slack(values: Floats) -> float:
    """Give a length far below the spots' distances, and above the rounding of such values."""
    return SLACK * float(np.abs(values).max() + 1.0)
