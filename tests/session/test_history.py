"""Undo and redo of edits that are stored as differences."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.session.history import Difference, History

N = 30
rows_of = st.lists(st.integers(0, N - 1), max_size=20)
edits = st.lists(st.tuples(st.booleans(), rows_of), max_size=12)


def painted(history: History, mask: np.ndarray, made) -> list[np.ndarray]:
    """Carry out edits and return the masks in between."""
    states = [mask.copy()]
    for adds, rows in made:
        after = mask.copy()
        after[rows] = adds
        difference = Difference.between(mask, after)
        difference.apply(mask)
        history.push(difference)
        if not difference.is_empty:
            states.append(mask.copy())
    return states


@given(edits)
def test_undo_and_redo_walk_through_every_state(made):
    history, mask = History(), np.zeros(N, dtype=bool)
    states = painted(history, mask, made)
    for state in reversed(states[:-1]):
        history.undo().apply(mask)
        assert np.array_equal(mask, state)
    assert not history.can_undo
    assert history.undo() is None
    for state in states[1:]:
        history.redo().apply(mask)
        assert np.array_equal(mask, state)
    assert not history.can_redo
    assert history.redo() is None


@given(edits, st.integers(1, 4))
def test_history_is_bounded_and_forgets_the_oldest_first(made, limit):
    history, mask = History(limit), np.zeros(N, dtype=bool)
    states = painted(history, mask, made)
    steps = 0
    while history.can_undo:
        history.undo().apply(mask)
        steps += 1
    assert steps == min(limit, len(states) - 1)
    assert np.array_equal(mask, states[len(states) - 1 - steps])


def test_a_new_edit_ends_redo_and_an_empty_one_does_not():
    history = History()
    history.push(Difference(np.array([1]), np.array([], dtype=int)))
    history.undo()
    history.push(Difference(np.array([], dtype=int), np.array([], dtype=int)))
    assert history.can_redo
    history.push(Difference(np.array([2]), np.array([], dtype=int)))
    assert not history.can_redo
