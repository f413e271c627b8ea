"""The lattice on which the spots of a plane lie: fitted to them, continued beyond them, and made finer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]

TURN = {"hex": 60.0, "square": 90.0}  # degrees between the two steps
NEIGHBOUR = 1.25  # pitches: no farther lies a neighbour
OFF = 0.3  # of a step: a spot that is farther off the lattice says nothing about it
FIRST = 12  # spots by which a fit begins
FOR_TURN = 200  # spots around that say how the lattice is turned


@dataclass(frozen=True, eq=False)
class Lattice:
    """Places at whole numbers of two steps from an origin.

    Attributes
    ----------
    origin
        One of the places (2,).
    steps
        (2, 2) a step a row, to two neighbours.
    """

    origin: Floats
    steps: Floats

    @classmethod
    def turned(cls, kind: str, pitch: float, origin: Floats, degrees: float = 0.0) -> Self:
        """Return a "hex" or "square" lattice whose first step leads in a direction."""
        angle = np.radians(np.array([degrees, degrees + TURN[kind]]))
        return cls(origin, pitch * np.column_stack([np.cos(angle), np.sin(angle)]))

    @property
    def pitch(self) -> float:
        """Mean length of the two steps."""
        return float(np.linalg.norm(self.steps, axis=1).mean())

    def nodes(self, low: Floats, high: Floats) -> Floats:
        """Return all places (n, 2) in an upright box."""
        corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
        across = (corners - self.origin) @ np.linalg.inv(self.steps)
        first, last = np.floor(across.min(axis=0)), np.ceil(across.max(axis=0))
        i, j = np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(first, last, strict=True)), indexing="ij")
        places = self.origin + np.column_stack([i.ravel(), j.ravel()]) @ self.steps
        return np.asarray(places[((places >= low) & (places <= high)).all(axis=1)])

    def finer(self, times: int, kind: str) -> Lattice:
        """Return a lattice with so many times as many places, all of its own among them where that is possible.

        Where ``times = m² + mn + n²`` ("hex") or ``m² + n²`` ("square"), both steps are whole combinations of two
        shorter ones (Loeschian numbers); else the steps shrink, and only the origin stays.
        """
        for n in range(int(times**0.5) + 1):
            for m in range(1, int(times**0.5) + 1):
                combined = np.array([[m, n], [-n, m + n if kind == "hex" else m]])
                if round(float(np.linalg.det(combined))) == times:
                    return Lattice(self.origin, np.linalg.solve(combined, self.steps))
        return Lattice(self.origin, self.steps / times**0.5)


def fit_lattice(points: Floats, kind: str, pitch: float, around: Floats) -> Lattice:
    """Return the lattice of spots, by least squares: from the spot nearest to a point outwards, so that none is missed.

    Parameters
    ----------
    points
        (n, 2) spots of one plane, in any order; at least one.
    kind
        "hex" or "square".
    pitch
        About how far neighbours lie apart.
    around
        (2,) where the lattice should fit best.
    """
    start = points[_nearest_first(points, around)[0]]
    order = _nearest_first(points, start)
    turn = _turn(points[order[:FOR_TURN]], TURN[kind], pitch)
    found = _shifted(Lattice.turned(kind, pitch, start, turn), points[order[:FIRST]])
    for count in _growing(len(points)):
        found = _refined(found, points[order[:count]])
    return found


def _nearest_first(points: Floats, to: Floats) -> npt.NDArray[np.int64]:
    away = np.linalg.norm(points - to, axis=1)
    return np.lexsort((points[:, 0], points[:, 1], np.round(away, 9)))


def _growing(n: int) -> list[int]:
    counts, count = list[int](), FIRST
    while count < n:
        counts.append(count)
        count += count // 2
    return [*counts, n, n]


def _turn(points: Floats, period: float, pitch: float) -> float:
    """Return the direction of neighbours, in degrees: the circular mean within the lattice's period."""
    pairs = cKDTree(points).query_pairs(NEIGHBOUR * pitch, output_type="ndarray")
    x, y = (points[pairs[:, 1]] - points[pairs[:, 0]]).T
    mean = np.exp(1j * np.arctan2(y, x) * 360 / period).sum()
    return float(np.degrees(np.angle(mean)) * period / 360) if len(pairs) else 0.0


def _shifted(lattice: Lattice, points: Floats) -> Lattice:
    """Return the lattice shifted onto spots: by the circular mean of what they are off, which a single spot may be."""
    cycles = (points - lattice.origin) @ np.linalg.inv(lattice.steps)
    off = np.angle(np.exp(2j * np.pi * cycles).mean(axis=0)) / (2 * np.pi)
    return Lattice(lattice.origin + off @ lattice.steps, lattice.steps)


def _refined(lattice: Lattice, points: Floats) -> Lattice:
    """Return the lattice that fits spots best, each at the place nearest to it."""
    number = np.rint((points - lattice.origin) @ np.linalg.inv(lattice.steps))
    off = np.linalg.norm(points - lattice.origin - number @ lattice.steps, axis=1)
    on = off <= OFF * lattice.pitch
    design = np.column_stack([np.ones(on.sum()), number[on]])
    if np.linalg.matrix_rank(design) < 3:
        return lattice  # spots in a row say nothing about the step across
    best = np.linalg.lstsq(design, points[on], rcond=None)[0]
    return Lattice(best[0], best[1:])
