"""What a model can and can't say, in one line each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_concert import Columns, Concert, ModelConfig, Slide, WhatIf
from napari_concert.concert.checks import notes, seen_pairs, unseen
from napari_concert.concert.dataset import vocabulary_of


def _notes(slide: Slide) -> list[str]:
    return list(notes([slide], vocabulary_of([slide], ("Gene1",))))


@pytest.mark.parametrize(
    ("settings", "beginning"),
    [
        ({"states": None}, "No perturbation column"),
        ({"states": ("Jak2", "Tgfbr2")}, "No control state"),
        ({"states": ("control",), "columns": Columns("perturbation", ("control",))}, "Only one state (control)"),
        ({"n_spots": 20}, "Jak2 has 8 spots"),
    ],
)
def test_a_note_is_one_line_that_ends_in_what_to_do(
    make_slide: Callable[..., Slide], settings: dict[str, object], beginning: str
) -> None:
    found = [note for note in _notes(make_slide(**settings)) if note.startswith(beginning)]
    assert len(found) == 1
    assert "\n" not in found[0]
    assert found[0].endswith(("train again.", "with care."))


def test_a_plain_slide_has_no_notes(make_slide: Callable[..., Slide]) -> None:
    assert _notes(make_slide()) == []


def test_few_spots_are_counted_over_all_slides(make_slide: Callable[..., Slide]) -> None:
    slides = [make_slide(20), make_slide(20, name="two")]
    assert list(notes(slides, vocabulary_of(slides, ("Gene1",)))) == []


def test_pairs_are_those_of_usable_spots(slide: Slide) -> None:
    pairs = seen_pairs([slide])
    assert ("Jak2", "tumour") in pairs
    assert ("Jak2", "normal lung") not in pairs
    assert (None, slide.tissue_of[20]) in pairs


def _unseen(slide: Slide, *patches: tuple[object, dict[str, str | float]]) -> list[str]:
    columns = {"perturbation": slide.columns.perturbation, "tissue": slide.columns.tissue}
    return list(unseen(WhatIf(*patches), slide, seen_pairs([slide]), columns))


def test_an_extrapolation_names_state_and_tissue(slide: Slide) -> None:
    normal = np.flatnonzero((slide.tissue_of == "normal lung") & slide.usable)[:3]
    tumour = np.flatnonzero((slide.tissue_of == "tumour") & slide.usable)[:3]
    found = _unseen(slide, (normal, {"perturbation": "Jak2"}), (tumour, {"perturbation": "Jak2"}))
    assert len(found) == 1
    assert "Jak2" in found[0]
    assert "normal lung" in found[0]
    assert _unseen(slide, (normal, {"perturbation": "Jak2", "tissue": "tumour"})) == []
    assert len(_unseen(slide, (tumour, {"tissue": "periphery", "perturbation": "Jak2"}))) == 1
    assert _unseen(slide, ([5, 9], {"perturbation": "Jak2"})) == []  # empty, and nowhere: not modelled


def test_without_tissues_every_state_was_seen(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide()
    assert _unseen(slide, (np.arange(80), {"perturbation": "Jak2"})) == []


def test_missing_genes_are_counted_and_some_are_named(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    model = Concert(make_slide(n_genes=20), config=small)
    found = model.mismatches(make_slide(n_genes=8))
    assert len(found) == 1
    assert found[0].startswith(
        "12 of the model's 20 genes are not on the slide (Gene8, Gene9, Gene10, Gene11, Gene12 …)"
    )


def test_every_mismatch_is_told(make_slide: Callable[..., Slide], small: ModelConfig) -> None:
    model = Concert(make_slide(dose=True, tissues=("a", "b")), config=small)
    other = make_slide(n_genes=4, states=("control", "Tgfbr2"), z=True, micrometres=False, name="other")
    found = " | ".join(model.mismatches(other))
    for part in ("4 of the model's 8 genes", "2D", "units", "Tgfbr2", "'dose' is missing", "tissue column"):
        assert part in found
