"""Painted spots and their history."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.session.painting import Painting

N = 12
ROWS = st.lists(st.integers(0, N - 1), max_size=N)
STROKES = st.lists(st.tuples(st.booleans(), st.lists(ROWS, max_size=3)), max_size=8)


def stroke(painting: Painting, erase: bool, parts: list[list[int]]) -> bool:
    painting.begin(erase)
    for rows in parts:
        painting.extend(np.array(rows, dtype=np.int64))
    return painting.end()


@given(STROKES)
def test_any_strokes_undone_restore_and_redone_return(strokes: list[tuple[bool, list[list[int]]]]) -> None:
    painting = Painting(N)
    states = [painting.rows.tolist()]
    for erase, parts in strokes:
        if stroke(painting, erase, parts):
            states.append(painting.rows.tolist())
    for earlier in states[-2::-1]:
        assert painting.undo()
        assert painting.rows.tolist() == earlier
    assert not painting.undo()
    for later in states[1:]:
        assert painting.redo()
        assert painting.rows.tolist() == later
    assert not painting.redo()


@given(STROKES, STROKES)
def test_a_new_stroke_forgets_what_was_undone(before: list, after: list) -> None:
    painting = Painting(N)
    for erase, parts in before:
        stroke(painting, erase, parts)
    painting.undo()
    changed = [stroke(painting, erase, parts) for erase, parts in after]
    if any(changed):
        assert not painting.redo()


def test_a_stroke_is_one_edit_however_often_it_is_extended() -> None:
    painting = Painting(N)
    assert stroke(painting, False, [[1], [2, 3], [3], [4]])
    assert painting.undo()
    assert painting.rows.size == 0
    assert not painting.undo()


def test_extending_reports_changes_only() -> None:
    painting = Painting(N)
    painting.begin(erase=False)
    assert painting.extend(np.array([1, 2]))
    assert not painting.extend(np.array([2]))
    assert not painting.extend(np.array([], dtype=np.int64))
    assert painting.end()
    assert not painting.end()


def test_nothing_is_painted_outside_of_a_stroke() -> None:
    painting = Painting(N)
    assert not painting.extend(np.array([1]))
    assert painting.rows.size == 0


def test_undo_in_the_middle_of_a_stroke_takes_that_stroke_back() -> None:
    painting = Painting(N)
    stroke(painting, False, [[0]])
    painting.begin(erase=False)
    painting.extend(np.array([5]))
    assert painting.undo()
    assert painting.rows.tolist() == [0]


def test_replace_is_one_edit_and_tells_whether_it_changed_anything() -> None:
    painting = Painting(N)
    assert painting.replace([3, 1])
    assert painting.rows.tolist() == [1, 3]
    assert not painting.replace([1, 3])
    assert painting.replace([])
    assert painting.undo()
    assert painting.rows.tolist() == [1, 3]
