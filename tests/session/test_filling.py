"""Predicted spots within sections: holes, denser tissue, tables; kept up with what is painted, saved, dropped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from anndata import read_h5ad

from napari_concert.session import Session, TrainingSettings
from napari_concert.session.filled import Filled
from napari_concert.session.filling import NO_HOLE
from napari_concert.session.predicted import NOTHING, SD_UNIT
from napari_concert.session.shown import View
from napari_concert.slide import Slide


@pytest.fixture
def session(stack_slide: Slide, stack_model: Path) -> Session:
    session = Session()
    session.add(stack_slide)
    session.load_model(stack_model)
    session.show_gene("Gene1")
    session.show_view(View.PREDICTED)
    return session


@pytest.fixture
def heard(session: Session) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    return said


@pytest.fixture
def middle(stack_slide: Slide) -> np.ndarray:
    """Return the spots in the middle of the second section."""
    return np.flatnonzero(np.linalg.norm(stack_slide.coords - [0, 0, 150], axis=1) < 140)


def found(session: Session) -> Filled:
    assert session.filled is not None
    return session.filled


def shown(session: Session) -> np.ndarray:
    values = session.filled_values(session.values())
    assert values is not None
    return values.values


def test_painted_spots_are_predicted_anew_and_the_patch_becomes_nothing_else(session, heard, middle, stack_slide):
    session.set_target("perturbation", "Jak2")
    session.paint(middle)
    assert session.hole == (len(middle), 0)
    session.fill_hole()
    assert list(found(session).as_is.obs.index) == list(stack_slide.spot_names[middle])
    assert found(session).places.slide.left_out.tolist() == middle.tolist()
    assert found(session).name == "predicted: filled hole"
    assert session.target == {}
    assert found(session).what_if.is_empty
    assert any("is a hole now" in text for _, text in heard)
    session.undo()
    assert session.target == {"perturbation": "Jak2"}


def test_a_gap_that_a_brush_swept_is_filled(session, stack_slide, middle):
    cut = np.setdiff1d(np.arange(stack_slide.n_spots), middle)
    from napari_concert.io import from_anndata

    slide = from_anndata(stack_slide.adata[cut].copy(), name="cut", registered=True)
    session.add(slide)
    plane = int(slide.planes[slide.labels("section") == "s2"][0])
    session.sweep([[-20.0, 0.0, 150.0], [20.0, 0.0, 150.0]], 130.0, plane)
    assert session.hole == (0, len(middle))
    session.fill_hole()
    new = found(session).places.table
    assert set(new["section"]) == {"s2"}
    apart = np.linalg.norm(stack_slide.coords[middle][:, None] - new[["x", "y", "z"]].to_numpy()[None], axis=2)
    assert apart.min(axis=0).max() < 1e-6


def test_what_was_swept_is_taken_back_with_undo_and_clear(session, stack_slide, middle):
    changes: list[tuple[int, int]] = []
    session.hole_changed.connect(lambda: changes.append(session.hole))
    plane = int(stack_slide.planes[0])
    session.sweep([[5000.0, 5000.0]], 100.0, plane)
    session.enclose([[5000, 5000], [5200, 5000], [5200, 5200]], plane)
    session.enclose([[0, 0], [1, 1]], plane)  # no area
    assert len(changes) == 2
    assert 0 < changes[0][1] < changes[1][1]
    session.paint(middle)
    session.sweep(stack_slide.coords[middle], 50.0, int(stack_slide.planes[middle[0]]))
    assert session.hole == (len(middle), changes[1][1])  # no room between spots
    session.undo()
    assert session.hole == (0, changes[1][1])
    session.undo()
    assert session.hole == changes[0]
    session.undo()
    assert session.hole == (0, 0)
    session.paint(middle)
    session.sweep(stack_slide.coords[middle], 50.0, int(stack_slide.planes[middle[0]]))
    session.clear()
    assert session.hole == (0, 0)


def test_it_shows_what_the_measured_spots_show_but_nothing_observed(session):
    session.densify(4)
    spots = found(session)
    assert spots.name == "predicted: 4 × as dense"
    for view in (View.BASELINE, View.PREDICTED):
        session.show_view(view)
        values = session.filled_values(session.values())
        assert values is not None
        assert values.limits == session.values().limits
        np.testing.assert_allclose(values.values, spots.as_is.gene("Gene1")[0])
    session.show_view(View.UNCERTAINTY)
    assert session.filled_values(session.values()).unit == SD_UNIT
    session.show_view(View.CHANGE)
    assert (shown(session) == 0).all()
    session.show_view(View.OBSERVED)
    values = session.filled_values(session.values())
    assert np.isnan(values.values).all()
    assert values.note == NOTHING
    session.show_column("perturbation")
    assert set(shown(session)) == {"control", "Jak2"}


def test_what_is_painted_changes_them_too_and_a_new_model_is_asked(session, stack_slide):
    session.densify(3)
    before = found(session)
    session.set_target("perturbation", "Jak2")
    session.paint(np.flatnonzero(stack_slide.coords[:, 0] < 0))
    assert found(session).as_is is before.as_is
    session.show_view(View.CHANGE)
    assert np.abs(shown(session)).max() > 1e-6
    session.train(TrainingSettings(max_epochs=1))
    assert found(session).model is session.model
    session.read_as(registered=False)
    assert session.filled is None


def test_positions_of_a_table(session, tmp_path, heard):
    (tmp_path / "at.csv").write_text("x,y,z,section,perturbation\n10,20,150,s2,Jak2\n9000,0,0,s1,\n")
    session.predict_at(tmp_path / "at.csv")
    assert found(session).name == "predicted: at.csv"
    assert len(found(session).coords) == 2
    assert any(kind == "warning" and text.startswith("Extrapolation: at 1 of 2") for kind, text in heard)
    (tmp_path / "bad.csv").write_text("x,why\n1,2\n")
    session.predict_at(tmp_path / "bad.csv")
    assert heard[-1][0] == "error"
    assert "no column 'y'" in heard[-1][1]
    assert found(session).name == "predicted: at.csv"  # what was there stays


def test_they_are_saved_alone_or_with_the_slide(session, heard, middle, tmp_path, stack_slide):
    session.save_filled(tmp_path / "none.h5ad")
    assert heard[-1] == ("error", "There are no predicted spots to save; fill a hole first.")
    session.paint(middle)
    session.fill_hole()
    session.save_filled(tmp_path / "new.h5ad")
    assert read_h5ad(tmp_path / "new.h5ad").n_obs == len(middle)
    session.save_filled(tmp_path / "both.h5ad", join=True)
    both = read_h5ad(tmp_path / "both.h5ad")
    assert both.n_obs == stack_slide.n_spots
    assert int((~both.obs["measured"]).sum()) == len(middle)


def test_they_are_taken_away_and_made_again(session):
    changes: list[bool] = []
    session.filled_changed.connect(lambda: changes.append(session.is_filling))
    session.densify(3)
    assert changes[0]
    assert not changes[-1]
    session.forget_filled()
    assert session.filled is None
    assert session.filled_values(session.values()) is None
    session.densify(3)
    assert session.filled is not None


def test_what_can_not_be_done_is_said(session, heard, stack_slide):
    session.fill_hole()
    assert heard[-1] == ("info", NO_HOLE)
    session.paint(np.arange(stack_slide.n_spots))
    session.fill_hole()
    assert "nothing is left to predict it from" in heard[-1][1]
    assert not session.is_filling
    bare = Session()
    bare.add(stack_slide)
    bare.notified.connect(lambda kind, text: heard.append((kind, text)))
    bare.densify(4)
    assert heard[-1] == ("error", bare.no_filling)
    assert "train or load one" in heard[-1][1]


def test_in_the_background_it_can_be_stopped(
    threaded: Callable[..., Session], stack_slide: Slide, stack_model: Path
) -> None:
    session = threaded(stack_slide)
    session.load_model(stack_model)
    assert session.jobs.wait()
    session.densify(3)
    assert session.is_filling
    session.stop_filling()
    assert session.jobs.wait()
    assert not session.is_filling
    assert session.filled is None
    session.densify(4)
    session.densify(3)
    assert session.jobs.wait()
    assert found(session).name == "predicted: 3 × as dense"
