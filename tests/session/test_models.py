"""Training, stopping, saving and loading models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_concert.concert import Concert
from napari_concert.errors import ConcertError
from napari_concert.session import Session, TrainingSettings, TrainingState, View
from napari_concert.session.training import training
from napari_concert.slide import Slide

LONG = TrainingSettings(max_epochs=10_000, device="cpu")
SHORT = TrainingSettings(max_epochs=3, device="cpu")


def epochs_of(session: Session) -> int:
    return len(session.training.epochs) if session.training is not None else 0


# -- to the end -------------------------------------------------------------------------------------------------------


def test_training_reports_and_ends_with_a_model_and_its_baseline(session: Session, watch: Callable) -> None:
    heard = watch(session)
    session.train(replace(SHORT, also_genes=("Krt8",), n_genes=10, seed=4))
    state = session.training
    assert state.status == "done"
    assert not state.is_running
    assert state.device.startswith("CPU")
    assert [epoch.index for epoch in state.epochs] == [1, 2, 3]
    assert state.latest.index == 3
    assert session.model.seed == 4
    assert "Krt8" in session.model.genes
    assert session.model_name == "trained here"
    assert session.result.what_if.is_empty
    assert heard.texts("info") == ["The model is ready. Paint spots in step 3; step 4 lists the genes that change."]
    assert heard.counts["training_changed"] >= 6, "preparing, device, three epochs, done"
    assert heard.counts["model_changed"] == 1
    assert heard.heard[0] == heard.heard[-1] == "training_changed"


def test_all_open_slides_are_learned_from_together(session: Session, other_slide: Slide) -> None:
    session.add(other_slide)
    session.train(replace(SHORT, all_slides=True))
    assert [slide.name for slide in session.model.slides] == ["tumour", "other"]
    session.train(SHORT)
    assert [slide.name for slide in session.model.slides] == ["other"]


def test_training_needs_a_slide() -> None:
    with pytest.raises(ConcertError, match="No slide is open"):
        Session().train()


def test_training_in_the_background_calls_back_on_this_thread_only(
    threaded: Callable, tumour_slide: Slide, watch: Callable, current_thread: object
) -> None:
    session = threaded(tumour_slide)
    heard = watch(session)
    session.train(SHORT)
    assert session.training.status == "preparing"
    session.paint([1, 2])
    assert session.jobs.wait()
    assert session.training.status == "done"
    assert session.result.patch.tolist() == [1, 2]
    assert session.result.patch_genes is not None
    assert heard.threads == {current_thread}


def test_the_same_seed_gives_the_same_model_with_and_without_threads(
    session: Session, threaded: Callable, tumour_slide: Slide
) -> None:
    session.train(SHORT)
    other = threaded(tumour_slide)
    other.train(SHORT)
    assert other.jobs.wait()
    assert other.model.hash == session.model.hash


# -- stopped ----------------------------------------------------------------------------------------------------------


def test_stopping_keeps_the_best_so_far_and_the_session_predicts(
    threaded: Callable, tumour_slide: Slide, watch: Callable
) -> None:
    session = threaded(tumour_slide)
    heard = watch(session)
    seen = []

    def stop_after_two() -> None:  # in the callback: a small slide converges soon
        seen.append(session.training.status)
        if epochs_of(session) == 2:
            session.stop_training()

    session.training_changed.connect(stop_after_two)
    session.train(replace(LONG, seed=1))
    assert session.jobs.wait()
    assert [status for status in ("preparing", "training", "stopping", "stopped") if status in seen] == list(
        dict.fromkeys(seen)
    )
    assert session.training.status == "stopped"
    assert session.model_name == "stopped early"
    assert len(session.model.history) >= 2
    assert "best weights so far are kept" in heard.texts("info")[-1]
    session.paint([4])
    assert session.jobs.wait()
    assert np.isfinite(session.result.patch_genes["change"]).all()
    session.stop_training()
    assert session.training.status == "stopped"


def test_a_training_stopped_before_its_first_epoch_leaves_the_old_model(trained: Session, watch: Callable) -> None:
    old, heard = trained.model, watch(trained)

    def stop_early() -> None:
        if trained.training.device:
            trained.stop_training()

    trained.training_changed.connect(stop_early)
    trained.train(LONG)
    assert trained.training.status == "stopped"
    assert trained.model is old
    assert "nothing was learned yet" in heard.texts("info")[0]


def test_a_second_training_is_refused_while_one_runs(threaded: Callable, tumour_slide: Slide, watch: Callable) -> None:
    session = threaded(tumour_slide)
    heard = watch(session)
    session.train(LONG)
    state = session.training
    session.train(SHORT)
    assert session.training is state
    assert heard.texts("info") == ["A training is running; stop it first."]
    session.stop_training()
    session.train(SHORT)
    assert session.training is state
    assert session.jobs.wait()
    session.train(SHORT)
    assert session.jobs.wait()
    assert session.training.status == "done"


def test_the_old_model_serves_until_the_new_one_is_there(trained: Session) -> None:
    old, seen = trained.model, []

    def look() -> None:
        seen.append((trained.training.status, trained.model is old))

    trained.training_changed.connect(look)
    trained.train(SHORT)
    assert all(is_old for status, is_old in seen if status != "done")
    assert seen[-1] == ("done", False)


# -- failed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (TrainingSettings(also_genes=("Krt88",)), "Krt8"),
        (TrainingSettings(device="abacus"), "'abacus' is not available"),
        (TrainingSettings(max_epochs=0), "at least one epoch"),
        (TrainingSettings(n_genes=0), "At least one gene"),
    ],
)
def test_a_failed_training_says_why_and_leaves_the_old_model(
    trained: Session, settings: TrainingSettings, reason: str, watch: Callable
) -> None:
    old, heard = trained.model, watch(trained)
    trained.train(settings)
    assert trained.training.status == "failed"
    assert not trained.training.is_running
    assert trained.model is old
    assert [reason in text for text in heard.texts("error")] == [True]
    trained.paint([1])
    assert trained.result.patch.tolist() == [1]
    trained.train(SHORT)
    assert trained.training.status == "done"


def test_a_failure_in_the_background_is_told_on_this_thread(
    threaded: Callable, tumour_slide: Slide, watch: Callable, current_thread: object
) -> None:
    session = threaded(tumour_slide)
    heard = watch(session)
    session.train(TrainingSettings(also_genes=("Krt88",)))
    assert session.jobs.wait()
    assert "Did you mean Krt8" in heard.texts("error")[0]
    assert session.model is None
    assert heard.threads == {current_thread}


# -- while the slide changes ------------------------------------------------------------------------------------------


def during(session: Session, act: Callable[[], object]) -> None:
    """Do something once, when the first epoch of the next training is over."""
    acted = []

    def heard() -> None:
        if not acted and epochs_of(session) == 1:
            acted.append(True)
            act()

    session.training_changed.connect(heard)


def test_a_model_of_a_slide_that_is_read_otherwise_meanwhile_is_kept_and_not_used(
    session: Session, watch: Callable
) -> None:
    columns = session.slide.columns
    during(session, lambda: session.read_as(columns=replace(columns, tissue=None)))
    heard = watch(session)
    session.train(SHORT)
    assert session.training.status == "done"
    assert session.model is not None
    assert "tissue" in session.model_problem
    assert session.result is None
    assert "can't be used on this slide" in heard.texts("warning")[0]
    session.read_as(columns=columns)
    assert session.result is not None


def test_a_model_of_a_slide_that_was_left_meanwhile_waits_for_it(session: Session, unlike_slide: Slide) -> None:
    during(session, lambda: session.add(unlike_slide))
    session.train(SHORT)
    assert session.slide is unlike_slide
    assert session.model_problem
    assert session.result is None
    session.choose(session.workspaces[0])
    assert session.model_problem == ""
    assert session.result is not None


def test_a_model_of_a_slide_that_was_closed_meanwhile_is_kept(session: Session, tumour_slide: Slide) -> None:
    during(session, session.close_slide)
    session.train(SHORT)
    assert session.current is None
    assert session.training.status == "done"
    assert session.model is not None
    session.add(tumour_slide)
    assert session.result is not None


def test_a_training_given_up_by_starting_afresh_leaves_nothing(
    tumour_slide: Slide, tmp_path: Path, watch: Callable
) -> None:
    session = Session(autosave=tmp_path)
    session.add(tumour_slide)
    during(session, session.start_afresh)
    heard = watch(session)
    session.train(SHORT)
    assert session.training is None
    assert session.model is None
    assert heard.texts("info") == heard.texts("error") == []
    assert list(tmp_path.rglob("*.safetensors")) == []


def test_giving_a_training_up_in_the_background(
    threaded: Callable, tumour_slide: Slide, until: Callable, tmp_path: Path
) -> None:
    session = threaded(tumour_slide, tmp_path)
    session.train(LONG)
    until(session, lambda: epochs_of(session) >= 1)
    session.start_afresh()
    session.train(SHORT)
    assert session.jobs.wait()
    assert session.training.status == "done"
    assert len(session.model.history) == 3


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_model_is_saved_and_loaded(trained: Session, tmp_path: Path, watch: Callable) -> None:
    hash_before, heard = trained.model.hash, watch(trained)
    trained.save_model(tmp_path / "kept")
    assert heard.texts("info") == [f"Saved the model as {tmp_path / 'kept'}."]
    trained.load_model(tmp_path / "kept")
    assert trained.model.hash == hash_before
    assert trained.model_name == "kept"
    assert heard.busy == ["Saving the model …", "", "Loading the model …", ""]


def test_there_must_be_a_model_to_save(session: Session, tmp_path: Path, watch: Callable) -> None:
    heard = watch(session)
    session.save_model(tmp_path / "kept")
    assert "no model to save" in heard.texts("error")[0]
    assert not (tmp_path / "kept").exists()


def test_a_model_that_can_not_be_saved_stays(
    trained: Session, locked: Callable, tmp_path: Path, watch: Callable
) -> None:
    heard, model = watch(trained), trained.model
    trained.save_model(locked(tmp_path))
    assert "can't be saved" in heard.texts("error")[0]
    assert trained.model is model


def test_a_folder_without_a_model_and_one_that_does_not_fit_are_refused(
    trained: Session, unlike_slide: Slide, model_folder: Path, tmp_path: Path, watch: Callable
) -> None:
    model, heard = trained.model, watch(trained)
    trained.load_model(tmp_path)
    assert "holds no trained model" in heard.texts("error")[0]
    assert trained.model is model
    trained.add(unlike_slide)
    trained.load_model(model_folder)
    assert "does not fit unlike" in heard.texts("error")[1]


def test_warming_up_says_nothing(threaded: Callable, watch: Callable) -> None:
    session = threaded()
    heard = watch(session)
    session.warm_up()
    assert session.jobs.wait()
    assert heard.heard == []


# -- the work itself --------------------------------------------------------------------------------------------------


def test_the_generator_keeps_the_model_at_its_end_and_when_closed_but_not_before_the_first_epoch(
    tumour_slide: Slide,
) -> None:
    kept: list[Concert] = []
    for _ in training([tumour_slide], SHORT, kept.append):
        assert kept == []
    assert len(kept) == 1
    early = training([tumour_slide], LONG, kept.append)
    assert "CPU" in str(next(early))
    early.close()
    assert len(kept) == 1
    later = training([tumour_slide], LONG, kept.append)
    next(later)
    while getattr(next(later), "fraction", 0) < 1:
        continue
    later.close()
    assert [len(model.history) for model in kept] == [3, 1]


def test_the_state_tells_epochs_from_reports_within_one(tumour_slide: Slide) -> None:
    state = TrainingState(SHORT)
    assert state.is_running
    epoch = next(Concert(tumour_slide, device="cpu").training(1))
    state.add(replace(epoch, fraction=0.5))
    assert (state.status, state.epochs, state.latest.fraction) == ("training", [], 0.5)
    state.status = "stopping"
    state.add(replace(epoch, fraction=1.0))
    assert (state.status, len(state.epochs)) == ("stopping", 1)


# -- what a new model shows first -------------------------------------------------------------------------------------


def test_the_first_answer_leads_to_the_change_of_the_leading_gene_once(trained: Session, watch: Callable) -> None:
    heard = watch(trained)
    trained.paint([1, 2])
    assert trained.view is View.CHANGE
    assert trained.colour.kind == "gene"
    assert trained.colour.name == trained.result.patch_genes.index[0]
    assert heard.counts["shown_changed"] == 1
    trained.show_view(View.OBSERVED)
    trained.paint([3])
    assert trained.view is View.OBSERVED


def test_a_gene_that_the_user_chose_stays(trained: Session) -> None:
    trained.show_gene("Krt8")
    trained.paint([1, 2])
    assert trained.colour.name == "Krt8"
    assert trained.view is View.CHANGE
