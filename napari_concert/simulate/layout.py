"""Where spots lie and what they are: a hexagonal piece of lung with tumour nodules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]

PITCH_UM = 100.0  # Visium
NORMAL, PERIPHERY, TUMOUR = "normal lung", "periphery", "tumour"
CONTROL = "control"
TARGETS = ("Jak2", "Tgfbr2", "Ifngr2")
NODULE_SPOTS = {"Jak2": (24, 20, 16), "Tgfbr2": (22, 18), "Ifngr2": (20, 14), CONTROL: (40, 34, 28, 24)}
RIM = 2.0  # pitches of periphery around a nodule
GAP = 3.2  # pitches kept free between nodules
PATCH_SPOTS = 20


@dataclass(frozen=True)
class Layout:
    """Positions (N, 2) in µm, tissue and perturbation labels (N,), and rows of an example patch."""

    coords: Floats
    tissue: npt.NDArray[np.object_]
    perturbation: npt.NDArray[np.object_]
    patch: npt.NDArray[np.int64]


def hexagonal_grid(n_spots: int, rng: np.random.Generator) -> Floats:
    """Return the ``n_spots`` grid points (N, 2) nearest to the middle of a lobed outline, in µm, row by row."""
    side = int(np.ceil(np.sqrt(n_spots))) + 10
    row, column = np.divmod(np.arange(int(side * 1.5) * side), side)
    points = np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])
    centred = points - (points.max(axis=0) / 2)
    angle = np.arctan2(centred[:, 1], centred[:, 0])
    lobes = 1 + 0.08 * np.cos(2 * angle + rng.uniform(0, 6)) + 0.05 * np.cos(3 * angle + rng.uniform(0, 6))
    inside = np.argsort(np.linalg.norm(centred, axis=1) / lobes, kind="stable")[:n_spots]
    chosen = points[np.sort(inside)]
    grid: Floats = (chosen - chosen.min(axis=0)) * PITCH_UM
    return grid


def tumour_layout(n_spots: int, rng: np.random.Generator) -> Layout:
    """Place nodules of every state, their periphery, and an example patch in a control nodule."""
    coords = hexagonal_grid(n_spots, rng)
    points = coords / PITCH_UM
    tissue = np.full(len(points), NORMAL, dtype=object)
    state = np.full(len(points), CONTROL, dtype=object)
    share = min(1.0, n_spots / 1903)
    free = np.ones(len(points), dtype=bool)
    patch = np.zeros(0, dtype=np.int64)
    wanted = [(name, size) for name, sizes in NODULE_SPOTS.items() for size in sizes]
    for name, size in sorted(wanted, key=lambda item: -item[1]):
        nodule = _place(points, free, max(3, int(size * share)), rng)
        tissue[nodule], state[nodule] = TUMOUR, name
        near = cKDTree(points[nodule]).query(points)[0]
        free &= near > GAP
        tissue[(near <= RIM) & (tissue == NORMAL)] = PERIPHERY
        if name == CONTROL and not len(patch):
            patch = np.sort(nodule[: max(2, int(PATCH_SPOTS * share))])
    return Layout(coords, tissue, state, patch)


def _place(points: Floats, free: npt.NDArray[np.bool_], size: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Return rows of a roundish nodule of ``size`` spots, nearest to its middle first; on free spots if it can."""
    centre = points.mean(axis=0)
    spread = np.linalg.norm(points - centre, axis=1)
    allowed = np.flatnonzero(free & (spread < 0.85 * spread.max()))
    candidates = allowed if len(allowed) else np.flatnonzero(free) if free.any() else np.arange(len(points))
    open_around = cKDTree(points).query_ball_point(points[candidates], np.sqrt(size / 3))
    roomy = np.array([free[near].mean() for near in open_around])
    best = candidates[roomy >= roomy.max() - 1e-9]
    middle = points[rng.choice(best)]
    return np.argsort(np.linalg.norm(points - middle, axis=1), kind="stable")[:size]
