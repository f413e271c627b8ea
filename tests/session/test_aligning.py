"""Sections of a stack: spaced, ordered, moved, registered, and all of it undone and kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData

from napari_concert.io import from_anndata
from napari_concert.session import Session
from napari_concert.slide import Columns, Rigid, Slide


@pytest.fixture
def session(turned: tuple[Slide, Rigid], tmp_path: Path) -> Session:
    session = Session(autosave=tmp_path)
    session.add(turned[0])
    return session


def misplaced(session: Session) -> float:
    """Return how far, at most, spots of one section lie from those they are copies of, in pitches."""
    assert session.slide is not None
    low, top = np.split(session.slide.coords[:, :2], 2)
    return float(np.linalg.norm(low - top, axis=1).max() / session.slide.pitch)


def test_sections_are_spaced_ordered_and_put_back(session: Session) -> None:
    assert session.stack is not None
    assert session.stack.assumed
    session.space_sections(16)
    assert session.slide is not None
    assert sorted(set(session.slide.coords[:, 2])) == [0, 16]
    session.order_sections(("top", "low"))
    assert session.stack.order == ("top", "low")
    assert set(session.slide.coords[:144, 2]) == {16}
    session.put_back()
    assert not session.slide.has_z
    for _ in range(3):
        assert session.can_undo_alignment
        session.undo_alignment()
    assert not session.can_undo_alignment
    assert session.slide.stack is None


def test_a_file_opens_with_its_sections_as_far_apart_as_is_said(turned: tuple[Slide, Rigid], tmp_path: Path) -> None:
    path = tmp_path / "stack.h5ad"
    turned[0].adata.write_h5ad(path)
    first = Session(autosave=tmp_path / "kept")
    first.open(path, z_spacing=16)
    assert first.slide is not None
    assert sorted(set(first.slide.coords[:, 2])) == [0, 16]
    first.move_section("top", Rigid.of(np.eye(2), [3.0, 0.0]))
    moved = first.slide.coords[-1, :2]
    first.open(path, z_spacing=20)  # open already
    assert sorted(set(first.slide.coords[:, 2])) == [0, 20]
    first.close()
    again = Session(autosave=tmp_path / "kept")
    again.open(path, z_spacing=30)
    assert again.slide is not None
    assert sorted(set(again.slide.coords[:, 2])) == [0, 30]
    np.testing.assert_allclose(again.slide.coords[-1, :2], moved)


def test_a_file_without_sections_opens_and_says_so(slide_path: Path) -> None:
    session = Session()
    told: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: told.append((kind, text)))
    session.open(slide_path, columns=Columns(None, (), (), None, None, ()), z_spacing=16)
    assert session.slide is not None
    assert session.slide.stack is None
    assert told[0][0] == "error"
    assert "section" in told[0][1]


def test_what_is_painted_stays_painted(session: Session) -> None:
    session.paint([1, 150])
    session.space_sections(16)
    assert session.painted.tolist() == [1, 150]


def test_sections_are_registered(session: Session) -> None:
    assert misplaced(session) > 2
    seen: list[object] = []
    session.alignment_changed.connect(lambda: seen.append(session.aligning))
    session.register()
    assert session.slide is not None
    assert misplaced(session) < 0.5
    assert session.slide.registered
    assert session.registration is not None
    (pair,) = session.registration.scores
    assert pair.after.correlation > pair.before.correlation
    assert seen[-1] is None
    session.undo_alignment()
    assert misplaced(session) > 2
    assert not session.slide.registered
    assert session.registration is None


def test_a_section_is_matched_by_landmarks(session: Session) -> None:
    assert session.slide is not None
    here = session.slide.with_um_per_unit(2.0).coords[[144, 200, 280], :2]
    session.read_as(um_per_unit=2.0)
    session.match_section("top", here, session.slide.coords[[0, 56, 136], :2])
    assert misplaced(session) == pytest.approx(0, abs=1e-6)


def test_a_section_is_moved_on_from_where_it_lies(session: Session, turned: tuple[Slide, Rigid]) -> None:
    session.move_section("top", turned[1].inverse)
    assert misplaced(session) == pytest.approx(0, abs=1e-6)
    session.move_section("top", Rigid(shift=(100, 0)))
    session.move_section("top", Rigid(shift=(-100, 0)))
    assert misplaced(session) == pytest.approx(0, abs=1e-6)


def test_errors_say_what_to_do_and_change_nothing(session: Session) -> None:
    said: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    session.order_sections(("low",))
    session.space_sections(-1)
    session.match_section("top", [[0, 0]], [[1, 1]])
    session.move_section("tip", Rigid(5))
    assert [kind for kind, _ in said] == ["error"] * 4
    assert "missing: top" in said[0][1]
    assert "top" in said[3][1]
    assert not session.can_undo_alignment


def test_a_slide_without_sections_has_none_to_align(slide: Slide) -> None:
    session, said = Session(), []
    session.add(slide)
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    assert session.stack is None
    session.register()
    assert said[0][0] == "error"


def test_the_stack_comes_back_with_the_slide(session: Session, turned: tuple[Slide, Rigid], tmp_path: Path) -> None:
    session.move_section("top", turned[1].inverse)
    session.read_as(registered=True)
    session.close()
    again = Session(autosave=tmp_path)
    again.add(turned[0])
    assert again.slide is not None
    assert misplaced(again) == pytest.approx(0, abs=1e-6)
    assert again.slide.registered


def test_a_copy_that_was_registered_later_stays_so(
    session: Session, turned: tuple[Slide, Rigid], tmp_path: Path
) -> None:
    session.paint([3])
    session.close()
    again = Session(autosave=tmp_path)
    stack = session.stack
    assert stack is not None
    again.add(turned[0].with_stack(stack.respaced(10)).with_registered(True))
    assert again.slide is not None
    assert again.slide.registered
    assert again.stack is not None
    assert again.stack.spacing == 10
    assert again.painted.tolist() == [3]


def test_a_model_of_sections_that_were_moved_since_asks_to_be_trained_again(session: Session) -> None:
    from napari_concert.session import TrainingSettings

    session.space_sections(50)
    session.train(TrainingSettings(max_epochs=1))
    assert session.model_problem == ""
    session.move_section("top", Rigid(5))
    assert "moved" in session.model_problem
    session.undo_alignment()
    assert session.model_problem == ""


def test_open_slides_are_joined_as_sections(session: Session, slide: Slide) -> None:
    session.add(slide)
    session.join_slides()
    assert session.slide is not None
    assert len(session.workspaces) == 3
    assert session.slide.n_spots == 288 + slide.n_spots
    assert session.slide.sections == ("low", "small", "top")


def test_one_slide_is_no_stack(session: Session) -> None:
    said: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    session.join_slides()
    assert said[0][0] == "error"
    assert len(session.workspaces) == 1


def test_what_a_move_by_hand_is_worth_is_measured(session: Session, turned: tuple[Slide, Rigid]) -> None:
    said: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    session.move_section("top", turned[1].inverse)
    (pair,) = session.scores
    assert (pair.lower, pair.upper) == ("low", "top")
    assert pair.after.correlation > pair.before.correlation + 0.1
    assert pair.after.overlap == 1
    assert said[0] == ("info", "Section top was moved.")
    assert f"correlates {pair.after.correlation:.2f}, {pair.before.correlation:.2f} before" in said[-1][1]
    session.undo_alignment()
    assert not session.scores


def test_landmarks_say_how_far_they_lie_apart(session: Session) -> None:
    said: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: said.append((kind, text)))
    assert session.slide is not None
    ends = session.slide.coords[[144, 155], :2]
    away = (ends[1] - ends[0]) * 10 / np.linalg.norm(ends[1] - ends[0])
    session.match_section("top", [ends[0] - away, ends[1] + away], ends)  # 20 µm too long: 10 too far at each end
    assert "10 µm apart" in said[0][1]
    session.match_section("top", ends[:1], ends[:1])
    assert said[-1] == ("error", "It takes at least two pairs of landmarks; got 1. Set more.")


def test_a_section_too_small_to_measure_is_moved_all_the_same(new_adata: Callable[..., AnnData]) -> None:
    adata = new_adata(side=6, genes=5)
    adata.obs["section"] = ["few"] * 5 + ["many"] * 31
    session = Session()
    session.add(from_anndata(adata, columns=Columns(perturbation="perturbation", section="section")))
    session.move_section("few", Rigid(5))
    assert session.can_undo_alignment
    assert not session.scores


def test_it_says_why_nothing_can_be_moved_with_the_mouse(session: Session, slide: Slide) -> None:
    assert session.no_adjusting == ""
    session.add(slide)
    assert "No column tells two sections" in session.no_adjusting
    assert "Open a slide" in Session().no_adjusting
