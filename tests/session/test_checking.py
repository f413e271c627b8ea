"""Quality checks as the session runs, keeps and drops them."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from napari_concert.evaluate.quality import Hiding
from napari_concert.session import Session, View
from napari_concert.session.checking import GONE, NO_MODEL, NOTHING_PAINTED, STOPPED
from napari_concert.session.hidden_spots import FARTHEST_Z, Look
from napari_concert.slide import Slide

FEW = Hiding("random", share=0.05)


@pytest.fixture
def checked(trained: Session) -> Session:
    trained.check(FEW)
    assert trained.checked is not None
    return trained


def test_what_is_missing_is_said(session: Session, trained: Session, watch, model_folder) -> None:
    said = watch(session)
    session.model = None
    session.check(FEW)
    session.load_model(model_folder)
    session.check(Hiding("painted"))
    assert said.texts("error") == [NO_MODEL, NOTHING_PAINTED]
    assert session.checked is None
    assert session.checking is None
    session.check(Hiding("section", section="s1"))
    assert "section" in said.texts("error")[-1]
    assert session.checking is None


def test_without_a_slide_nothing_is_checked(watch) -> None:
    session = Session()
    said = watch(session)
    session.check(FEW)
    session.look_at(Look.MAPS)
    session.save_check("nowhere")
    assert said.texts("error")[0].startswith("Open a slide")


def test_a_check_is_kept_with_the_slide_and_told(trained: Session, watch) -> None:
    said = watch(trained)
    trained.check(FEW)
    assert trained.checked.quality.hidden.rows.tolist() == FEW.rows(trained.slide).tolist()
    assert said.texts("info")[-1].startswith("The quality check is done: ")
    assert trained.checking is None


def test_painted_spots_are_hidden(trained: Session) -> None:
    rows = np.arange(40, 60)
    trained.paint(rows)
    trained.check(Hiding("painted"))
    assert trained.checked.quality.hidden.rows.tolist() == rows.tolist()


def test_maps_share_one_scale_and_z_is_centred(checked: Session) -> None:
    gene = checked.model.genes[0]
    checked.show_hidden(gene)
    assert checked.look is Look.MAPS
    found = checked.hidden_spots()
    (_, observed), (_, predicted), (_, error) = found.maps(checked.scaling)
    assert observed.limits == predicted.limits
    assert error.limits == (-observed.limits[1], observed.limits[1])
    rows = checked.checked.quality.hidden.rows
    assert np.flatnonzero(np.isfinite(observed.values)).tolist() == rows.tolist()
    np.testing.assert_allclose(error.values[rows], observed.values[rows] - predicted.values[rows])
    np.testing.assert_allclose(observed.values[rows], checked.slide.normalised(gene)[rows])
    ((_, z),) = found.scores()
    assert z.limits == (-FARTHEST_Z, FARTHEST_Z)
    lines = list(found.describe(int(rows[3])))
    assert lines[0].startswith(f"{gene}: {found.found.observed[3]:.0f} counted, ")
    assert lines[-1] == f"z {found.z[3]:+.2f}"
    assert list(found.describe(int(np.setdiff1d(np.arange(300), rows)[0]))) == ["not hidden"]


def test_hidden_spots_need_a_gene_that_was_checked(checked: Session) -> None:
    checked.show_column("tissue")
    assert checked.hidden_spots() is None
    checked.show_gene(checked.model.genes[1])
    assert checked.hidden_spots() is checked.hidden_spots()


def test_a_view_or_a_comparison_shows_the_slide_again(checked: Session) -> None:
    checked.look_at(Look.Z)
    checked.show_view(View.OBSERVED)
    assert checked.look is Look.SLIDE
    checked.set_target("perturbation", "Jak2")
    checked.paint([5, 6])
    checked.keep_what_if()
    checked.keep_what_if()
    checked.look_at(Look.MAPS)
    checked.compare([0, 1])
    assert checked.look is Look.SLIDE
    checked.look_at(Look.MAPS)
    assert checked.current.compared == ()


def test_another_model_drops_it_and_says_so(checked: Session, watch, model_folder) -> None:
    said = watch(checked)
    checked.look_at(Look.MAPS)
    checked.load_model(model_folder)
    assert checked.checked is None
    assert checked.look is Look.SLIDE
    assert GONE in said.texts("warning")


def test_reading_the_slide_otherwise_drops_it(checked: Session, watch) -> None:
    said = watch(checked)
    checked.read_as(um_per_unit=2.0)
    assert checked.checked is None
    assert GONE in said.texts("warning")


def test_it_waits_for_its_slide(checked: Session, other_slide: Slide, watch) -> None:
    before, said = checked.checked, watch(checked)
    checked.look_at(Look.MAPS)
    checked.add(other_slide)
    assert checked.checked is None
    assert checked.look is Look.SLIDE
    checked.choose(checked.workspaces[0])
    assert checked.checked is before
    assert GONE not in said.texts("warning")


def test_it_runs_beside_predictions_and_can_be_cancelled(live: Session, until, watch) -> None:
    said = watch(live)
    live.check(Hiding("random", share=0.3), anew=True)
    until(live, lambda: live.checking is not None and live.checking.step is not None)
    live.set_target("perturbation", "Jak2")
    live.paint([5, 6, 7])
    until(live, lambda: live.result is not None and not live.result.what_if.is_empty)
    assert live.checking is not None
    live.stop_check()
    assert live.checking.is_stopping
    until(live, lambda: live.checking is None)
    assert live.checked is None
    assert said.texts("info")[-1] == STOPPED


def test_one_check_at_a_time(live: Session, until, watch) -> None:
    said = watch(live)
    live.check(FEW)
    live.check(FEW)
    assert any("cancel it first" in text for text in said.texts("info"))
    until(live, lambda: live.checked is not None)
    assert said.threads == {threading.current_thread()}


def test_it_is_saved(checked: Session, tmp_path: Path, watch) -> None:
    said = watch(checked)
    checked.save_check(tmp_path / "qc")
    assert (tmp_path / "qc" / "summary.json").exists()
    assert said.texts("info")[-1].startswith("Saved the quality check as ")
