"""What a model can and can't say: seen states, unseen pairs, slides that don't fit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from napari_concert.concert.dataset import Scale
from napari_concert.errors import ConcertError
from napari_concert.model import runtime
from napari_concert.model.data import Vocabulary
from napari_concert.patches import WhatIf
from napari_concert.slide import Slide

FEW_SPOTS = 12
SHOWN_GENES = 5

Pair = tuple[str | None, str | None]
"""A state and a tissue, None where unknown."""


def check_slides(slides: Sequence[Slide], n_genes: int) -> None:
    """Check that there is something to learn from.

    Raises
    ------
    ConcertError
        If there is no slide, no gene, or a slide with fewer than two usable spots.
    """
    if not slides:
        raise ConcertError("No slide was given; read one with napari_concert.read(path).")
    if n_genes < 1:
        raise ConcertError(f"At least one gene must be modelled; got n_genes={n_genes}.")
    for slide in slides:
        if slide.usable.sum() < 2:
            raise ConcertError(
                f"{slide.name}: fewer than two spots have counts and coordinates; nothing to learn from."
            )


def device_of(name: str) -> str:
    """Return the device to train on.

    Raises
    ------
    ConcertError
        If it is not available here.
    """
    try:
        return runtime.resolve_device(name)
    except ValueError as error:
        raise ConcertError(str(error)) from error


def seen_pairs(slides: Sequence[Slide]) -> set[Pair]:
    """Return the pairs of state and tissue that occur on the slides."""
    return {
        (state, tissue)
        for slide in slides
        for state, tissue in zip(slide.state_of[slide.usable], slide.tissue_of[slide.usable], strict=True)
    }


def notes(slides: Sequence[Slide], vocabulary: Vocabulary) -> Iterator[str]:
    """Yield what to know before trusting a model of these slides."""
    if len(vocabulary.states) == 0:
        yield (
            "No perturbation column: the model describes the tissue, and what-ifs are off. Choose a column of states, "
            "or paint labels into a new one, and train again."
        )
    elif len(vocabulary.states) == 1:
        yield (
            f"Only one state ({vocabulary.states[0]}): there is nothing to switch to, so what-ifs are off. Choose a "
            "column with two or more, and train again."
        )
    for state in vocabulary.states:
        count = sum(int((slide.state_of[slide.usable] == state).sum()) for slide in slides)
        if count < FEW_SPOTS:
            plural = "spot" if count == 1 else "spots"
            yield f"{state} has {count} {plural}: its effect is what those few show. Read it with care."
    if vocabulary.states and not vocabulary.controls:
        yield (
            "No control state: every state propagates a field, and effects are differences between states. Name the "
            "control, if there is one, and train again."
        )


def mismatches(slide: Slide, vocabulary: Vocabulary, scale: Scale, columns: Mapping[str, Any]) -> Iterator[str]:
    """Yield why a model does not fit a slide."""
    missing = [gene for gene in vocabulary.genes if gene not in slide.genes]
    if missing:
        some = ", ".join(missing[:SHOWN_GENES]) + (" …" if len(missing) > SHOWN_GENES else "")
        yield (
            f"{len(missing)} of the model's {len(vocabulary.genes)} genes are not on the slide ({some}); "
            "train on this slide, or give one with these genes"
        )
    dimensions = slide.coords.shape[1]
    if dimensions != vocabulary.dimensions:
        yield f"the model is {vocabulary.dimensions}D, the slide's coordinates are {dimensions}D; train on this slide"
    if slide.units.name != scale.unit:
        yield f"the model's coordinates are in {scale.unit}, the slide's in {slide.units.name}; set the µm per unit"
    unknown = [state for state in slide.states if state not in vocabulary.states]
    if unknown:
        learned = ", ".join(vocabulary.states) or "none"
        yield (
            f"the slide has states the model never saw ({', '.join(unknown)}; it learned {learned}); mark them as "
            "unknown, or train with them"
        )
    if vocabulary.states and slide.columns.perturbation is None:
        yield f"the model was trained with a perturbation column ({columns.get('perturbation')}); choose the slide's"
    for name in vocabulary.continuous:
        if name not in slide.adata.obs:
            yield f"the continuous column {name!r} is missing; add it to the slide's obs"
    if vocabulary.tissues and not slide.tissues:
        yield f"the model was trained with a tissue column ({columns.get('tissue')}); choose the slide's"


def moved(slide: Slide, trained: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield that a model was trained on the same spots at other places, of the records of what it was trained on."""
    now = None if slide.stack is None else slide.stack.to_json()
    if any(each["slide_contents"] == slide.contents and each.get("stack") != now for each in trained):
        yield "its sections were moved since the model was trained on it; train again"


def unseen(what_if: WhatIf, slide: Slide, pairs: set[Pair], columns: Mapping[str, Any]) -> Iterator[str]:
    """Yield a warning for every state that a what-if puts into a tissue where it was never measured."""
    yield from extrapolated(missing_pairs(what_if, slide, pairs, columns))


def missing_pairs(what_if: WhatIf, slide: Slide, pairs: set[Pair], columns: Mapping[str, Any]) -> set[Pair]:
    """Return the pairs of state and tissue that a what-if makes and that were never measured."""
    rows = what_if.rows[slide.usable[what_if.rows]]
    state, tissue = slide.state_of[rows], slide.tissue_of[rows]
    for attribute, values in (("perturbation", state), ("tissue", tissue)):
        for name in (attribute, columns.get(attribute)):
            if name in what_if.attributes:
                wanted = what_if.target_of(slide.n_spots, str(name))[rows]
                given = pd.notna(wanted)
                values[given] = wanted[given]
    return {pair for pair in zip(state, tissue, strict=True) if pair[0] is not None} - pairs


def another_slide(what_if: WhatIf, trained_on: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield that effects were learned on other slides."""
    if what_if.patches:
        names = _listed([str(slide["slide"]) for slide in trained_on])
        yield f"Extrapolation: effects were learned on {names}, not on this slide; only its genes' levels were fitted."


def extrapolated(missing: set[Pair]) -> Iterator[str]:
    """Yield a warning for every state of the pairs that were never measured."""
    for name in sorted({str(pair[0]) for pair in missing}):
        places = sorted(pair[1] or "tissue that is not annotated" for pair in missing if pair[0] == name)
        yield f"Extrapolation: {name} was never measured in {_listed(places)}; its effect is taken from elsewhere."


def _listed(names: Sequence[str]) -> str:
    """Return "a", "a or b", "a, b or c"."""
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
