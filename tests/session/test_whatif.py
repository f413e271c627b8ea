"""When what-ifs are off, and why a model can't be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from anndata import AnnData

from napari_concert.io import from_anndata
from napari_concert.session import Session, TrainingSettings
from napari_concert.session.opening import for_perturbation


def test_without_a_slide() -> None:
    session = Session()
    assert session.whatif_blocker == "Open a slide first."
    assert session.model_problem == ""


def test_without_a_perturbation_column_the_model_still_shows_the_tissue(session: Session) -> None:
    session.read_as(columns=for_perturbation(session.slide, None))
    assert "no perturbation column is chosen" in session.whatif_blocker
    session.train(TrainingSettings(max_epochs=1))
    session.paint([1])
    assert session.model_problem == ""
    assert session.result.what_if.is_empty


def test_with_one_known_state(session: Session) -> None:
    columns = replace(session.slide.columns, unknown=("Jak2", "Ifngr2", "Tgfbr2"))
    session.read_as(columns=columns)
    assert "'perturbation' has one known state (control)" in session.whatif_blocker
    session.read_as(columns=replace(columns, unknown=(*columns.unknown, "control")))
    assert "(none)" in session.whatif_blocker


def test_with_a_model_that_was_trained_without_one(session: Session) -> None:
    columns = session.slide.columns
    session.read_as(columns=for_perturbation(session.slide, None))
    session.train(TrainingSettings(max_epochs=1))
    session.read_as(columns=columns)
    assert "trained without a perturbation" in session.whatif_blocker


def test_with_all_there_is_no_blocker(trained: Session) -> None:
    assert trained.whatif_blocker == ""


def test_the_model_s_problem_names_what_was_changed(trained: Session) -> None:
    columns = trained.slide.columns
    for change, reason in (
        ({"tissue": None}, "tissue"),
        ({"control": ("Jak2",)}, "trained with control 'control'"),
        ({"perturbation": None, "control": ()}, "perturbation"),
        ({"section": "tissue"}, "trained with section none, the slide is read with 'tissue'"),
    ):
        trained.read_as(columns=replace(columns, **change))
        assert reason in trained.model_problem
        assert trained.result is None
    trained.read_as(columns=columns)
    assert trained.model_problem == ""


def test_other_units_are_a_problem_and_their_return_none(tumour_adata: AnnData, session: Session) -> None:
    adata = tumour_adata.copy()
    del adata.uns["spatial_units"]
    unscaled = from_anndata(adata, name="no units")
    session.add(unscaled)  # the same content
    session = Session()
    session.add(unscaled)
    session.train(TrainingSettings(max_epochs=1))
    assert session.model_problem == ""
    session.read_as(um_per_unit=1.0)
    assert "the model's coordinates are in units, the slide's in µm" in session.model_problem
    assert session.result is None


def test_states_that_a_model_never_saw(trained: Session) -> None:
    trained.paint([1])
    trained.label_painted("mine", "lesion", "control")
    assert "states the model never saw (lesion" in trained.model_problem


@pytest.mark.parametrize("column", ["perturbation", "tissue"])
def test_another_perturbation_column_has_its_own_controls_and_unknowns(session: Session, column: str) -> None:
    columns = for_perturbation(session.slide, column)
    assert columns.perturbation == column
    assert columns.tissue == (None if column == "tissue" else "tissue")
    assert set(columns.control) <= set(session.slide.categories(column))


def test_unknown_labels_of_perturbation_and_tissue_are_both_kept(new_adata: Callable[..., AnnData]) -> None:
    adata = new_adata()
    adata.obs["region"] = np.where(np.arange(adata.n_obs) % 2, "a", "undetermined")
    adata.obs["tissue"] = np.where(np.arange(adata.n_obs) % 3, "lung", "NA")
    slide = from_anndata(adata)
    slide = slide.with_columns(replace(slide.columns, tissue="tissue"))
    assert set(for_perturbation(slide, "region").unknown) == {"undetermined", "NA"}
