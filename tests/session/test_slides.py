"""Verbs on slides: open, choose, close, read otherwise, label."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_concert.session import Colour, Session, TrainingSettings, View
from napari_concert.slide import Slide

# -- opening ----------------------------------------------------------------------------------------------------------


def test_opening_by_path_announces_the_slide_and_makes_it_current(slide_path: Path, watch: Callable) -> None:
    session = Session()
    heard = watch(session)
    session.open(slide_path)
    assert session.slide.name == "tumour"
    assert session.slide.path == slide_path
    assert heard.busy == ["Reading tumour.h5ad …", ""]
    assert [name for name in heard.heard if name != "busy_changed"] == [
        "slides_changed",
        "slide_changed",
        "patch_changed",
        "target_changed",
        "model_changed",
    ]


def test_opening_with_what_the_user_says(slide_path: Path, tumour_slide: Slide) -> None:
    session = Session()
    columns = replace(tumour_slide.columns, perturbation="tissue", tissue=None, control=("normal lung",))
    session.open(str(slide_path), columns=columns, um_per_unit=2.0, registered=True)
    assert session.slide.columns == columns
    assert session.slide.units.um_per_unit == 2.0
    assert session.slide.registered


@pytest.mark.parametrize("name", ["absent.h5ad", "broken.h5ad", "notes.txt"])
def test_a_file_that_is_no_slide_is_notified_and_nothing_changes(
    session: Session, tmp_path: Path, name: str, watch: Callable
) -> None:
    path = tmp_path / name
    if name != "absent.h5ad":
        path.write_text("this is not a slide")
    before, heard = session.current, watch(session)
    session.open(path)
    assert session.current is before
    assert [name in text for text in heard.texts("error")] == [True]
    assert heard.busy[-1] == ""
    assert set(heard.heard) == {"busy_changed", "notified"}


def test_reading_a_column_that_is_not_there_is_notified(slide_path: Path, tumour_slide: Slide, watch: Callable) -> None:
    session = Session()
    heard = watch(session)
    session.open(slide_path, columns=replace(tumour_slide.columns, tissue="tisue"))
    assert session.current is None
    assert "Did you mean tissue" in heard.texts("error")[0]


def test_the_same_content_is_opened_once(session: Session, slide_path: Path, watch: Callable) -> None:
    session.paint([1])
    heard = watch(session)
    session.open(slide_path)
    assert len(session.workspaces) == 1
    assert session.painted.tolist() == [1]
    assert heard.texts("info") == ["tumour is open already."]


def test_opening_an_open_slide_again_reads_it_as_told(session: Session, slide_path: Path) -> None:
    session.paint([1])
    session.open(slide_path, um_per_unit=3.0)
    assert len(session.workspaces) == 1
    assert session.slide.units.um_per_unit == 3.0
    assert session.painted.tolist() == [1]


def test_a_slide_in_memory_is_read_as_the_caller_did(tumour_slide: Slide, tmp_path: Path) -> None:
    first = Session(autosave=tmp_path)
    first.add(tumour_slide)
    first.paint([3])
    first.close()
    chosen = replace(tumour_slide.columns, tissue=None)
    again = Session(autosave=tmp_path)
    again.add(tumour_slide.with_columns(chosen).with_um_per_unit(2.0))
    assert again.slide.columns == chosen
    assert again.slide.units.um_per_unit == 2.0
    assert again.painted.tolist() == [3]


# -- several ----------------------------------------------------------------------------------------------------------


def test_every_slide_keeps_its_own_patch_target_colour_and_history(trained: Session, other_slide: Slide) -> None:
    trained.paint([1, 2])
    trained.set_target("perturbation", "Jak2")
    trained.show_gene("Krt8")
    trained.add(other_slide)
    assert trained.painted.size == 0
    assert trained.target == {"perturbation": "Ifngr2"}
    assert trained.colour == Colour("column", "perturbation")
    trained.paint([5])
    trained.choose(trained.workspaces[0])
    assert trained.painted.tolist() == [1, 2]
    assert trained.target == {"perturbation": "Jak2"}
    assert trained.colour == Colour("gene", "Krt8")
    assert trained.result.slide is trained.slide
    trained.undo()
    assert trained.painted.tolist() == [1, 2]
    assert trained.target == {"perturbation": "Ifngr2"}, "what spots become is an edit, too"
    trained.undo()
    assert trained.painted.size == 0
    trained.choose(trained.workspaces[1])
    assert trained.painted.tolist() == [5]
    assert trained.result.slide is other_slide


def test_a_model_that_fits_is_used_on_another_slide(trained: Session, other_slide: Slide) -> None:
    trained.add(other_slide)
    assert trained.model_problem == ""
    assert trained.result is not None


def test_on_a_slide_that_it_does_not_fit_the_model_is_kept_and_not_used(trained: Session, unlike_slide: Slide) -> None:
    model = trained.model
    trained.paint([1])
    trained.show_view(View.CHANGE)
    trained.add(unlike_slide)
    assert trained.model is model
    assert "genes are not on the slide" in trained.model_problem
    assert trained.result is None
    assert trained.view is View.OBSERVED
    trained.paint([1])
    assert trained.result is None
    trained.choose(trained.workspaces[0])
    assert trained.result is not None


def test_each_slide_gets_the_model_back_that_fitted_it(trained: Session, unlike_slide: Slide, watch: Callable) -> None:
    first = trained.model
    trained.add(unlike_slide)
    trained.train(TrainingSettings(max_epochs=1))
    second = trained.model
    assert second is not first
    assert trained.model_problem == ""
    trained.choose(trained.workspaces[0])
    assert trained.model is first
    assert trained.result is not None
    trained.choose(trained.workspaces[1])
    assert trained.model is second


def test_closing_goes_to_another_slide_and_then_to_none(trained: Session, other_slide: Slide, watch: Callable) -> None:
    trained.add(other_slide)
    trained.paint([1])
    trained.close_slide()
    assert trained.slide.name == "tumour"
    heard = watch(trained)
    trained.close_slide()
    assert trained.current is None
    assert trained.slide is None
    assert trained.result is None
    assert trained.colour is None
    assert trained.view is View.OBSERVED
    assert heard.heard == ["slides_changed", "slide_changed"]
    trained.close_slide()
    trained.predict()
    assert trained.whatif_blocker == "Open a slide first."


def test_a_closed_slide_is_forgotten(trained: Session, other_slide: Slide) -> None:
    trained.add(other_slide)
    gone = weakref.ref(trained.current)
    trained.close_slide()
    gc.collect()
    assert gone() is None


def test_a_new_model_drops_results_of_the_old_one(trained: Session, other_slide: Slide) -> None:
    trained.add(other_slide)
    first, second = trained.workspaces
    assert first.result is not None
    trained.train(TrainingSettings(max_epochs=1))
    assert first.result is None
    assert second.result is not None


# -- reading otherwise ------------------------------------------------------------------------------------------------


def test_reading_otherwise_changes_only_what_is_given(session: Session, watch: Callable) -> None:
    session.paint([1, 2])
    heard = watch(session)
    columns = replace(session.slide.columns, control=("control", "Jak2"), unknown=("Tgfbr2",))
    session.read_as(columns=columns)
    assert session.slide.states == ("control", "Jak2", "Ifngr2")
    session.read_as(pitch_um=50.0)
    assert session.slide.pitch == pytest.approx(50.0)
    session.read_as(um_per_unit=1.0)
    session.read_as(registered=True)
    assert session.slide.registered
    assert session.slide.columns == columns
    assert session.slide.units.um_per_unit == 1.0
    assert session.painted.tolist() == [1, 2]
    assert heard.counts == {"columns_changed": 4, "target_changed": 4, "model_changed": 4, "shown_changed": 4}


@pytest.mark.parametrize("wrong", [{"um_per_unit": -1.0}, {"um_per_unit": float("nan")}, {"pitch_um": 0.0}])
def test_a_wrong_unit_is_notified_and_nothing_changes(session: Session, wrong: dict, watch: Callable) -> None:
    slide, heard = session.slide, watch(session)
    session.read_as(**wrong)
    assert session.slide is slide
    assert "positive number" in heard.texts("error")[0]
    assert heard.counts == {"notified": 1, "columns_changed": 1}, "the panel must show again what holds"


def test_a_missing_column_is_notified_and_nothing_changes(session: Session, watch: Callable) -> None:
    slide, heard = session.slide, watch(session)
    session.read_as(columns=replace(slide.columns, perturbation="pertubation"))
    assert session.slide is slide
    assert "Did you mean perturbation" in heard.texts("error")[0]


def test_reading_otherwise_puts_a_model_off_and_back_on(trained: Session, watch: Callable) -> None:
    trained.paint([1, 2])
    trained.show_view(View.PREDICTED)
    columns, heard = trained.slide.columns, watch(trained)
    trained.read_as(columns=replace(columns, perturbation=None, control=()))
    assert "trained with a perturbation column" in trained.model_problem
    assert trained.result is None
    assert trained.view is View.OBSERVED
    assert {"prediction_changed", "genes_changed"} <= set(heard.heard)
    trained.read_as(columns=columns)
    assert trained.model_problem == ""
    assert trained.result.slide is trained.slide


def test_a_result_is_announced_as_gone_when_nothing_replaces_it(trained: Session, watch: Callable) -> None:
    heard = watch(trained)
    trained.show_view(View.OBSERVED)
    trained.read_as(columns=replace(trained.slide.columns, tissue=None))
    assert trained.result is None
    assert heard.counts["prediction_changed"] == 1
    assert heard.counts["genes_changed"] == 1


# -- labels -----------------------------------------------------------------------------------------------------------


def test_painted_labels_become_the_perturbation(session: Session, watch: Callable) -> None:
    original = session.slide.adata
    session.paint([1, 2, 3])
    heard = watch(session)
    session.label_painted(" mine ", "lesion", "none")
    assert session.slide.columns.perturbation == "mine"
    assert session.slide.columns.control == ("none",)
    assert session.slide.states == ("none", "lesion")
    assert np.flatnonzero(session.slide.state_of == "lesion").tolist() == [1, 2, 3]
    assert session.colour == Colour("column", "mine")
    assert session.painted.size == 0
    assert session.target == {"perturbation": "lesion"}
    assert "mine" not in original.obs
    assert heard.counts == {
        "columns_changed": 1,
        "target_changed": 1,
        "model_changed": 1,
        "shown_changed": 1,
        "patch_changed": 1,
    }
    session.undo()
    assert session.painted.tolist() == [1, 2, 3]
    assert session.target == {"perturbation": "lesion"}, "an undone edit brings no state of the old column back"


def test_labels_are_added_to_a_column_painted_before(session: Session) -> None:
    session.paint([1, 2])
    session.label_painted("mine", "lesion")
    assert session.slide.states == ("lesion",)
    assert "one known state" in session.whatif_blocker
    session.paint([2, 3])
    session.label_painted("mine", "healthy")
    assert session.slide.columns.control == ("healthy",)
    assert np.flatnonzero(session.slide.state_of == "lesion").tolist() == [1]
    assert np.flatnonzero(session.slide.state_of == "healthy").tolist() == [2, 3]
    assert session.current.labelled == ["mine"]
    assert session.whatif_blocker == ""


@pytest.mark.parametrize(
    ("rows", "column", "label", "reason"),
    [
        ([], "mine", "lesion", "Nothing is painted"),
        ([1], " ", "lesion", "needs a column name"),
        ([1], "mine", "", "needs a column name"),
        ([1], "tissue", "lesion", "column of the file"),
    ],
)
def test_labels_that_can_not_be_are_refused(
    session: Session, rows: list[int], column: str, label: str, reason: str, watch: Callable
) -> None:
    session.paint(rows)
    slide, heard = session.slide, watch(session)
    session.label_painted(column, label)
    assert session.slide is slide
    assert session.painted.tolist() == rows
    assert reason in heard.texts("error")[0]
    assert heard.counts == {"notified": 1}


def test_training_and_predicting_with_painted_labels_on_a_simulated_slide(session: Session, watch: Callable) -> None:
    session.paint(range(60))
    session.label_painted("mine", "lesion", "none")
    session.train(TrainingSettings(max_epochs=1))
    heard = watch(session)
    session.paint([100, 101])
    assert heard.texts("error") == []
    assert session.result.patch_genes is not None
    assert session.result.agreement == (), "the truth knows nothing of these labels"
    assert not session.has_truth
    session.show_view(View.TRUTH)
    assert "true" not in session.values().label


# -- afresh -----------------------------------------------------------------------------------------------------------


def test_starting_afresh_forgets_patch_labels_reading_and_model(trained: Session, watch: Callable) -> None:
    trained.paint([1, 2])
    trained.label_painted("mine", "lesion", "none")
    trained.read_as(um_per_unit=5.0)
    heard = watch(trained)
    trained.start_afresh()
    assert trained.slide.columns.perturbation == "perturbation"
    assert "mine" not in trained.slide.adata.obs
    assert trained.slide.units.um_per_unit == 1.0
    assert trained.painted.size == 0
    assert trained.model is None
    assert trained.training is None
    assert trained.view is View.OBSERVED
    assert len(trained.workspaces) == 1
    assert {"slide_changed", "model_changed", "training_changed"} <= set(heard.heard)


# -- in the background ------------------------------------------------------------------------------------------------


def test_with_threads_slides_open_in_order_and_callbacks_run_here(
    threaded: Callable, slide_path: Path, other_slide: Slide, watch: Callable, current_thread: object
) -> None:
    session = threaded()
    heard = watch(session)
    session.open(slide_path)
    session.add(other_slide)
    assert session.current is None
    assert session.jobs.wait()
    assert [workspace.slide.name for workspace in session.workspaces] == ["tumour", "other"]
    assert heard.busy == ["Reading tumour.h5ad …", "Opening …", "Opening …", ""], "busy until both are open"
    assert heard.threads == {current_thread}
