"""Areas of spots that lie on no lattice: Voronoi cells, clipped where the tissue ends."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError, Voronoi

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

REACH = 3.0  # pitches: a cell reaches no farther from its spot, so that holes in the tissue belong to nobody
MARGIN = 0.5  # pitches: the tissue is taken to end this far outside the outermost spots


def voronoi_areas(points: Floats, pitch: float) -> Floats:
    """Return the areas (n,) of the spots' Voronoi cells within the tissue.

    A cell is what lies nearer to its spot than to any other, within three pitches of it and within the convex hull of
    all spots widened by half a pitch. Spots at the same position share their cell.

    Parameters
    ----------
    points
        (n, 2) finite positions of one plane.
    pitch
        Median distance between nearest spots.
    """
    distinct, which, shared = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    corners = _corners(distinct, pitch)
    areas = _polygon_areas(corners)
    ends = np.flatnonzero(_may_end(distinct, corners, pitch))
    areas[ends] = _clipped(distinct, [corners[i] for i in ends], ends, pitch)
    return np.asarray((areas / shared)[which.ravel()], dtype=np.float64)


def _corners(points: Floats, pitch: float) -> list[Floats]:
    """Return the corners (k, 2) of each spot's Voronoi cell, in turn; far helper points give all of them an end."""
    middle, span = points.mean(axis=0), np.ptp(points, axis=0).max() + pitch
    far = 100 * span * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    cells = Voronoi(np.vstack([points - middle, far]))
    return [cells.vertices[cells.regions[region]] + middle for region in cells.point_region[: len(points)]]


def _polygon_areas(corners: list[Floats]) -> Floats:
    """Return the areas (n,) of polygons, by the shoelace formula about each one's first corner."""
    sizes, starts, all_corners = _joined(corners)
    offset = all_corners - np.repeat(all_corners[starts], sizes, axis=0)
    following = np.arange(len(offset)) + 1
    following[starts + sizes - 1] = starts
    x, y = offset.T
    return np.abs(np.add.reduceat(x * y[following] - y * x[following], starts)) / 2


def _may_end(points: Floats, corners: list[Floats], pitch: float) -> npt.NDArray[np.bool_]:
    """Return which cells (n,) leave their spot's reach or the hull of all spots: only these need to be clipped."""
    sizes, starts, all_corners = _joined(corners)
    far = np.linalg.norm(all_corners - np.repeat(points, sizes, axis=0), axis=1) > REACH * pitch
    out = ~_in_hull(all_corners, points)
    return np.asarray(np.add.reduceat((far | out).astype(np.int64), starts) > 0)


def _in_hull(places: Floats, points: Floats) -> npt.NDArray[np.bool_]:
    """Return which places (k, 2) lie in the convex hull of the points; none if these lie on one line."""
    try:
        sides = ConvexHull(points).equations
    except (QhullError, ValueError):
        return np.zeros(len(places), dtype=bool)
    return np.asarray((places @ sides[:, :2].T + sides[:, 2] <= 0).all(axis=1))


def _joined(corners: list[Floats]) -> tuple[Rows, Rows, Floats]:
    """Return how many corners each polygon has, where its first one stands, and all of them."""
    sizes = np.array([len(cell) for cell in corners])
    return sizes, np.cumsum(sizes) - sizes, np.concatenate(corners)


def _clipped(points: Floats, corners: list[Floats], which: Rows, pitch: float) -> Floats:
    """Return the areas of some spots' cells within reach and within the tissue."""
    import shapely

    if not len(which):
        return np.zeros(0)
    sizes, _, all_corners = _joined(corners)
    cells = shapely.polygons(shapely.linearrings(all_corners, indices=np.repeat(np.arange(len(which)), sizes)))
    discs = shapely.buffer(shapely.points(points[which]), REACH * pitch, quad_segs=16)
    tissue = shapely.buffer(shapely.convex_hull(shapely.multipoints(points)), MARGIN * pitch)
    return np.asarray(shapely.area(shapely.intersection(shapely.intersection(cells, discs), tissue)), dtype=np.float64)
