"""Where spots lie: a hexagonal grid or scattered ones in a lobed outline, with or without holes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]

PITCH_UM = 100.0  # Visium
NEAREST = 0.7  # pitches between two scattered spots, at least
HOLE_PITCHES = (2.0, 4.0)


def hexagonal_grid(n_spots: int, holes: int, rng: np.random.Generator) -> Floats:
    """Return ``n_spots`` grid points (N, 2) nearest to the middle of a lobed outline, in µm, row by row."""
    side = int(np.ceil(np.sqrt(n_spots))) + 10
    row, column = np.divmod(np.arange(int(side * 1.5) * side), side)
    return _cut(np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2]), n_spots, holes, rng)


def scattered(n_spots: int, holes: int, rng: np.random.Generator) -> Floats:
    """Return ``n_spots`` points (N, 2) in such an outline, as dense as the grid, in µm: random, but never close."""
    side = np.sqrt(n_spots) + 10
    drawn = rng.uniform(0, side, (int(12 * side**2), 2))
    return _cut(drawn[_apart(drawn)], n_spots, holes, rng)


def _apart(points: Floats) -> npt.NDArray[np.int64]:
    """Return rows of points that keep their distance from all earlier ones that are kept."""
    kept = np.ones(len(points), dtype=bool)
    for i, near in enumerate(neighbours(points, NEAREST)):
        if kept[i]:
            kept[[j for j in near if j > i]] = False
    return np.flatnonzero(kept)


def neighbours(points: Floats, within: float) -> list[list[int]]:
    """Return the rows of each point's neighbours, itself among them."""
    found: Any = cKDTree(points).query_ball_point(points, within)
    return list(found)


def smooth(points: Floats, count: int, pitches: float, rng: np.random.Generator) -> Floats:
    """Return smooth factors (n_spots, count) of unit variance: random Fourier features of a Gaussian kernel.

    Parameters
    ----------
    points
        (n_spots, 2 or 3) in pitches, of which ``pitches`` are the length-scale.
    """
    n_waves = 300
    factors = np.zeros((len(points), count))
    for k in range(count):
        waves = rng.normal(0, 1 / pitches, (points.shape[1], n_waves))
        factors[:, k] = np.cos(points @ waves + rng.uniform(0, 2 * np.pi, n_waves)).sum(axis=1) * np.sqrt(2 / n_waves)
    scaled: Floats = (factors - factors.mean(axis=0)) / factors.std(axis=0)
    return scaled


def _cut(points: Floats, n_spots: int, holes: int, rng: np.random.Generator) -> Floats:
    centred = points - (points.max(axis=0) / 2)
    angle = np.arctan2(centred[:, 1], centred[:, 0])
    lobes = 1 + 0.08 * np.cos(2 * angle + rng.uniform(0, 6)) + 0.05 * np.cos(3 * angle + rng.uniform(0, 6))
    away = np.linalg.norm(centred, axis=1) / lobes
    if holes:
        away = np.where(_in_holes(centred, np.sqrt(n_spots / np.pi), holes, rng), np.inf, _frayed(away, angle, rng))
    inside = np.argsort(away, kind="stable")[:n_spots]
    chosen = points[np.sort(inside)]
    grid: Floats = (chosen - chosen.min(axis=0)) * PITCH_UM
    return grid


def _in_holes(centred: Floats, radius: float, holes: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    middles = rng.uniform(-0.75, 0.75, (holes, 2)) * radius
    away = np.linalg.norm(centred[:, None] - middles, axis=2)
    found: npt.NDArray[np.bool_] = (away < rng.uniform(*HOLE_PITCHES, holes)).any(axis=1)
    return found


def _frayed(away: Floats, angle: Floats, rng: np.random.Generator) -> Floats:
    """Return distances to the middle with an outline of many small lobes."""
    frayed: Floats = away / (1 + sum(0.06 * np.cos(k * angle + rng.uniform(0, 6)) for k in (5, 8, 13)))
    return frayed
