"""Landmarks: the movement they give, and those that give none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.registration import landmarks, residual
from napari_concert.registration.procrustes import fit
from napari_concert.slide import Rigid

LENGTH = st.floats(-1e4, 1e4)
MOVES = st.builds(Rigid, st.floats(-180, 180), st.tuples(LENGTH, LENGTH), st.booleans())
POINTS = np.array([[0.0, 0.0], [100.0, 0.0], [40.0, -300.0], [5.5, 2000.0]])


@given(MOVES)
def test_landmarks_give_the_movement(move):
    found = landmarks(move.apply(POINTS), POINTS, mirror=True)
    np.testing.assert_allclose(found.apply(POINTS), move.apply(POINTS), atol=1e-6)
    assert found.mirrored == move.mirrored
    assert residual(found, move.apply(POINTS), POINTS) < 1e-6


@given(MOVES)
def test_two_landmarks_turn_and_shift(move):
    move = Rigid(move.angle, move.shift)
    found = landmarks(move.apply(POINTS[:2]), POINTS[:2])
    np.testing.assert_allclose(found.apply(POINTS), move.apply(POINTS), atol=1e-5)


def test_the_fit_is_the_best_one():
    rng = np.random.default_rng(0)
    places = rng.normal(0, 100, (6, 2))
    shaken = Rigid(40, (3, 4)).apply(places) + rng.normal(0, 5, (6, 2))
    found = landmarks(shaken, places)
    least = residual(found, shaken, places)
    assert 0 < least < 10
    for other in (Rigid(1), Rigid(-1), Rigid(0, (0.5, 0)), Rigid(0, (0, -0.5))):
        assert residual(found.then(other), shaken, places) > least


def test_landmarks_on_a_line_are_not_mirrored():
    line = np.column_stack([np.arange(4.0), np.zeros(4)])
    assert not landmarks(line, line, mirror=True).mirrored


def test_matches_count_by_their_weight():
    ones = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    others = np.vstack([ones, [[500.0, 500.0]]])
    matches = np.hstack([np.eye(3), np.zeros((3, 1))])
    found = fit(ones, others, matches, mirrored=False)
    np.testing.assert_allclose(found.apply(ones), ones, atol=1e-9)


@pytest.mark.parametrize(
    ("a", "b", "mirror", "said"),
    [
        ([[0, 0]], [[1, 1]], False, "two pairs"),
        ([[0, 0], [1, 1]], [[0, 0], [1, 1]], True, "three pairs"),
        ([[2, 2], [2, 2]], [[0, 0], [1, 1]], False, "one place"),
        ([[0, 0], [1, 1]], [[3e5, 1], [3e5, 1]], False, "one place"),
        ([[0, 0], [1, 1]], [[0, 0]], False, "one order"),
        ([[0, 0, 0], [1, 1, 1]], [[0, 0, 0], [1, 1, 1]], False, "x, y"),
        ([[0, 0], [1, np.nan]], [[0, 0], [1, 1]], False, "finite"),
    ],
)
def test_landmarks_that_give_no_movement_are_refused(a, b, mirror, said):
    with pytest.raises(ConcertError, match=said):
        landmarks(a, b, mirror=mirror)
