"""What the spots of a simulated slide are: lung with tumour nodules, or a few large regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.simulate.recipe import CONTROL, Arrangement, Example
from napari_concert.simulate.spots import PITCH_UM, hexagonal_grid, scattered

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Labels = npt.NDArray[np.object_]

NORMAL, PERIPHERY, TUMOUR = "normal lung", "periphery", "tumour"
TISSUES = (NORMAL, PERIPHERY, TUMOUR)
FULL_SIZE = 1903  # spots; nodules are smaller on smaller slides
RIM = 2.0  # pitches of periphery around a nodule
GAP = 3.2  # pitches kept free between nodules
BAND_PITCHES = 7.0


@dataclass(frozen=True)
class Layout:
    """Positions (N, 2) in µm, tissue and perturbation labels (N,), and rows of an example patch."""

    coords: Floats
    tissue: Labels
    perturbation: Labels
    patch: Rows


def arrange(n_spots: int, wanted: Arrangement, example: Example, rng: np.random.Generator) -> Layout:
    """Place spots, states, tissues and an example patch."""
    coords = (hexagonal_grid if wanted.spots == "hexagonal" else scattered)(n_spots, wanted.holes, rng)
    made = _regions if wanted.states == "regions" else _nodules
    return made(coords, wanted, example, rng)


def _nodules(coords: Floats, wanted: Arrangement, example: Example, rng: np.random.Generator) -> Layout:
    """Place nodules of every state and their periphery, the largest first."""
    points, share = coords / PITCH_UM, min(1.0, len(coords) / FULL_SIZE)
    tissue = np.full(len(points), NORMAL, dtype=object)
    state = np.full(len(points), CONTROL, dtype=object)
    free = np.ones(len(points), dtype=bool)
    patch = np.zeros(0, dtype=np.int64)
    sizes = [(name, max(3, int(size * share))) for name, each in wanted.nodules for size in each]
    for name, size in sorted(sizes, key=lambda item: -item[1]):
        is_example = name == example.source and not len(patch)
        middle = points[_middle(points, free, size, wanted.at_edge and is_example, rng)]
        nodule = _around(points, middle, size, rng if wanted.ragged else None)
        tissue[nodule], state[nodule] = PERIPHERY if name in wanted.abroad else TUMOUR, name
        near = cKDTree(points[nodule]).query(points)[0]
        free &= near > GAP
        tissue[(near <= RIM) & (tissue == NORMAL)] = PERIPHERY
        if is_example:
            patch = np.sort(nodule[: max(2, int(example.spots * share))])
    return Layout(coords, _bands(points, rng) if wanted.tissues == "bands" else tissue, state, patch)


def _middle(
    points: Floats, free: npt.NDArray[np.bool_], size: int, at_edge: bool, rng: np.random.Generator
) -> np.int64:
    """Return the row of a nodule's middle, with as much free room around it as there is."""
    spread = np.linalg.norm(points - points.mean(axis=0), axis=1)
    where = spread > 0.93 * spread.max() if at_edge else spread < 0.85 * spread.max()
    allowed = np.flatnonzero(free & where)
    candidates = allowed if len(allowed) else np.flatnonzero(free) if free.any() else np.arange(len(points))
    open_around = cKDTree(points).query_ball_point(points[candidates], np.sqrt(size / 3))
    roomy = np.array([free[near].mean() for near in open_around])
    found: np.int64 = rng.choice(candidates[roomy >= roomy.max() - 1e-9])
    return found


def _around(points: Floats, middle: Floats, size: int, rng: np.random.Generator | None) -> Rows:
    """Return rows of ``size`` spots, nearest to the middle first: roundish, or with ``rng`` an irregular outline."""
    away = np.linalg.norm(points - middle, axis=1)
    if rng is not None:
        angle = np.arctan2(*(points - middle).T)
        away = away / (1 + sum(0.35 * np.cos(k * angle + rng.uniform(0, 6)) for k in (2, 3)))
    return np.argsort(away, kind="stable")[:size]


def _bands(points: Floats, rng: np.random.Generator) -> Labels:
    """Return tissues (N,) in winding bands across the slide, so that most nodules lie on a border."""
    turn = rng.uniform(0, np.pi)
    across = _warped(points, rng) @ np.array([np.cos(turn), np.sin(turn)])
    band = np.floor(across / BAND_PITCHES + rng.uniform()).astype(np.int64)
    tissue: Labels = np.array(TISSUES, dtype=object)[band % len(TISSUES)]
    return tissue


def _regions(coords: Floats, wanted: Arrangement, example: Example, rng: np.random.Generator) -> Layout:
    """Divide the slide into one large territory a state, and paint where the source's is widest."""
    points = coords / PITCH_UM
    middle, radius = points.mean(axis=0), np.sqrt(len(points) / np.pi)
    turns = rng.uniform(0, 2 * np.pi) + 2 * np.pi * np.arange(len(wanted.names)) / len(wanted.names)
    sites = middle + 0.5 * radius * np.column_stack([np.cos(turns), np.sin(turns)]) * rng.uniform(
        0.7, 1.3, (len(turns), 1)
    )
    state = np.array(wanted.names, dtype=object)[cKDTree(sites).query(_warped(points, rng))[1]]
    inside = state == example.source
    depth = cKDTree(points[~inside]).query(points)[0]
    edge = np.linalg.norm(points - middle, axis=1) > 0.75 * radius
    patch = _around(
        points,
        points[np.argmax(np.where(edge, 0.0, depth))],
        max(2, int(example.spots * min(1.0, len(points) / FULL_SIZE))),
        None,
    )
    return Layout(coords, np.full(len(points), NORMAL, dtype=object), state, np.sort(patch))


def _warped(points: Floats, rng: np.random.Generator) -> Floats:
    """Return positions bent by a few waves, which makes straight borders winding."""
    waves, phases = rng.normal(0, 0.25, (2, 3)), rng.uniform(0, 2 * np.pi, (2, 3))
    bend = [np.sin(points @ waves + phase).sum(axis=1) for phase in phases]
    warped: Floats = points + 1.2 * np.column_stack(bend)
    return warped
