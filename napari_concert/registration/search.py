"""Where a section may lie on another one: all turns and shifts tried on a grid, by Fourier transforms.

For each turn, the correlation of features over the overlap is computed for every shift at once (masked normalised
cross-correlation: Padfield, IEEE Trans. Image Process. 21, 2012), so that sections that overlap in part, or that nearly
look the same the wrong way round, are found where the agreement is largest, and not where a descent happens to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.spatial import cKDTree

from napari_concert.registration.agreement import SHAPE
from napari_concert.registration.expression import nearest
from napari_concert.registration.tissue import Tissue
from napari_concert.slide import Rigid

Floats = npt.NDArray[np.float64]
Waves = npt.NDArray[np.complex128]

TURN = 10.0  # degrees between the turns that are tried
CELLS = 64  # of the grid along the longer section, at most; a cell is a pitch or more
FEATURES = 10  # leading components that are compared
LEAST = 0.15  # share of the smaller section that must overlap
PEAKS = 2  # shifts that are kept of each turn
APART = 4.0  # pitches between two shifts, or two poses, that count as different


@dataclass(frozen=True, eq=False)
class _Picture:
    """Transforms of a section's mask, of its features, and of their squares."""

    mask: Waves
    features: Waves
    squares: Waves
    area: float


class Search:
    """Of the poses of one section on another.

    Parameters
    ----------
    lower, upper
        The section that stays, and the one that is moved.
    """

    def __init__(self, lower: Tissue, upper: Tissue) -> None:
        self._centres = lower.points.mean(axis=0), upper.points.mean(axis=0)
        centred = [part.points - centre for part, centre in zip((lower, upper), self._centres, strict=True)]
        radius = max(float(np.linalg.norm(points, axis=1).max()) for points in centred)
        self._cell = max(1.0, 2 * radius / CELLS)
        side = int(np.ceil(2 * radius / self._cell)) + 1
        self._size = fft.next_fast_len(2 * side, real=True)
        axis = (np.arange(side) - (side - 1) / 2) * self._cell
        self._grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
        self._upper = cKDTree(centred[1]), upper.features[:, :FEATURES]
        self._lower = self._picture(cKDTree(centred[0]), lower.features[:, :FEATURES], self._grid)

    def turns(self, *, mirrored: bool) -> Iterator[list[tuple[float, Rigid]]]:
        """Yield, a turn at a time, the best shifts with what the grid says of their agreement."""
        for angle in np.arange(0.0, 360.0, TURN):
            turn = Rigid(float(angle), mirrored=mirrored)
            # where a cell of the lower section lies in the upper one before it is turned
            picture = self._picture(*self._upper, self._grid @ turn.linear)
            yield [(value, self._pose(turn, shift)) for value, shift in self._peaks(self._agreement(picture))]

    def _picture(self, tree: cKDTree, features: Floats, grid: Floats) -> _Picture:
        distance, near = nearest(tree, grid.reshape(-1, 2))
        mask = (distance[:, 0] <= max(1.0, 0.75 * self._cell)).astype(np.float64)
        values = features[near[:, 0]] * mask[:, None]
        shape = grid.shape[:2]
        values = values.reshape(*shape, -1)
        return _Picture(
            self._waves(mask.reshape(shape)), self._waves(values), self._waves((values**2).sum(axis=-1)), mask.sum()
        )

    def _waves(self, values: Floats) -> Waves:
        return np.asarray(fft.rfft2(values, (self._size, self._size), axes=(0, 1)))

    def _back(self, waves: Waves) -> Floats:
        return np.asarray(fft.irfft2(waves, (self._size, self._size), axes=(0, 1)))

    def _agreement(self, upper: _Picture) -> Floats:
        """Return the agreement (size, size) at every shift, -1 where too little overlaps; see :class:`Agreement`."""
        lower, mask = self._lower, upper.mask.conj()
        smaller = min(lower.area, upper.area)
        shared = self._back(lower.mask * mask)
        enough = shared >= LEAST * smaller
        n = np.where(enough, shared, 1.0)
        ones = self._back(lower.features * mask[..., None])
        others = self._back(lower.mask[..., None] * upper.features.conj())
        product = self._back((lower.features * upper.features.conj()).sum(axis=-1)) - (ones * others).sum(axis=-1) / n
        spread = self._back(lower.squares * mask) - (ones**2).sum(axis=-1) / n
        spread_other = self._back(lower.mask * upper.squares.conj()) - (others**2).sum(axis=-1) / n
        scale = np.sqrt(np.maximum(spread, 0.0) * np.maximum(spread_other, 0.0))
        correlation = np.where(scale > 1e-9 * max(scale.max(), 1e-300), product / np.maximum(scale, 1e-300), 0.0)
        overlap = np.clip(shared / smaller, 0.0, 1.0)
        return np.where(enough, (np.clip(correlation, -1.0, 1.0) + SHAPE) * np.sqrt(overlap), -1.0)

    def _peaks(self, agreement: Floats) -> Iterator[tuple[float, Floats]]:
        """Yield the largest values and the shifts they are at, none near another."""
        steps, half = fft.fftfreq(self._size, 1.0 / self._size), self._size / 2
        for _ in range(PEAKS):
            best = np.unravel_index(int(agreement.argmax()), agreement.shape)
            yield float(agreement[best]), steps[list(best)] * self._cell
            away = [np.abs((steps - steps[at] + half) % self._size - half) * self._cell for at in best]
            agreement = np.where((away[0][:, None] < APART) & (away[1][None, :] < APART), -1.0, agreement)

    def _pose(self, turn: Rigid, shift: Floats) -> Rigid:
        lower, upper = self._centres
        return Rigid.of(turn.linear, lower + shift - turn.linear @ upper)


def distance(one: Rigid, other: Rigid, points: Floats) -> float:
    """Return how far two poses put points (n, 2) from each other: root mean square."""
    return float(np.sqrt(((one.apply(points) - other.apply(points)) ** 2).sum(axis=1).mean()))


def distinct(found: list[tuple[float, Rigid]], points: Floats, most: int) -> list[tuple[float, Rigid]]:
    """Return the best poses, best first, that lie apart from each other."""
    kept: list[tuple[float, Rigid]] = []
    for value, pose in sorted(found, key=lambda pair: -pair[0]):
        if all(distance(pose, other, points) > APART for _, other in kept):
            kept.append((value, pose))
        if len(kept) == most:
            break
    return kept
