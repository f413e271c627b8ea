"""Which spots a brush touches: geometry on a KD-tree per place, without napari.

All coordinates and distances are in the slide's units (µm where they are known). Spots in different places (sections
that share no coordinate frame) are never near each other; spots without finite coordinates are never selected.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError
from napari_concert.patches import as_rows

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

# candidates are gathered a little too widely, then decided by the exact distance
_SLACK = 1e-9


class SpotIndex:
    """Spots of a slide, ready for queries; built once per slide.

    Parameters
    ----------
    coords
        (n_spots, d) with d = 2 or 3, in the slide's units; rows with NaN are left out.
    places
        (n_spots,) id of the place of each spot; one place by default.

    Raises
    ------
    ConcertError
        If the shapes do not fit.
    """

    def __init__(self, coords: npt.ArrayLike, places: npt.ArrayLike | None = None) -> None:
        self.coords: Floats = np.asarray(coords, dtype=np.float64)
        if self.coords.ndim != 2 or self.coords.shape[1] not in (2, 3):
            raise ConcertError(f"Coordinates must have shape (spots, 2) or (spots, 3), not {self.coords.shape}.")
        self.places: Rows = np.zeros(len(self.coords), np.int64) if places is None else np.asarray(places, np.int64)
        if self.places.shape != (len(self.coords),):
            raise ConcertError(f"Places have shape {self.places.shape}; expected {(len(self.coords),)}.")
        self._finite = np.isfinite(self.coords).all(axis=1)
        self._trees: dict[int, tuple[Rows, Any]] = {}
        for place in np.unique(self.places[self._finite]):
            rows = np.flatnonzero(self._finite & (self.places == place)).astype(np.int64)
            self._trees[int(place)] = rows, cKDTree(self.coords[rows])

    @property
    def n_spots(self) -> int:
        """How many spots the slide has, those without coordinates included."""
        return len(self.coords)

    # -- selections -------------------------------------------------------------------------------------------------

    def spots_in_disc(self, centre: npt.ArrayLike, radius: float, place: int | None = None) -> Rows:
        """Give the spots within ``radius`` of ``centre`` (d,), the edge included; a ball in 3D."""
        return self.spots_in_stroke(np.atleast_2d(np.asarray(centre, np.float64)), radius, place)

    def spots_in_stroke(self, path: npt.ArrayLike, radius: float, place: int | None = None) -> Rows:
        """Give the spots within ``radius`` of a path, the edge included.

        Parameters
        ----------
        path
            (k, d) points; consecutive ones are joined by straight segments, so that a fast stroke leaves no gap.
        radius
            Brush radius in coordinate units.
        place
            Only spots of this place; all places by default.

        Returns
        -------
        (m,) int64
            Sorted rows.

        Raises
        ------
        ConcertError
            If the path's dimension is not that of the coordinates.
        """
        points = self._points(path)
        if not len(points) or not radius >= 0:
            return np.zeros(0, np.int64)
        starts, ends = (points, points) if len(points) == 1 else (points[:-1], points[1:])
        found = [self._capsule(*segment, radius, place) for segment in zip(starts, ends, strict=True)]
        return np.unique(np.concatenate(found))

    def spots_in_polygon(self, vertices: npt.ArrayLike, place: int | None = None) -> Rows:
        """Give the spots whose x, y lies inside a polygon (k, 2) or on its edge.

        The outline closes itself; where it crosses itself everything it winds around is inside, as one expects of a
        lasso. Fewer than three vertices enclose nothing.
        """
        corners = np.asarray(vertices, dtype=np.float64).reshape(-1, np.shape(vertices)[-1] if np.size(vertices) else 2)
        corners = corners[:, :2]
        if len(corners) < 3:
            return np.zeros(0, np.int64)
        low, high = corners.min(axis=0), corners.max(axis=0)
        slack = _SLACK * float(np.abs(corners).max() + 1.0)
        flat = self.coords[:, :2]
        with np.errstate(invalid="ignore"):
            boxed = self._finite & ((flat >= low - slack) & (flat <= high + slack)).all(axis=1)
        if place is not None:
            boxed &= self.places == place
        rows = np.flatnonzero(boxed).astype(np.int64)
        return rows[_in_polygon(flat[rows], corners, slack)]

    def nearest(self, point: npt.ArrayLike, place: int | None = None, within: float = np.inf) -> int | None:
        """Give the row of the spot nearest to ``point`` (d,), or None if there is none ``within`` that distance."""
        centre = self._points(np.atleast_2d(np.asarray(point, np.float64)))[0]
        best: tuple[float, int] | None = None
        for rows, tree in self._in(place):
            distance, hit = tree.query(centre)
            if distance <= within and (best is None or distance < best[0]):
                best = float(distance), int(rows[hit])
        return None if best is None else best[1]

    # -- around a patch ---------------------------------------------------------------------------------------------

    def distance_to(self, rows: npt.ArrayLike, within: float = np.inf) -> Floats:
        """Give each spot's distance to the nearest of ``rows`` in its own place.

        Parameters
        ----------
        rows
            Rows, or a mask.
        within
            Distances beyond this one are not looked for, which is much faster: they are given as infinite.

        Returns
        -------
        (n_spots,) float64
            0 for the rows themselves, infinity where the place has none of them, NaN without coordinates.

        Raises
        ------
        ConcertError
            If a row is not a spot of the slide.
        """
        chosen = self._mask(rows) & self._finite
        distance = np.where(self._finite, np.inf, np.nan)
        for members, tree in self._trees.values():
            source = members[chosen[members]]
            if not source.size:
                continue
            near = members if within == np.inf else members[self._around(tree, source, within)]
            distance[near] = cKDTree(self.coords[source]).query(self.coords[near], distance_upper_bound=within)[0]
            distance[source] = 0.0
        return distance

    def ring(self, rows: npt.ArrayLike, width: float) -> Rows:
        """Give the surroundings: spots within ``width`` of the patch that are not in it."""
        near = np.isfinite(self.distance_to(rows, _just_over(width)))
        return np.flatnonzero(near & ~self._mask(rows)).astype(np.int64)

    def grow(self, rows: npt.ArrayLike, by: float) -> Rows:
        """Give the patch with every spot within ``by`` of it."""
        return np.union1d(np.flatnonzero(self._mask(rows)), self.ring(rows, by)).astype(np.int64)

    def shrink(self, rows: npt.ArrayLike, by: float) -> Rows:
        """Give the patch without the spots that lie within ``by`` of a spot outside it (in their place)."""
        inside = self._mask(rows)
        edge = np.flatnonzero(np.isfinite(self.distance_to(self.ring(rows, by), _just_over(by))) & inside)
        return np.setdiff1d(np.flatnonzero(inside), edge).astype(np.int64)

    # -- helpers ----------------------------------------------------------------------------------------------------

    def _in(self, place: int | None) -> Iterator[tuple[Rows, Any]]:
        if place is None:
            yield from self._trees.values()
        elif place in self._trees:
            yield self._trees[place]

    def _points(self, path: npt.ArrayLike) -> Floats:
        points = np.asarray(path, dtype=np.float64)
        if points.size == 0:
            return np.zeros((0, self.coords.shape[1]))
        if points.ndim != 2 or points.shape[1] != self.coords.shape[1]:
            raise ConcertError(
                f"A stroke over coordinates of shape {self.coords.shape} needs points of shape "
                f"(k, {self.coords.shape[1]}), not {points.shape}."
            )
        return points

    def _mask(self, rows: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        chosen = as_rows(rows)
        if chosen.size and chosen[-1] >= self.n_spots:
            raise ConcertError(f"Spot row {int(chosen[-1])} is beyond the slide's {self.n_spots} spots.")
        mask = np.zeros(self.n_spots, dtype=bool)
        mask[chosen] = True
        return mask

    def _around(self, tree: Any, source: Rows, within: float) -> Rows:
        """Give the positions in ``tree`` of the spots in the box around ``source``, widened by ``within``."""
        corners = self.coords[source].min(axis=0) - within, self.coords[source].max(axis=0) + within
        return np.flatnonzero(((tree.data >= corners[0]) & (tree.data <= corners[1])).all(axis=1)).astype(np.int64)

    def _capsule(self, start: Floats, end: Floats, radius: float, place: int | None) -> Rows:
        """Give the spots within ``radius`` of the segment from ``start`` to ``end``, unsorted."""
        reach = 0.5 * float(np.linalg.norm(end - start)) + radius
        reach += _SLACK * (reach + float(np.abs(start).max()))
        near = [rows[tree.query_ball_point(0.5 * (start + end), reach)] for rows, tree in self._in(place)]
        rows = np.concatenate([np.zeros(0, np.int64), *near])
        return rows[distance_to_segment(self.coords[rows], start, end) <= radius * (1 + _SLACK)]


def _just_over(distance: float) -> float:
    """Give a distance such that a spot exactly at its edge still counts, whatever the rounding."""
    return distance * (1 + _SLACK)


def distance_to_segment(points: Floats, start: Floats, end: Floats) -> Floats:
    """Give the distance of each point (n, d) to the segment from ``start`` to ``end`` (d,)."""
    along = end - start
    length2 = float(along @ along)
    t = np.zeros(len(points)) if length2 == 0 else np.clip((points - start) @ along / length2, 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - (start + t[:, None] * along), axis=1), dtype=np.float64)


def _in_polygon(points: Floats, corners: Floats, slack: float) -> npt.NDArray[np.bool_]:
    """Give which points (n, 2) the closed outline (k, 2) winds around, or passes through within ``slack``."""
    order = np.argsort(points[:, 1], kind="stable")
    rising = points[order]
    winding = np.zeros(len(points), dtype=np.int64)
    on_edge = np.zeros(len(points), dtype=bool)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        # an edge concerns only the points at its own height
        low, high = sorted((start[1], end[1]))
        level = slice(*np.searchsorted(rising[:, 1], (low - slack, high + 2 * slack)).tolist())
        x, y = rising[level].T
        side = (end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0])
        winding[level] += (start[1] <= y) & (end[1] > y) & (side > 0)
        winding[level] -= (start[1] > y) & (end[1] <= y) & (side < 0)
        on_edge[level] |= distance_to_segment(rising[level], start, end) <= slack
    inside = np.empty(len(points), dtype=bool)
    inside[order] = (winding != 0) | on_edge
    return inside
