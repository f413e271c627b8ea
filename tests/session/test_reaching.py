"""The learned reach of the state that is painted, and the cut-offs as colours."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData

from napari_concert.concert.learned import Learned
from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata
from napari_concert.session import Session, TrainingSettings
from napari_concert.session.reaching import NO_MODEL, NO_STATE
from napari_concert.session.shown import CUT_OFF


@pytest.fixture
def aiming(trained: Session) -> Session:
    """Return a session with a model, in which the next patch becomes Jak2."""
    trained.set_target("perturbation", "Jak2")
    return trained


def test_the_reach_is_that_of_the_state_that_the_active_patch_becomes(aiming: Session) -> None:
    reach = aiming.reach
    assert reach is aiming.reach, "it is worked out once"
    np.testing.assert_array_equal(reach.outline, aiming.model.learned.reach("Jak2").outline)
    assert aiming.no_reach == ""
    aiming.set_target("perturbation", "Tgfbr2")
    assert aiming.reach.state == "Tgfbr2"
    aiming.paint([1, 2])
    aiming.new_patch()
    aiming.set_target("perturbation", "Jak2")
    assert aiming.reach is reach
    aiming.choose_patch(aiming.current.painting.keys[0])
    assert aiming.reach.state == "Tgfbr2"


def test_without_a_reach_it_says_why(session: Session, model_folder: object) -> None:
    assert (session.reach, session.no_reach) == (None, NO_MODEL)
    session.load_model(model_folder)
    session.set_target("perturbation", None)
    assert (session.reach, session.no_reach) == (None, NO_STATE)
    session.set_target("perturbation", "control")
    assert session.reach is None
    assert "control" in session.no_reach
    session.set_target("perturbation", "Jak2")
    assert session.no_reach == ""


def test_another_model_has_a_reach_of_its_own(aiming: Session) -> None:
    before = aiming.reach
    aiming.train(TrainingSettings(n_genes=20, max_epochs=2, seed=5))
    assert aiming.reach is not before


def test_it_is_shown_until_it_is_switched_off_and_that_is_announced_once(session: Session) -> None:
    told: list[bool] = []
    session.reach_changed.connect(lambda: told.append(session.shows_reach))
    for shown in (True, False, False, True):
        session.show_reach(shown)
    assert told == [False, True]


def test_spots_are_coloured_by_the_cut_off_in_their_tissue(aiming: Session, watch: Callable) -> None:
    heard = watch(aiming)
    aiming.show_cut_offs()
    aiming.show_cut_offs()
    assert heard.counts == {"shown_changed": 1}
    assert aiming.colour == CUT_OFF
    shown, slide = aiming.values(), aiming.slide
    table = aiming.model.learned.cut_offs().loc["Jak2"]
    expected = [table[name or "unknown tissue"] for name in slide.tissue_of]
    np.testing.assert_allclose(shown.values[slide.usable], np.array(expected)[slide.usable])
    assert np.isnan(shown.values[~slide.usable]).all()
    assert (shown.label, shown.kind, shown.limits) == ("cut-off of Jak2", "continuous", (0.0, pytest.approx(1000.0)))
    assert shown.unit.startswith("µm")
    assert "for each tissue, not for each spot" in shown.note
    for name in slide.tissues:
        assert f"{name} {table[name]:.3g} µm (" in shown.note


def test_the_cut_offs_follow_the_target_and_go_with_it(aiming: Session) -> None:
    aiming.show_cut_offs()
    aiming.set_target("perturbation", "Tgfbr2")
    assert aiming.values().label == "cut-off of Tgfbr2"
    aiming.set_target("perturbation", "control")
    shown = aiming.values()
    assert np.isnan(shown.values).all()
    assert shown.note == aiming.no_reach
    aiming.set_target("perturbation", "Jak2")
    aiming.train(TrainingSettings(n_genes=20, max_epochs=2, seed=5))
    table = aiming.model.learned.cut_offs().loc["Jak2"]
    assert set(aiming.values().values[aiming.slide.usable]) <= set(table)
    aiming.start_afresh()
    assert aiming.colour != CUT_OFF


def test_cut_offs_that_nobody_learned_are_not_shown(session: Session) -> None:
    before = session.colour
    with pytest.raises(ConcertError, match="Train a model"):
        session.show_cut_offs()
    assert session.colour == before


def test_without_tissues_there_is_one_cut_off_that_is_called_assumed_if_little_was_learned(
    tumour_adata: AnnData,
) -> None:
    adata = tumour_adata.copy()
    adata.obs = adata.obs[["perturbation"]].copy()
    session = Session()
    session.add(from_anndata(adata))
    session.train(TrainingSettings(max_epochs=1, n_genes=20))
    session.set_target("perturbation", "Jak2")
    session.show_cut_offs()
    shown = session.values()
    assert len(set(shown.values[session.slide.usable])) == 1
    assert shown.note.startswith("one cut-off for all spots, as no tissue is known")
    assert "mostly assumed: the slide says little of it" in shown.note


def test_cut_offs_are_what_a_restored_slide_shows_again(
    threaded: Callable, tumour_slide: object, model_folder: object, tmp_path: object, until: Callable
) -> None:
    first = threaded(tumour_slide, tmp_path)
    first.train(TrainingSettings(max_epochs=1, n_genes=20))
    until(first, lambda: first.model is not None)
    first.set_target("perturbation", "Jak2")
    first.show_cut_offs()
    first.close()
    again = threaded(tumour_slide, tmp_path)
    until(again, lambda: again.model is not None)
    assert again.colour == CUT_OFF
    assert again.values().label == "cut-off of Jak2"


@pytest.fixture
def computing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the threads in which what a model learned is worked out from now on: reaches, then findings."""
    threads: list[str] = []

    def heard(work: Callable) -> Callable:
        def listening(*given: object) -> object:
            threads.append(threading.current_thread().name)
            return work(*given)

        return listening

    monkeypatch.setattr(Learned, "scopes", heard(Learned.scopes))
    monkeypatch.setattr(Learned, "identifiability", heard(Learned.identifiability))
    return threads


def test_the_main_thread_only_reads_what_a_model_learned(
    threaded: Callable,
    tumour_slide: object,
    model_folder: object,
    tmp_path: object,
    until: Callable,
    computing: list[str],
) -> None:
    first = threaded(tumour_slide, tmp_path)
    first.load_model(model_folder)
    until(first, lambda: first.model is not None)
    loaded = first.model
    first.train(TrainingSettings(max_epochs=1, n_genes=20))
    until(first, lambda: first.model is not loaded)
    trained = first.model
    first.train(TrainingSettings(max_epochs=10_000, n_genes=20))
    until(first, lambda: bool(first.training.epochs))
    first.stop_training()
    until(first, lambda: first.model is not trained)
    first.close()
    again = threaded(tumour_slide, tmp_path)
    until(again, lambda: again.model is not None)
    assert len(computing) == 8, "loaded, trained, stopped, restored: reaches and findings of each, once"
    for session in (first, again):
        assert session.reaches
        assert session.model.learned.findings() == session.model.learned.findings()
        session.set_target("perturbation", "Jak2")
        assert session.reach in session.reaches
    assert len(computing) == 8
    assert threading.current_thread().name not in computing
