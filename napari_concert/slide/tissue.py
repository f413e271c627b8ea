"""Which places of a plane lie in the tissue: between spots that are neighbours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import Delaunay, QhullError, cKDTree

Floats = npt.NDArray[np.float64]

NEAR = 24  # triangles by their middles, among which that of a place is looked for
EDGE = 1e-3  # of a triangle's height: a place this near to its side lies in it


def in_tissue(places: Floats, spots: Floats, reach: float) -> npt.NDArray[np.bool_]:
    """Return which places (n,) lie in the tissue, its edge included.

    The tissue is the alpha shape of its spots: all triangles between neighbours whose circumcircle is no wider than
    ``reach`` (Edelsbrunner, Kirkpatrick and Seidel 1983), so that wider gaps are holes.

    Parameters
    ----------
    places
        (n, 2).
    spots
        (k, 2) of one plane.
    reach
        Largest radius of a circumcircle.
    """
    corners = _triangles(spots, reach)
    if not len(corners):
        return np.zeros(len(places), dtype=bool)
    near = cKDTree(corners.mean(axis=1)).query(places, k=np.arange(1, min(NEAR, len(corners)) + 1))[1]
    return _in_one(places, corners[near])


def _triangles(spots: Floats, reach: float) -> Floats:
    """Return the corners (t, 3, 2) of the triangles between neighbours."""
    try:
        made = Delaunay(np.unique(spots, axis=0))
    except (QhullError, ValueError):  # fewer than three spots, or all in a row
        return np.zeros((0, 3, 2))
    corners = made.points[made.simplices]
    radius, twice = _circumradius(corners)
    return np.asarray(corners[(radius <= reach) & (twice > 0)])


def _circumradius(corners: Floats) -> tuple[Floats, Floats]:
    """Return the radius (t,) of the circle through the corners of each triangle, abc / 4 area, and twice the area."""
    sides = np.roll(corners, -1, axis=1) - corners
    twice = np.abs(sides[:, 0, 0] * sides[:, 1, 1] - sides[:, 0, 1] * sides[:, 1, 0])
    return np.linalg.norm(sides, axis=2).prod(axis=1) / np.maximum(2 * twice, 1e-300), twice


def _in_one(places: Floats, corners: Floats) -> npt.NDArray[np.bool_]:
    """Return which places (n, 2) lie in one of their triangles (n, m, 3, 2), by barycentric coordinates."""
    a, b, c = np.moveaxis(corners, 2, 0)
    of, over = places[:, None] - a, _cross(b - a, c - a)
    second, third = _cross(of, c - a) / over, _cross(b - a, of) / over
    inside = (second >= -EDGE) & (third >= -EDGE) & (second + third <= 1 + EDGE)
    return np.asarray(inside.any(axis=1))


def _cross(one: Floats, other: Floats) -> Floats:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
