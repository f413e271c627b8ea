"""Outlines of patches: the union of their spots' cells, which holds these spots and no other of the same plane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.spatial import Voronoi, cKDTree

from napari_concert.slide import Slide

if TYPE_CHECKING:
    from shapely import Polygon
    from shapely.geometry.base import BaseGeometry

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

# pitches that a cell reaches from its spot: beyond the corners of a lattice's cells, so that a patch is one outline
REACH = {"hex": 0.75, "square": 0.75, "irregular": 2.0}
ROUNDNESS = 4  # sides of a quarter of a circle


def outlines_by_plane(slide: Slide, rows: Rows) -> Iterator[tuple[Rows, list[Polygon]]]:
    """Yield, for each plane that has some of the spots, these spots and the polygons around them.

    A spot's cell is what lies nearer to it than to any other spot of its plane, and within :data:`REACH` of it. Gaps
    that lie within the cells and hold no spot are filled. So the polygons hold the patch's spots, and no other spot of
    the plane but one at the very same position.

    Parameters
    ----------
    slide
        Its spots; those without coordinates are left out.
    rows
        Spots of the patch, 0-based.

    Yields
    ------
    rows, polygons
        Polygons are in the unit of the slide's file; they may have holes.
    """
    located = np.isfinite(slide.raw_coords).all(axis=1)
    chosen = np.zeros(slide.n_spots, dtype=bool)
    chosen[rows] = True
    chosen &= located
    reach = REACH[slide.lattice] * slide.pitch / slide.units.factor
    for plane in np.unique(slide.planes[chosen]):
        spots = np.flatnonzero(located & (slide.planes == plane)).astype(np.int64)
        yield spots[chosen[spots]], _polygons(slide.raw_coords[spots, :2], chosen[spots], reach)


def ring_of(polygon: Polygon) -> Floats:
    """Return a polygon as one ring of corners (k, 2), not closed: its holes are joined to its edge by cuts.

    A cut runs from a hole's leftmost corner straight to the left, and back. The ring winds once around all of the
    polygon, and not around its holes.
    """
    from shapely.geometry.polygon import orient

    turned = orient(polygon)
    ring = np.asarray(turned.exterior.coords)[:-1, :2]
    # what lies to the left of a hole's leftmost corner is the edge, or a hole that begins farther left
    holes = [np.asarray(hole.coords)[:-1, :2] for hole in turned.interiors]
    for hole in sorted(holes, key=lambda corners: float(corners[:, 0].min())):
        ring = _joined(ring, hole)
    return np.asarray(ring, dtype=np.float64)


def _joined(ring: Floats, hole: Floats) -> Floats:
    loop = np.roll(hole, -int(np.argmin(hole[:, 0])), axis=0)
    x, y = loop[0]
    start, end = ring, np.roll(ring, -1, axis=0)
    sides = np.flatnonzero((start[:, 1] <= y) != (end[:, 1] <= y))
    share = (y - start[sides, 1]) / (end[sides, 1] - start[sides, 1])
    at = start[sides, 0] + share * (end[sides, 0] - start[sides, 0])
    nearest = int(np.argmax(np.where(at <= x, at, -np.inf)))
    side, foot = sides[nearest] + 1, [[at[nearest], y]]
    return np.concatenate([ring[:side], foot, loop, loop[:1], foot, ring[side:]])


def _polygons(points: Floats, chosen: Mask, reach: float) -> list[Polygon]:
    """Return polygons around the chosen of the points (n, 2) of one plane."""
    import shapely

    mine, rest = np.unique(points[chosen], axis=0), points[~chosen]
    area = shapely.union_all(shapely.buffer(shapely.points(mine), reach, quad_segs=ROUNDNESS))
    others = _others(rest, mine, 2 * reach)
    if len(others):
        area = shapely.difference(area, shapely.union_all(_cells(others, mine)))
    return _parts(shapely.union_all(_filled(_parts(area), rest)))


def _parts(area: BaseGeometry) -> list[Polygon]:
    """Return the polygons of an area, without the points where they touch."""
    import shapely

    return [part for part in shapely.get_parts(shapely.get_parts(area)) if part.geom_type == "Polygon"]


def _filled(polygons: list[Polygon], points: Floats) -> list[Polygon]:
    """Return polygons with only those holes that have some of the points (n, 2) in them."""
    import shapely

    holes = [[shapely.Polygon(ring) for ring in polygon.interiors] for polygon in polygons]
    flat = [hole for of_one in holes for hole in of_one]
    met = shapely.STRtree(flat).query(shapely.points(points), predicate="intersects")[1]
    kept = {id(flat[i]) for i in met}
    return [
        shapely.Polygon(polygon.exterior, [hole.exterior for hole in of_one if id(hole) in kept])
        for polygon, of_one in zip(polygons, holes, strict=True)
    ]


def _others(points: Floats, mine: Floats, within: float) -> Floats:
    """Return the distinct points (m, 2) that lie near some of mine, but not exactly on one."""
    distance, _ = cKDTree(mine).query(points, distance_upper_bound=within) if len(points) else (np.zeros(0), None)
    return np.unique(points[np.isfinite(distance) & (distance > 0)], axis=0)


def _cells(points: Floats, others: Floats) -> list[Polygon]:
    """Return what of the plane lies nearer to each of the points (n, 2) than to all else."""
    import shapely

    all_points = np.vstack([points, others])
    middle, span = all_points.mean(axis=0), np.ptp(all_points, axis=0).max()
    far = 100 * span * np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])  # they give all cells an end
    found = Voronoi(np.vstack([all_points - middle, far]))
    return [shapely.Polygon(found.vertices[found.regions[i]] + middle) for i in found.point_region[: len(points)]]
