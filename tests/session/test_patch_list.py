"""Verbs on the list of patches: what they do, what they emit, what they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.session import Session
from napari_concert.session.edits import COLOURS

EDITED = ["patch_changed", "target_changed"]  # without a model
PREDICTED = [*EDITED, "prediction_changed", "genes_changed", "truth_changed"]


@pytest.fixture
def listed(session: Session) -> Session:
    """Return a session with two patches that share spot 3; the second is the active one."""
    return with_two(session)


def with_two(session: Session) -> Session:
    session.paint([1, 2, 3])
    session.new_patch()
    session.set_target("perturbation", "Jak2")
    session.paint([3, 4])
    return session


def spots(session: Session) -> list[list[int]]:
    return [patch.spots.tolist() for patch in session.patches]


def keys(session: Session) -> tuple[int, ...]:
    return session.current.painting.keys


VERBS: list[tuple[Callable[[Session], None], list[list[int]]]] = [
    (lambda s: s.new_patch(), [[1, 2, 3], [3, 4], []]),
    (lambda s: s.duplicate_patch(keys(s)[0]), [[1, 2, 3], [3, 4], [1, 2, 3]]),
    (lambda s: s.merge_patches(keys(s)), [[1, 2, 3, 4]]),
    (lambda s: s.remove_patches(keys(s)[:1]), [[3, 4]]),
    (lambda s: s.remove_patches(keys(s)), []),
    (lambda s: s.restyle_patch(keys(s)[0], name="core"), [[1, 2, 3], [3, 4]]),
    (lambda s: s.move_patch(keys(s)[0], 1), [[3, 4], [1, 2, 3]]),
]


@pytest.mark.parametrize(("verb", "wanted"), VERBS)
def test_a_verb_is_one_edit_that_says_nothing_and_can_be_undone(
    listed: Session, watch: Callable, verb: Callable, wanted: list[list[int]]
) -> None:
    before, heard = [patch.to_json() for patch in listed.patches], watch(listed)
    verb(listed)
    after = [patch.to_json() for patch in listed.patches]
    assert heard.heard == EDITED
    assert spots(listed) == wanted
    listed.undo()
    assert [patch.to_json() for patch in listed.patches] == before
    listed.redo()
    assert [patch.to_json() for patch in listed.patches] == after
    assert heard.heard == 3 * EDITED
    assert heard.said == []


@pytest.mark.parametrize(("verb", "_"), VERBS)
def test_a_verb_ends_the_stroke_that_is_under_way_and_both_are_predicted(
    trained: Session, verb: Callable, _: object
) -> None:
    session = with_two(trained)
    session.begin_stroke()
    session.extend_stroke(np.array([20]))
    verb(session)
    assert not session.current.painting.in_stroke
    assert session.result.what_if.rows.tolist() == session.painted.tolist()
    assert session.current.live is None
    session.undo()
    assert spots(session) == [[1, 2, 3], [3, 4, 20]]
    session.undo()
    assert spots(session) == [[1, 2, 3], [3, 4]]


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        (lambda s: s.merge_patches(keys(s)[:1]), ["Select two patches or more of the list to merge them."]),
        (lambda s: s.merge_patches([]), ["Select two patches or more of the list to merge them."]),
        (lambda s: s.remove_patches([]), ["Select a patch of the list to delete it."]),
        (lambda s: s.restyle_patch(keys(s)[0], name="patch 1"), []),
        (lambda s: s.move_patch(keys(s)[1], 1), []),
        (lambda s: s.redo(), ["Nothing to redo."]),
    ],
)
def test_a_verb_that_changes_nothing_says_what_to_do_and_still_ends_the_stroke(
    trained: Session, watch: Callable, verb: Callable, said: list[str]
) -> None:
    session = with_two(trained)
    heard = watch(session)
    verb(session)
    assert heard.texts("info") == said
    assert set(heard.heard) <= {"notified"}
    session.begin_stroke()
    session.extend_stroke(np.array([20]))
    verb(session)
    assert session.result.what_if.rows.tolist() == [1, 2, 3, 4, 20]


@pytest.mark.parametrize(
    "verb",
    [
        lambda s: s.choose_patch(99),
        lambda s: s.duplicate_patch(99),
        lambda s: s.restyle_patch(99, name="x"),
        lambda s: s.move_patch(99, 0),
    ],
)
def test_a_patch_that_is_not_there_is_refused(listed: Session, watch: Callable, verb: Callable) -> None:
    heard = watch(listed)
    with pytest.raises(ConcertError, match="There is no patch 99 any more"):
        verb(listed)
    assert heard.heard == []


def test_without_a_slide_there_is_no_patch_and_verbs_say_so() -> None:
    session = Session()
    assert session.patches == ()
    for verb in (session.new_patch, lambda: session.choose_patch(1), lambda: session.merge_patches([1, 2])):
        with pytest.raises(ConcertError, match="No slide is open"):
            verb()


def test_a_new_patch_becomes_what_the_one_before_becomes(listed: Session) -> None:
    listed.new_patch()
    assert listed.target == {"perturbation": "Jak2"}
    listed.set_target("perturbation", "Tgfbr2")
    assert [patch.target["perturbation"] for patch in listed.patches] == ["Ifngr2", "Jak2", "Tgfbr2"]
    assert [patch.name for patch in listed.patches] == ["patch 1", "patch 2", "patch 3"]
    assert [patch.color for patch in listed.patches] == list(COLOURS[:3])


def test_strokes_and_targets_go_to_the_chosen_patch(listed: Session, watch: Callable) -> None:
    heard = watch(listed)
    listed.choose_patch(keys(listed)[0])
    assert heard.heard == EDITED
    assert listed.target == {"perturbation": "Ifngr2"}
    listed.paint([9])
    listed.set_target("perturbation", "Tgfbr2")
    assert spots(listed) == [[1, 2, 3, 9], [3, 4]]
    assert [patch.target["perturbation"] for patch in listed.patches] == ["Tgfbr2", "Jak2"]


def test_the_prediction_is_of_all_patches_and_the_tables_are_of_the_chosen_one(
    trained: Session, watch: Callable
) -> None:
    session = with_two(trained)
    assert session.result.patch.tolist() == [3, 4]
    heard = watch(session)
    session.choose_patch(keys(session)[0])
    result = session.result
    assert heard.heard == PREDICTED
    assert result.patch.tolist() == [1, 2, 3]
    assert [(p.spots.tolist(), p.target["perturbation"]) for p in result.what_if.patches] == [
        ([1, 2], "Ifngr2"),
        ([3, 4], "Jak2"),
    ]
    expected = result.prediction.region_change(np.array([1, 2, 3])).loc[result.patch_genes.index]
    np.testing.assert_allclose(result.patch_genes["change"], expected["change"])


def test_the_order_decides_who_has_what_is_shared(trained: Session) -> None:
    session = with_two(trained)
    session.move_patch(keys(session)[0], 1)
    assert [p.spots.tolist() for p in session.result.what_if.patches] == [[4], [1, 2, 3]]


def test_a_hidden_patch_is_left_out_of_painted_spots_and_what_if(trained: Session) -> None:
    session = with_two(trained)
    session.restyle_patch(keys(session)[1], hidden=True)
    assert session.painted.tolist() == [1, 2, 3]
    assert session.result.what_if.rows.tolist() == [1, 2, 3]
    session.restyle_patch(keys(session)[0], hidden=True)
    assert session.painted.size == 0
    assert session.result.what_if.is_empty
    session.undo()
    session.undo()
    assert session.result.what_if.rows.tolist() == [1, 2, 3, 4]


LOCKED = "patch 2 is locked: unlock it in the list of patches to change its spots."


@pytest.mark.parametrize(
    "verb",
    [
        lambda s: s.paint([9]),
        lambda s: s.paint([3], erase=True),
        lambda s: s.clear(),
        lambda s: s.begin_stroke(),
        lambda s: s.merge_patches(keys(s)),
        lambda s: s.grow(1000.0),
        lambda s: s.surround(1000.0),
    ],
)
def test_spots_of_a_locked_patch_are_not_changed_and_it_is_said(
    listed: Session, watch: Callable, verb: Callable
) -> None:
    listed.restyle_patch(keys(listed)[1], locked=True)
    heard = watch(listed)
    verb(listed)
    listed.extend_stroke(np.array([9]))
    listed.end_stroke()
    assert heard.said == [("info", LOCKED)]
    assert heard.heard == ["notified"]
    assert spots(listed) == [[1, 2, 3], [3, 4]]
    listed.restyle_patch(keys(listed)[1], locked=False)
    listed.paint([9])
    assert spots(listed) == [[1, 2, 3], [3, 4, 9]]


def test_a_locked_patch_may_become_something_else_and_may_be_removed(listed: Session) -> None:
    listed.restyle_patch(keys(listed)[1], locked=True)
    listed.set_target("perturbation", "Tgfbr2")
    assert listed.patches[1].target == {"perturbation": "Tgfbr2"}
    listed.remove_patches(keys(listed)[1:])
    assert spots(listed) == [[1, 2, 3]]


def test_what_a_patch_becomes_is_an_edit_too(trained: Session, watch: Callable) -> None:
    session = with_two(trained)
    heard = watch(session)
    session.set_target("perturbation", "Tgfbr2")
    assert heard.heard == ["target_changed", "prediction_changed", "genes_changed", "truth_changed"]
    session.undo()
    assert session.target == {"perturbation": "Jak2"}
    assert session.result.what_if.patches[1].target == {"perturbation": "Jak2"}
    session.redo()
    assert session.target == {"perturbation": "Tgfbr2"}
