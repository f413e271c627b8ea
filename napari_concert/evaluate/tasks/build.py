"""Tasks on any slide with two states or more: what the paper asks, built from labels and coordinates alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import NamedTuple

import numpy as np

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.evaluate.tasks.ground import Ground, Mask
from napari_concert.evaluate.tasks.task import KINDS, Kind, Question, Rows, Task
from napari_concert.slide import Slide

FEWEST = 6  # spots: fewer say little about a mean
SURROUNDED = 1 / 3  # share of a spot's neighbours: what a round nodule is to the spots along it
NEARBY = 2  # times as many spots as are held out: half of those nearby stay


class Switch(NamedTuple):
    """A state that becomes another one, in a tissue (None where no column tells tissues)."""

    source: str
    target: str
    tissue: str | None


class Choice(NamedTuple):
    """Rows of a task: switched, scored, held out as reference and origin, and what is measured like the reference."""

    patch: Rows
    scored: Rows
    reference: Rows
    origin: Rows
    like: Rows


Builder = Callable[[Ground, Switch, int, np.random.Generator], "Choice | None"]


def build(slide: Slide, kind: Kind, size: int, seed: int) -> Task:
    """Return a task on a slide; the seed draws its states, its place and what is held out.

    Raises
    ------
    ConcertError
        If the slide has no room for it, in one sentence.
    """
    if kind not in KINDS:
        raise UnknownName("task", kind, KINDS)
    ground, rng = Ground(slide), np.random.default_rng([seed, size, KINDS.index(kind)])
    _require_labels(ground, kind)
    for i in rng.permutation(len(switches := list(_switches(ground)))):
        found = _BUILDERS[kind](ground, switches[i], size, rng)
        if found is not None:
            return _task(slide, kind, size, seed, switches[i], found)
    raise ConcertError(f"{slide.name} has no room for a {kind} task of {size} spots: {_WANTED[kind]}.")


def _require_labels(ground: Ground, kind: Kind) -> None:
    name, states = ground.slide.name, ground.states
    if len(states) < 2:
        said = f"it has {', '.join(states)} alone" if states else "no column tells any"
        raise ConcertError(f"{name} has no {kind} task, which needs two states: {said} (--perturbation COL names one).")
    if kind == "cross-niche" and len(ground.tissues) < 2:
        raise ConcertError(f"{name} has no cross-niche task, which needs two tissues: --tissue COL names their column.")


def _switches(ground: Ground) -> Iterator[Switch]:
    for source, target in permutations(ground.states, 2):
        for tissue in ground.tissues or (None,):
            yield Switch(source, target, tissue)


def _task(slide: Slide, kind: Kind, size: int, seed: int, switch: Switch, rows: Choice) -> Task:
    question = Question(kind, *switch, rows.patch, rows.scored, rows.like)
    where = "" if switch.tissue is None else f" ({switch.tissue})"
    what = f"{len(rows.patch)} spots of {switch.source}{where} become {switch.target}"
    if kind == "niche":
        what = f"{len(rows.patch)} spots around {len(rows.scored)} of {switch.source}{where} become {switch.target}"
    said = f"{what}; held against {len(rows.reference)} hidden spots, a change against {len(rows.origin)} more"
    return Task(question, slide.name, size, seed, rows.reference, rows.origin, said)


def _patch(ground: Ground, switch: Switch, size: int, rng: np.random.Generator) -> Choice | None:
    source, target = (ground.spots(state, switch.tissue) for state in (switch.source, switch.target))
    return _switched(ground, source, target, size, rng)


def _border(ground: Ground, switch: Switch, size: int, rng: np.random.Generator) -> Choice | None:
    states = switch.source, switch.target
    source, target = (ground.spots(state, switch.tissue) & ground.at_border for state in states)
    return _switched(ground, source, target, size, rng)


def _switched(ground: Ground, source: Mask, target: Mask, size: int, rng: np.random.Generator) -> Choice | None:
    """Switch a compact patch of a source; hold out half of the targets nearby."""
    patch = ground.compact(source, size, target, rng) if target.any() else None
    if patch is None:
        return None
    reference = _held_out(ground, target, patch, size, rng)
    origin = _held_out(ground, _without(source, patch), patch, size, rng)
    if reference is None or origin is None:
        return None
    return Choice(patch, patch, reference, origin, np.flatnonzero(_without(target, reference)))


def _cross_niche(ground: Ground, switch: Switch, size: int, rng: np.random.Generator) -> Choice | None:
    """Switch a patch where all spots of the target are held out: it stays in other tissues."""
    source, target = (ground.spots(state, switch.tissue) for state in (switch.source, switch.target))
    elsewhere = ground.spots(switch.target, None) & ~target
    if target.sum() < FEWEST or elsewhere.sum() < FEWEST:
        return None
    patch = ground.compact(source, size, target, rng)
    origin = None if patch is None else _held_out(ground, _without(source, patch), patch, size, rng)
    if patch is None or origin is None:
        return None
    return Choice(patch, patch, np.flatnonzero(target), origin, np.flatnonzero(elsewhere))


def _niche(ground: Ground, switch: Switch, size: int, rng: np.random.Generator) -> Choice | None:
    """Switch all that surrounds a core; score the spots of the core that are as surrounded as the reference."""
    source, target = ground.spots(switch.source, switch.tissue), ground.spots(switch.target, None)
    felt = ground.share(target)
    like, calm = source & (felt >= SURROUNDED), source & (felt == 0)
    core = ground.compact(calm, size, like, rng) if like.any() else None
    if core is None:
        return None
    ring = ground.around(core) & ground.spots(switch.source, None)
    scored = core[ground.share(ring)[core] >= SURROUNDED]
    like, calm = like & ~ring, _without(calm & ~ring, core)
    reference, origin = (_held_out(ground, pool, core, size, rng) for pool in (like, calm))
    if len(scored) < FEWEST or reference is None or origin is None:
        return None
    return Choice(np.flatnonzero(ring), scored, reference, origin, np.flatnonzero(_without(like, reference)))


def _held_out(ground: Ground, pool: Mask, patch: Rows, size: int, rng: np.random.Generator) -> Rows | None:
    """Return at most ``size`` spots of a pool near a patch, so that as many stay; None where they are too few."""
    count = min(size, int(pool.sum()) // NEARBY)
    if count < FEWEST:
        return None
    near = ground.nearest(pool, ground.middle(patch), NEARBY * count)
    return np.sort(rng.choice(near, count, replace=False))


def _without(pool: Mask, rows: Rows) -> Mask:
    left = pool.copy()
    left[rows] = False
    return left


_BUILDERS: dict[Kind, Builder] = {
    "patch": _patch,
    "border": _border,
    "niche": _niche,
    "cross-niche": _cross_niche,
}
_TWICE = f"{NEARBY * FEWEST} spots or more"
_WANTED: dict[Kind, str] = {
    "patch": f"it takes so many spots of one state side by side, and {_TWICE} of another state in the same tissue",
    "border": f"it takes so many spots of one state along an interface, and {_TWICE} of another state along one",
    "niche": f"it takes a core of so many spots of one state, and {_TWICE} of it a third of whose neighbours are in "
    "another state",
    "cross-niche": f"it takes a state that {FEWEST} spots or more have in each of two tissues, one of them beside so "
    "many spots of another state",
}
