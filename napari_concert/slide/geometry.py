"""The lattice of a slide: pitch, kind, and the area that belongs to each spot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import QhullError, Voronoi, cKDTree

Floats = npt.NDArray[np.float64]

TOLERANCE = 0.25  # of the pitch: how far a neighbour may be off the lattice
LATTICE_SHARE = 0.5  # of spots must fit a lattice for the slide to be called one
SPOT_SHARE = 0.55  # spot diameter / pitch of a Visium slide: 55 µm at 100 µm


@dataclass(frozen=True)
class Geometry:
    """Pitch (median distance to the nearest spot of the same place), lattice kind, and area per spot (n_spots,)."""

    pitch: float
    lattice: str
    area: Floats


def geometry_of(coords: Floats, places: npt.NDArray[np.int64]) -> Geometry:
    """Measure a slide's lattice in the first two coordinates (a section's plane).

    Parameters
    ----------
    coords
        (n_spots, d), NaN rows where missing.
    places
        (n_spots,): neighbours are only looked for within a plane of one place.
    """
    area = np.full(len(coords), np.nan)
    groups = [rows for rows in _planes(coords, places) if len(rows) > 1]
    distances = [_nearest(coords[rows, :2]) for rows in groups]
    if not groups or not np.concatenate(distances).max():
        return Geometry(1.0, "irregular", np.where(np.isfinite(coords[:, 0]), 1.0, np.nan))
    positive = np.concatenate(distances)
    pitch = float(np.median(positive[positive > 0]))
    lattice = _lattice(np.concatenate([_turns(coords[rows, :2], pitch) for rows in groups]))
    for rows in _planes(coords, places):
        area[rows] = _areas(coords[rows, :2], pitch, lattice)
    return Geometry(pitch, lattice, area)


def _planes(coords: Floats, places: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Return the rows of each plane: one place, and one z where there is a z."""
    finite = np.flatnonzero(np.isfinite(coords).all(axis=1))
    z = coords[finite, 2] if coords.shape[1] > 2 else np.zeros(len(finite))
    _, group = np.unique(np.column_stack([places[finite], z]), axis=0, return_inverse=True)
    group = group.ravel()
    return [finite[group == g] for g in range(int(group.max(initial=-1)) + 1)]


def _nearest(points: Floats) -> Floats:
    distance: Floats = cKDTree(points).query(points, k=2)[0][:, 1]
    return distance


def _turns(points: Floats, pitch: float) -> Floats:
    """Return angles (radians) between neighbouring spots one pitch apart around each spot."""
    pairs = cKDTree(points).query_pairs(pitch * (1 + TOLERANCE), output_type="ndarray")
    if not len(pairs):
        return np.zeros(0)
    both = np.vstack([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    offset = points[both[:, 1]] - points[both[:, 0]]
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    order = np.lexsort((angle, both[:, 0]))
    same = both[order[1:], 0] == both[order[:-1], 0]
    turns: Floats = np.diff(angle[order])[same]
    return turns


def _lattice(turns: Floats) -> str:
    """Name the lattice by its commonest angle: 60° is hexagonal, 90° square."""
    if not len(turns):
        return "irregular"
    for name, degrees in (("hex", 60.0), ("square", 90.0)):
        if np.mean(np.abs(np.degrees(turns) - degrees) < 12.0) > LATTICE_SHARE:
            return name
    return "irregular"


def _areas(points: Floats, pitch: float, lattice: str) -> Floats:
    if lattice == "hex":
        return np.full(len(points), pitch**2 * np.sqrt(3) / 2)
    if lattice == "square" or len(points) < 5:
        return np.full(len(points), pitch**2)
    return _voronoi_areas(points, pitch)


def _voronoi_areas(points: Floats, pitch: float) -> Floats:
    """Return areas of Voronoi cells, at most those of a disc of one pitch radius: cells at the edge have no end."""
    largest = np.pi * pitch**2
    areas = np.full(len(points), largest)
    try:
        cells = Voronoi(points)
    except QhullError:  # all spots on one line
        return np.full(len(points), pitch**2)
    for i, region in enumerate(cells.point_region):
        corners = cells.regions[region]
        if corners and -1 not in corners:
            x, y = cells.vertices[corners].T
            areas[i] = min(largest, 0.5 * abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))
    return areas
