"""Where the spots of a simulated stack of brain sections lie, and what they are: coronal sections of a hemisphere.

A place in a section is known by its angle at the midline (0 lateral, 90° dorsal) and its depth: 1 at the outline, 0 at
the midline's middle. All borders are smooth functions of angle and level, the share of the stack that lies behind.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from napari_concert.simulate.recipe import CONTROL
from napari_concert.simulate.spots import PITCH_UM

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

CORE = "ischaemic core"
STATES = (CONTROL, CORE)
CORTEX, STRIATUM, WHITE_MATTER, HIPPOCAMPUS = "cortex", "striatum", "white matter", "hippocampus"
REGIONS = (CORTEX, STRIATUM, WHITE_MATTER, HIPPOCAMPUS)
BRAINS = SHAM, STROKE = ("sham", "stroke")
APART_UM = 5000.0  # between the brains, in z: nothing passes
SPACING_UM = 120.0  # between sections
MIDDLE = (0.68, 0.05)  # of the core at the front, lateral and dorsal, as a share of the hemisphere's width
CORE_RADIUS = 0.27


@dataclass(frozen=True)
class Stack:
    """Sections one above the other: positions (N, 3) in µm, and labels (N,).

    ``anatomy`` (N, 3) are the positions within each brain: the same place in both brains has the same.
    """

    coords: Floats
    anatomy: Floats
    section: Labels
    brain: Labels
    region: Labels
    perturbation: Labels


def brains(n_sections: int, n_spots: int, rng: np.random.Generator) -> Stack:
    """Cut two brains, half of the sections each, with ``n_spots`` a section."""
    each = n_sections // 2
    levels = np.linspace(0, 1, each) if each > 1 else np.array([0.5])
    parts = [_section(brain, i, levels, n_spots, rng) for brain in BRAINS for i in range(each)]
    joined = Stack(*(np.concatenate([getattr(part, name) for part in parts]) for name in Stack.__dataclass_fields__))
    corner = joined.coords.min(axis=0) * [1, 1, 0]
    return replace(joined, coords=joined.coords - corner, anatomy=joined.anatomy - corner)


def _section(brain: str, i: int, levels: Floats, n_spots: int, rng: np.random.Generator) -> Stack:
    points = _grid(n_spots, levels[i], rng)
    height = i * SPACING_UM
    base = 0.0 if brain == SHAM else (len(levels) - 1) * SPACING_UM + APART_UM
    angle, depth, radius = _polar(points, levels[i])
    lesioned = _in_core(points / radius, levels[i]) & (brain == STROKE)
    plane = np.column_stack([points[:, 0], -points[:, 1]]) * PITCH_UM  # dorsal is up in a picture
    return Stack(
        np.column_stack([plane, np.full(n_spots, base + height)]),
        np.column_stack([plane, np.full(n_spots, height)]),
        np.full(n_spots, f"{brain} {i + 1}", dtype=object),
        np.full(n_spots, brain, dtype=object),
        _regions(angle, depth, points / radius, levels[i]),
        np.where(lesioned, CORE, CONTROL).astype(object),
    )


def _grid(n_spots: int, level: float, rng: np.random.Generator) -> Floats:
    """Return the ``n_spots`` points (N, 2) in pitches of a hexagonal grid, shifted and turned a bit, in the outline."""
    side = int(2 * np.sqrt(n_spots)) + 12
    row, column = np.divmod(np.arange(side * side), side)
    grid = np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2]) - [side / 4, side * np.sqrt(3) / 4]
    turn = rng.normal(0, 0.04)
    grid = (grid + rng.uniform(0, 1, 2)) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    angle, away = np.arctan2(grid[:, 1], grid[:, 0]), np.linalg.norm(grid, axis=1)
    depth = np.where(grid[:, 0] > 0, away / _outline(angle, level), np.inf)
    return np.asarray(grid[np.sort(np.argsort(depth, kind="stable")[:n_spots])])


def _polar(points: Floats, level: float) -> tuple[Floats, Floats, float]:
    """Return angle and depth of points, and the hemisphere's mean radius in pitches."""
    angle, away = np.arctan2(points[:, 1], points[:, 0]), np.linalg.norm(points, axis=1)
    depth = away / _outline(angle, level)
    return angle, depth / depth.max(), float(depth.max())


def _outline(angle: Floats, level: float) -> Floats:
    """Return the radius of the hemisphere at some angles, 1 on average."""
    return np.asarray(
        1 + 0.07 * np.cos(2 * angle) + 0.05 * np.sin(2 * angle + level) + 0.06 * (level - 0.5) * np.sin(angle)
    )


def _regions(angle: Floats, depth: Floats, points: Floats, level: float) -> Labels:
    """Return regions: cortex around white matter around striatum, and a hippocampus that grows towards the back."""
    border = 0.72 + 0.03 * np.cos(2 * angle) + 0.02 * np.sin(3 * angle + 2 * level)
    shell = angle > -np.pi / 3 - 0.15 * level
    off = (points - [0.24, 0.38]) / [0.04 + 0.30 * level, 0.02 + 0.13 * level]
    named = (
        (shell & (depth > border), CORTEX),
        (shell & (depth > border - 0.1), WHITE_MATTER),
        (np.linalg.norm(off, axis=1) < 1, HIPPOCAMPUS),
    )
    return np.select([where for where, _ in named], [name for _, name in named], STRIATUM).astype(object)


def _in_core(points: Floats, level: float) -> Mask:
    """Return which points, as shares of the hemisphere's radius, lie in the core: lateral, largest mid-way."""
    x, y = (points - MIDDLE - np.array([0.0, 0.12]) * level).T
    turn = np.arctan2(y, x)
    lobes = 1 + 0.14 * np.cos(2 * turn + 0.8) + 0.09 * np.cos(3 * turn + 1.5 * level)
    size = CORE_RADIUS * np.sqrt(1 - 1.4 * (level - 0.55) ** 2)
    return np.asarray(np.hypot(x, y) < size * lobes)
