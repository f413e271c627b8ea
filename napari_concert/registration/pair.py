"""One section aligned to another: all turns and shifts on a grid, then the best of them refined on all spots.

Where several poses agree about equally well, or none does, transport between the spots proposes more.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from napari_concert.registration.agreement import Agreement
from napari_concert.registration.matching import rematched
from napari_concert.registration.search import TURN, Search, distinct
from napari_concert.registration.tissue import Tissue
from napari_concert.slide import Rigid

Floats = npt.NDArray[np.float64]

STARTS = 5  # poses of the grid that are refined
Step = tuple[float, float]  # the first one of a climb, in degrees and pitches
ROUGH: tuple[Step, ...] = ((5.0, 1.5), (2.5, 0.8))
FINE: tuple[Step, ...] = ((1.0, 0.4), (0.6, 0.25), (0.4, 0.15), (0.25, 0.1))
EVALUATIONS = 30  # of a climb: few, so that the work can be cancelled between two
UNSURE = 0.85  # of the best agreement: another pose that comes so near may be the right one
WEAK = 0.3  # agreement below which expression tells hardly anything
MIRROR_GAIN = 1.15  # times the agreement: a mirrored section that is so much better is worth a hint


@dataclass(frozen=True)
class Aligned:
    """How one section lies on another.

    Attributes
    ----------
    pose
        Of the upper section, in steps.
    agreement
        There; see :class:`Agreement`.
    rival
        Another pose that agrees nearly as well; None where there is none.
    better_mirrored
        Whether the grid found much better poses of the mirrored section, which was not allowed.
    """

    pose: Rigid
    agreement: float
    rival: Rigid | None
    better_mirrored: bool

    @property
    def weak(self) -> bool:
        """Whether the sections hardly agree."""
        return self.agreement < WEAK


Poses = list[tuple[float, Rigid]]


def align(lower: Tissue, upper: Tissue, *, mirror: bool) -> Generator[float, None, Aligned]:
    """Align a section to the one below it; yields the share that is done."""
    agreement = Agreement(lower, upper)
    plain, mirrored = yield from _searched(lower, upper)
    starts = distinct([*plain, *mirrored] if mirror else plain, upper.points, STARTS)
    best = yield from _refined(agreement, starts, (0.5, 0.7))
    if _rival(best) is not None or best[0][0] < WEAK:
        best = yield from _rematched(agreement, best)
    _, pose = yield from _climbed(agreement.nearby, best[0][1], FINE, upper.points.mean(axis=0), 0.95)
    hint = not mirror and _top(mirrored) > MIRROR_GAIN * max(_top(plain), 0.0)
    return Aligned(pose, agreement(pose), _rival(best), hint)


def _refined(agreement: Agreement, starts: Poses, share: tuple[float, float]) -> Generator[float, None, Poses]:
    """Return the different poses that the starts lead to, best first; yields from one share to another."""
    points, found = agreement.upper.points, []
    for i, (_, start) in enumerate(starts):
        done = share[0] + (share[1] - share[0]) * i / len(starts)
        found.append((yield from _climbed(agreement.roughly, start, ROUGH, points.mean(axis=0), done)))
    return distinct(found, points, STARTS)


def _rematched(agreement: Agreement, best: Poses) -> Generator[float, None, Poses]:
    """Return the poses with those that transport makes of the best two."""
    yield 0.7  # the first time, the library of transport is imported, which takes seconds
    starts: Poses = []
    for value, pose in best[:2]:
        starts += [(value, found) for found in rematched(agreement.lower, agreement.upper, pose)]
        yield 0.75
    more = yield from _refined(agreement, starts, (0.75, 0.9))
    return distinct([*best, *more], agreement.upper.points, STARTS)


def _climbed(
    value: Callable[[Rigid], float], start: Rigid, steps: tuple[Step, ...], centre: Floats, done: float
) -> Generator[float, None, tuple[float, Rigid]]:
    """Return where some climbs lead, each beginning with smaller steps where the last one ended."""
    found = (-np.inf, start)
    for step in steps:
        yield done
        found = climb(value, found[1], step, centre)
    return found


def _searched(lower: Tissue, upper: Tissue) -> Generator[float, None, tuple[Poses, Poses]]:
    """Return the best poses of the grid, as the section is and mirrored."""
    search = Search(lower, upper)
    found: tuple[Poses, Poses] = ([], [])
    for side in (False, True):
        for i, peaks in enumerate(search.turns(mirrored=side)):
            found[side].extend(peaks)
            yield (side + i * TURN / 360.0) / 4
    return found


def _top(found: Poses) -> float:
    return max(value for value, _ in found)


def _rival(best: Poses) -> Rigid | None:
    return best[1][1] if len(best) > 1 and best[1][0] > UNSURE * best[0][0] else None


def climb(value: Callable[[Rigid], float], start: Rigid, step: Step, centre: Floats) -> tuple[float, Rigid]:
    """Return the pose near a start where a value is largest, and that value (Nelder and Mead's simplex).

    Parameters
    ----------
    step
        Degrees and pitches of the simplex.
    centre
        Around which it turns.
    """
    lies = start.apply(centre[None])[0]

    def pose(change: Floats) -> Rigid:
        turn = Rigid(start.angle + step[0] * change[0], mirrored=start.mirrored).linear
        return Rigid.of(turn, lies + step[1] * change[1:] - turn @ centre)

    simplex = np.vstack([np.zeros(3), np.eye(3)]) - 0.25
    options: Any = {"maxfev": EVALUATIONS, "initial_simplex": simplex, "xatol": 0.01, "fatol": 1e-6}

    def loss(change: Floats) -> float:
        return -value(pose(change))

    found = minimize(loss, np.zeros(3), method="Nelder-Mead", options=options)
    return -float(found.fun), pose(np.asarray(found.x))
