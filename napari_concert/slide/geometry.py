"""The lattice of a slide: pitch, kind, and the area that belongs to each spot."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.slide.area import voronoi_areas

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

TOLERANCE = 0.25  # of the pitch: how far a neighbour may be off the lattice
TURN_TOLERANCE = 12.0  # degrees
LATTICE_SHARE = 0.5  # of the turns between neighbours must fit a lattice for the slide to be called one


@dataclass(frozen=True, eq=False)
class Geometry:
    """How spots lie in their planes.

    Attributes
    ----------
    pitch
        Median step between neighbours of a lattice, or else median distance to the nearest other spot of the same
        plane; in the unit of the coordinates.
    lattice
        "hex", "square" or "irregular".
    coords
        (n_spots, d), NaN where missing.
    planes
        Rows of each plane's spots.
    """

    pitch: float
    lattice: str
    coords: Floats = field(repr=False)
    planes: tuple[Rows, ...] = field(repr=False)

    @cached_property
    def area(self) -> Floats:
        """Area (n_spots,) of each spot: a lattice cell, or its clipped Voronoi cell; NaN without coordinates."""
        area = np.full(len(self.coords), np.nan)
        for rows in self.planes:
            area[rows] = self._areas(self.coords[rows, :2])
        return area

    def _areas(self, points: Floats) -> Floats:
        if self.lattice == "hex":
            return np.full(len(points), self.pitch**2 * np.sqrt(3) / 2)
        if self.lattice == "square":
            return np.full(len(points), self.pitch**2)
        return voronoi_areas(points, self.pitch)


def geometry_of(coords: Floats, planes: Rows) -> Geometry:
    """Measure a slide's lattice.

    Parameters
    ----------
    coords
        (n_spots, d), NaN rows where missing.
    planes
        (n_spots,): neighbours are only looked for within a plane.
    """
    groups = tuple(_groups(coords, planes))
    nearest = [_nearest(coords[rows]) for rows in groups if len(rows) > 1]
    apart = np.concatenate([np.zeros(0), *nearest])
    if not (apart > 0).any():
        return Geometry(1.0, "irregular", coords, groups)
    pitch = float(np.median(apart[apart > 0]))
    measured = [_steps(coords[rows, :2], pitch) for rows in groups]
    steps, turns = (np.concatenate(part) for part in zip(*measured, strict=True))
    lattice = _lattice(turns)
    # where spots jitter, the nearest one is nearer than a lattice step
    return Geometry(pitch if lattice == "irregular" else float(np.median(steps)), lattice, coords, groups)


def _groups(coords: Floats, planes: Rows) -> list[Rows]:
    """Return the rows of each plane, those with coordinates only."""
    finite = np.flatnonzero(np.isfinite(coords).all(axis=1))
    order = finite[np.argsort(planes[finite], kind="stable")]
    ends = np.flatnonzero(np.diff(planes[order])) + 1
    return [rows for rows in np.split(order, ends) if len(rows)]


def _nearest(points: Floats) -> Floats:
    return np.asarray(cKDTree(points).query(points, k=2)[0])[:, 1]


def _steps(points: Floats, pitch: float) -> tuple[Floats, Floats]:
    """Return distances between spots about one pitch apart, and the angles (degrees) between them around each spot."""
    pairs = cKDTree(points).query_pairs(pitch * (1 + TOLERANCE), output_type="ndarray")
    both = np.vstack([pairs, pairs[:, ::-1]])
    offset = points[both[:, 1]] - points[both[:, 0]]
    angle = np.degrees(np.arctan2(offset[:, 1], offset[:, 0]))
    order = np.lexsort((angle, both[:, 0]))
    same_spot = both[order[1:], 0] == both[order[:-1], 0]
    return np.linalg.norm(offset, axis=1), np.diff(angle[order])[same_spot]


def _lattice(turns: Floats) -> str:
    """Name the lattice by its turns: multiples of 60° make it hexagonal, of 90° square; straight on is in both."""
    telling = turns[np.abs(turns - 180.0) > TURN_TOLERANCE]
    for name, degrees in (("hex", (60.0, 120.0, 240.0, 300.0)), ("square", (90.0, 270.0))):
        off = np.abs(telling[:, None] - degrees).min(axis=1)
        if len(telling) and np.mean(off < TURN_TOLERANCE) > LATTICE_SHARE:
            return name
    return "irregular"
