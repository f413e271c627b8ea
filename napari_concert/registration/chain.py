"""All sections of a stack in one frame: from a reference section outwards, each one aligned to its neighbour."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from itertools import pairwise

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.jobs.aside import aside
from napari_concert.registration.pair import Aligned, align
from napari_concert.registration.scores import PairScore, score
from napari_concert.registration.tissue import FEWEST_SPOTS, Tissues, tissues_of
from napari_concert.slide import Rigid, Slide, Stack
from napari_concert.slide.sections import stack_of


@dataclass(frozen=True)
class Progress:
    """How far a registration is.

    Attributes
    ----------
    done, total
        Pairs of sections; a pair under way counts in part.
    text
        What is being done, for the user.
    """

    done: float
    total: int
    text: str


@dataclass(frozen=True)
class Registration:
    """How the sections of a slide were brought into one frame.

    Attributes
    ----------
    stack
        With the movement of every section.
    scores
        Of each pair of adjacent sections, before and after.
    reference
        The section that stayed.
    notes
        What the user should look at, in plain words.
    """

    stack: Stack
    scores: tuple[PairScore, ...]
    reference: str
    notes: tuple[str, ...] = ()

    def apply(self, slide: Slide) -> Slide:
        """Return the slide with its sections in one frame, so that effects may pass between them."""
        return slide.with_stack(self.stack).with_registered(True)


def register(slide: Slide, *, reference: str | None = None, mirror: bool = False) -> Registration:
    """Bring the sections of a slide into one frame; see :func:`registering`.

    Raises
    ------
    ConcertError
        If no column tells sections.
    """
    work = registering(slide, reference=reference, mirror=mirror)
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: Registration = end.value
            return found


def registering(
    slide: Slide, *, reference: str | None = None, mirror: bool = False
) -> Generator[Progress, None, Registration]:
    """Bring the sections of a slide into one frame, by expression and shape; closing the generator cancels.

    Neighbours in the stack's order are aligned (turned, shifted, perhaps mirrored; never stretched), from the reference
    outwards. Nothing is drawn at random, and the order of spots does not matter.

    Parameters
    ----------
    slide
        Of several sections. Its stack gives order and heights, or a guess where it has none.
    reference
        The section that stays as it lies; by default the middle one.
    mirror
        Whether sections may be mirrored, because some were mounted the other way up.

    Yields
    ------
    Progress
        Several times a second.

    Returns
    -------
    Registration
        With a stack for :meth:`Registration.apply`. Sections of fewer than ten spots stay where they are.

    Raises
    ------
    ConcertError
        If no column tells sections, or there is no such reference, or it has too few spots.
    """
    stack = stack_of(slide)
    work = _registering(slide, stack, reference, mirror=mirror)
    return (yield from aside(work, _start(stack.order)))


def _registering(
    slide: Slide, stack: Stack, reference: str | None, *, mirror: bool
) -> Generator[Progress, None, Registration]:
    tissues = yield from _read(slide, stack.order)
    names = tuple(tissues.parts)
    notes = [_too_small(name) for name in stack.order if name not in names]
    if len(names) < 2:
        notes.append("There is one section to align to, or none: nothing was moved.")
        return Registration(stack, (), reference or (names or stack.order)[0], tuple(notes))
    chosen = _reference(reference, stack, names)
    found = yield from _chain(tissues, names, names.index(chosen), mirror=mirror)
    moves = _composed(found, tissues.step, names.index(chosen), {name: stack.move_of(name) for name in names})
    notes += [note for pair, aligned in found.items() for note in _doubts(pair, aligned)]
    moved = stack.moved(moves)
    return Registration(moved, _scores(tissues, stack, moved), chosen, tuple(notes))


def scoring(slide: Slide, before: Stack, after: Stack, name: str) -> Generator[Progress, None, tuple[PairScore, ...]]:
    """Score a section that was moved by hand against those next to it; closing the generator cancels.

    Parameters
    ----------
    before, after
        How the sections lay, and lie now.
    name
        The section that was moved.

    Returns
    -------
    tuple of PairScore
        With the section below and with the one above; none where a section has fewer than ten spots.
    """
    at = after.position(name)
    names = after.order[max(at - 1, 0) : at + 2]
    return (yield from aside(_scoring(slide, before, after, names, name), _start(names)))


def _scoring(
    slide: Slide, before: Stack, after: Stack, names: tuple[str, ...], name: str
) -> Generator[Progress, None, tuple[PairScore, ...]]:
    tissues = yield from _read(slide, names)
    return _scores(tissues, before, after) if name in tissues.parts else ()


def _start(names: tuple[str, ...]) -> Progress:
    return Progress(0.0, max(1, len(names) - 1), "Reading sections")


def _read(slide: Slide, names: tuple[str, ...]) -> Generator[Progress, None, Tissues]:
    reading = tissues_of(slide, names)
    while True:
        try:
            text = next(reading)
        except StopIteration as end:
            found: Tissues = end.value
            return found
        yield Progress(0.0, max(1, len(names) - 1), text)


def _too_small(name: str) -> str:
    return f"Section {name} has fewer than {FEWEST_SPOTS} usable spots: it stays where it is."


def _reference(wanted: str | None, stack: Stack, names: tuple[str, ...]) -> str:
    if wanted is None:
        return names[(len(names) - 1) // 2]
    if wanted not in stack.order:
        raise UnknownName("section (for the reference)", wanted, stack.order)
    if wanted not in names:
        raise ConcertError(f"{_too_small(wanted)} Choose a larger one as the reference.")
    return wanted


Pair = tuple[str, str]  # the section that stays, and the one that is aligned to it


def _chain(
    tissues: Tissues, names: tuple[str, ...], start: int, *, mirror: bool
) -> Generator[Progress, None, dict[Pair, Aligned]]:
    """Align neighbours from the reference outwards."""
    outwards = [*range(start, len(names) - 1)], [*range(start, 0, -1)]
    pairs = [(names[i], names[i + 1]) for i in outwards[0]] + [(names[i], names[i - 1]) for i in outwards[1]]
    found: dict[Pair, Aligned] = {}
    for i, (fixed, moving) in enumerate(pairs):
        work = align(tissues.parts[fixed], tissues.parts[moving], mirror=mirror)
        while True:
            try:
                share = next(work)
            except StopIteration as end:
                found[fixed, moving] = end.value
                break
            yield Progress(i + share, len(pairs), f"Aligning section {moving} to {fixed}")
    yield Progress(len(pairs), len(pairs), "Scoring the alignment")
    return found


def _composed(found: dict[Pair, Aligned], step: float, start: int, before: dict[str, Rigid]) -> dict[str, Rigid]:
    """Return the movement of every section, in the file's units; the reference keeps its own."""
    names = tuple(before)
    moves = {names[start]: before[names[start]]}
    for (fixed, moving), aligned in found.items():  # in the order of the chain, so that the fixed one is known
        moves[moving] = scaled(aligned.pose, step).then(moves[fixed])
    return moves


def scaled(move: Rigid, factor: float) -> Rigid:
    """Return a movement for coordinates in another unit."""
    return replace(move, shift=(move.shift[0] * factor, move.shift[1] * factor))


def _doubts(pair: Pair, aligned: Aligned) -> list[str]:
    """Return what a user should look at, because another pose fits nearly as well or none fits."""
    fixed, moving = pair
    said = []
    if aligned.better_mirrored:
        said.append(f"Section {moving} fits {fixed} much better mirrored: allow that if some may lie face down.")
    if aligned.weak:
        said.append(f"Sections {fixed} and {moving} hardly agree at any pose: check them by eye.")
    elif aligned.rival is not None:
        how = _differs(aligned.pose, aligned.rival)
        said.append(f"Section {moving} fits {fixed} nearly as well {how}: check it by eye.")
    return said


def _differs(pose: Rigid, rival: Rigid) -> str:
    turned = abs((rival.angle - pose.angle + 180) % 360 - 180)
    said = f"turned by {turned:.0f}°" if turned > 10 else "shifted"
    return f"mirrored and {said}" if rival.mirrored != pose.mirrored else said


def _scores(tissues: Tissues, before: Stack, after: Stack) -> tuple[PairScore, ...]:
    names = tuple(tissues.parts)

    def at(stack: Stack, lower: str, upper: str) -> tuple[Rigid, Rigid]:
        one, other = (scaled(stack.move_of(name), 1 / tissues.step) for name in (lower, upper))
        return one, other

    return tuple(
        PairScore(
            lower,
            upper,
            *(score(tissues.parts[lower], tissues.parts[upper], *at(stack, lower, upper)) for stack in (before, after)),
        )
        for lower, upper in pairwise(names)
    )
