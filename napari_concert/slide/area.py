"""Areas of spots that lie on no lattice: Voronoi cells, clipped where the tissue ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import Voronoi

Floats = npt.NDArray[np.float64]

REACH = 2.0  # pitches: a cell reaches no farther from its spot, so that holes in the tissue belong to nobody
MARGIN = 0.5  # pitches: the tissue is taken to end this far outside the outermost spots


def voronoi_areas(points: Floats, pitch: float) -> Floats:
    """Return the areas (n,) of the spots' Voronoi cells within the tissue.

    A cell is what lies nearer to its spot than to any other, within two pitches of it and within the convex hull of
    all spots widened by half a pitch. Spots at the same position share their cell.

    Parameters
    ----------
    points
        (n, 2) finite positions of one plane.
    pitch
        Median distance between nearest spots.
    """
    distinct, which, shared = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    areas = _clipped(distinct, _corners(distinct, pitch), pitch) / shared
    return np.asarray(areas[which.ravel()], dtype=np.float64)


def _corners(points: Floats, pitch: float) -> list[Floats]:
    """Return the corners (k, 2) of each spot's Voronoi cell; far helper points give all of them an end."""
    middle, span = points.mean(axis=0), np.ptp(points, axis=0).max() + pitch
    far = 100 * span * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
    cells = Voronoi(np.vstack([points - middle, far]))
    return [cells.vertices[cells.regions[region]] + middle for region in cells.point_region[: len(points)]]


def _clipped(points: Floats, corners: list[Floats], pitch: float) -> Floats:
    """Return the areas (n,) of cells within reach and within the tissue."""
    import shapely

    sizes = [len(cell) for cell in corners]
    cells: Any = shapely.polygons(
        shapely.linearrings(np.concatenate(corners), indices=np.repeat(np.arange(len(points)), sizes))
    )
    discs = shapely.buffer(shapely.points(points), REACH * pitch, quad_segs=16)
    tissue = shapely.buffer(shapely.convex_hull(shapely.multipoints(points)), MARGIN * pitch)
    shapely.prepare(tissue)
    ends = ~(shapely.covers(discs, cells) & shapely.covers(tissue, cells))
    cells[ends] = shapely.intersection(shapely.intersection(cells[ends], discs[ends]), tissue)
    return np.asarray(shapely.area(cells), dtype=np.float64)
