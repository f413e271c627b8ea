"""Verbs on the patch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.selection import Mode
from napari_concert.session import Session
from napari_concert.slide import Slide


def test_a_stroke_emits_the_patch_at_every_change_and_the_rest_once(session: Session, watch: Callable) -> None:
    heard = watch(session)
    session.begin_stroke()
    session.extend_stroke(np.array([1, 2]))
    session.extend_stroke(np.array([2]))
    session.extend_stroke(np.array([3]))
    assert heard.heard == ["patch_changed", "patch_changed"]
    session.end_stroke()
    assert heard.heard == ["patch_changed", "patch_changed", "target_changed"]
    assert session.painted.tolist() == [1, 2, 3]


def test_a_stroke_that_changes_nothing_says_nothing(session: Session, watch: Callable) -> None:
    session.paint([1, 2])
    heard = watch(session)
    session.paint([1])
    session.paint([7], erase=True)
    assert heard.heard == []
    session.undo()
    assert session.painted.size == 0


def test_a_mask_paints_like_rows(session: Session) -> None:
    mask = np.zeros(session.slide.n_spots, dtype=bool)
    mask[[4, 9]] = True
    session.paint(mask)
    assert session.painted.tolist() == [4, 9]


@pytest.mark.parametrize("rows", [[-1], [300], [[1, 2]], [1.5]])
def test_rows_that_the_slide_has_not_are_refused_and_nothing_changes(session: Session, rows: list) -> None:
    session.paint([4])
    with pytest.raises(ConcertError):
        session.paint(rows)
    assert session.painted.tolist() == [4]
    assert not session.current.painting.in_stroke


def test_erase_undo_redo_and_clear(session: Session, watch: Callable) -> None:
    session.paint([1, 2, 3])
    session.paint([2], erase=True)
    assert session.painted.tolist() == [1, 3]
    heard = watch(session)
    session.undo()
    assert session.painted.tolist() == [1, 2, 3]
    session.redo()
    assert session.painted.tolist() == [1, 3]
    session.clear()
    assert session.painted.size == 0
    assert heard.counts == {"patch_changed": 3, "target_changed": 3}
    session.undo()
    assert session.painted.tolist() == [1, 3]


@pytest.mark.parametrize("verb", ["undo", "redo", "clear", "new_patch"])
def test_after_a_verb_in_the_middle_of_a_stroke_the_mouse_that_goes_on_paints_nothing(
    trained: Session, verb: str
) -> None:
    trained.paint([1])
    trained.begin_stroke()
    trained.extend_stroke(np.array([2]))
    getattr(trained, verb)()
    before = [patch.to_json() for patch in trained.patches]
    trained.extend_stroke(np.array([3]))
    trained.end_stroke()
    assert [patch.to_json() for patch in trained.patches] == before
    assert trained.result.what_if.rows.tolist() == trained.painted.tolist()
    assert trained.current.live is None
    trained.begin_stroke()
    trained.extend_stroke(np.array([3]))
    trained.end_stroke()
    assert 3 in trained.current.painting.rows


@pytest.mark.parametrize(
    ("mode", "wanted"), [("add", [1, 2, 3]), ("subtract", [1]), ("intersect", [2]), ("invert", [1, 3])]
)
def test_a_selection_joins_the_active_patch_as_one_edit(session: Session, mode: str, wanted: list[int]) -> None:
    session.paint([1, 2])
    session.select([3, 2], Mode(mode))
    assert session.painted.tolist() == wanted
    session.undo()
    assert session.painted.tolist() == [1, 2]


def test_the_first_stroke_makes_the_first_patch(session: Session) -> None:
    assert session.patches == ()
    session.set_target("perturbation", "Jak2")
    session.paint([1], erase=True)
    assert session.patches == ()
    session.paint([1])
    (patch,) = session.patches
    assert (patch.name, patch.spots.tolist(), dict(patch.target)) == ("patch 1", [1], {"perturbation": "Jak2"})


def test_nothing_to_undo_redo_or_clear_is_said(session: Session, watch: Callable) -> None:
    heard = watch(session)
    session.undo()
    session.redo()
    session.clear()
    assert heard.texts("info") == ["Nothing to undo.", "Nothing to redo.", "Nothing is painted."]
    assert set(heard.heard) == {"notified"}


def test_a_stroke_cut_short_by_another_one_still_counts(trained: Session) -> None:
    trained.begin_stroke()
    trained.extend_stroke(np.array([5]))
    trained.begin_stroke()
    trained.end_stroke()
    assert trained.result.patch.tolist() == [5]


def test_extending_on_a_slide_chosen_in_the_middle_of_a_stroke_paints_nothing(
    session: Session, other_slide: Slide
) -> None:
    session.begin_stroke()
    session.extend_stroke(np.array([1]))
    session.add(other_slide)
    session.extend_stroke(np.array([2]))
    session.end_stroke()
    assert session.painted.size == 0
    session.choose(session.workspaces[0])
    assert session.painted.tolist() == [1]
    session.undo()
    assert session.painted.size == 0


def test_verbs_without_a_slide_say_so() -> None:
    session = Session()
    for verb in (session.undo, session.begin_stroke, lambda: session.paint([1]), lambda: session.set_target("a", 1)):
        with pytest.raises(ConcertError, match="No slide is open"):
            verb()
    assert session.painted.size == 0
    assert session.target == {}
    assert session.target_warning == ""


def test_the_brush_is_one_and_a_half_pitches_until_it_is_set(session: Session, watch: Callable) -> None:
    pitch = session.slide.pitch
    assert session.brush_radius == pytest.approx(1.5 * pitch)
    heard = watch(session)
    session.brush_radius = 3 * pitch
    assert heard.counts == {"brush_changed": 1}
    session.read_as(um_per_unit=2.0)
    assert session.brush_radius == pytest.approx(6 * pitch)


def test_targets(session: Session, watch: Callable) -> None:
    assert session.target == {"perturbation": "Ifngr2"}
    heard = watch(session)
    session.set_target("perturbation", "Jak2")
    session.set_target("perturbation", "Jak2")
    session.set_target("tissue", "tumour")
    assert session.target == {"perturbation": "Jak2", "tissue": "tumour"}
    session.set_target("tissue", None)
    session.set_target("tissue", None)
    assert session.target == {"perturbation": "Jak2"}
    assert heard.counts == {"target_changed": 3}


def test_a_state_never_seen_in_this_tissue_is_warned_of(session: Session) -> None:
    slide = session.slide
    lung = np.flatnonzero((slide.tissue_of == "normal lung") & slide.usable)[:3]
    session.paint(lung)
    assert "never measured in" in session.target_warning
    assert "Ifngr2" in session.target_warning
    session.set_target("tissue", "tumour")
    assert session.target_warning == ""


def test_the_warning_is_the_same_with_and_without_a_model(trained: Session) -> None:
    trained.paint(np.flatnonzero(trained.slide.tissue_of == "normal lung")[:3])
    with_model = trained.target_warning
    trained.model = None
    assert with_model
    assert trained.target_warning == with_model


def test_spots_in_the_target_state_already_are_counted(session: Session) -> None:
    already = np.flatnonzero(session.slide.state_of == "Ifngr2")[:2]
    control = np.flatnonzero(session.slide.state_of == "control")[:1]
    session.paint([*already, *control])
    assert "patch 1: 2 of 3 spots are Ifngr2 already" in session.target_warning
    session.set_target("tissue", "periphery")
    assert "already" not in session.target_warning
