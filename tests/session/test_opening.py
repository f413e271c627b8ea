"""What a session takes in, ready to be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_concert.session import opening
from napari_concert.session.autosave import Autosave
from napari_concert.session.workspace import Workspace
from napari_concert.slide import Slide


def test_what_the_first_picture_needs_is_computed_in_the_background(slide_path: Path) -> None:
    opened = opening.read(slide_path, None, None, None, None)
    workspace = opened.workspace
    assert {"index", "pairs"} <= set(workspace.__dict__)
    assert {"geometry", "fingerprint", "categorical_columns", "usable"} <= set(workspace.slide.__dict__)
    assert opened.model is None
    assert opened.messages == ()


def test_a_folder_for_autosave_that_holds_nothing_gives_nothing(tumour_slide: Slide, tmp_path: Path) -> None:
    opened = opening.prepare(tumour_slide, Autosave(tmp_path / "kept"), frozenset())
    assert opened.workspace.slide is tumour_slide
    assert opened.messages == ()
    assert not (tmp_path / "kept").exists()


@pytest.mark.parametrize(
    ("rows", "with_model", "sets", "expected"),
    [
        ([], False, 0, ""),
        ([1], False, 0, "tumour is as you left it: 1 painted spot."),
        ([], False, 1, "tumour is as you left it: 1 gene set."),
        ([1, 2], True, 0, "tumour is as you left it: 2 painted spots and a trained model."),
        ([1, 2], True, 50, "tumour is as you left it: 2 painted spots, a trained model and 50 gene sets."),
    ],
)
def test_what_is_said_of_earlier_work(
    tumour_slide: Slide, rows: list[int], with_model: bool, sets: int, expected: str
) -> None:
    workspace = Workspace(tumour_slide)
    workspace.painting.replace(rows)
    assert opening.as_left(workspace, with_model, sets) == expected


def test_a_slide_as_guessed_is_as_it_was_first_read(tumour_slide: Slide) -> None:
    labelled = tumour_slide.with_labels("mine", ["a"] * tumour_slide.n_spots).with_um_per_unit(3.0)
    guessed = opening.as_guessed(labelled, ["mine"])
    assert guessed.columns == tumour_slide.columns
    assert guessed.units == tumour_slide.units
    assert guessed.fingerprint == tumour_slide.fingerprint
    assert "mine" not in guessed.adata.obs
