"""Scores against plain formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.evaluate import pearson, slope

VALUES = st.lists(st.floats(-10, 10).map(lambda x: round(x, 3)), min_size=4, max_size=30)


def test_a_line_correlates_fully_whatever_its_slope() -> None:
    true = np.array([[0.0, 1.0], [2.0, -1.0]])
    assert pearson(0.3 * true + 2, true) == pytest.approx(1.0)
    assert pearson(-true, true) == pytest.approx(-1.0)
    assert slope(0.3 * true, true) == pytest.approx(0.3)


@given(VALUES)
def test_slope_is_that_of_least_squares_through_the_origin(values: list[float]) -> None:
    true = np.array(values)
    predicted = np.roll(true, 1)
    if not true.any():
        assert np.isnan(slope(predicted, true))
        return
    expected = np.linalg.lstsq(true[:, None], predicted, rcond=None)[0][0]
    assert slope(predicted, true) == pytest.approx(expected, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("one", "other"), [([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2], [1, 2]), ([], [])])
def test_what_is_not_defined_is_nan(one: list[float], other: list[float]) -> None:
    assert np.isnan(pearson(one, other))


def test_entries_that_either_lacks_play_no_part() -> None:
    one, other = np.array([1.0, 2.0, np.nan, 4.0, 5.0]), np.array([2.0, 1.0, 7.0, np.nan, 9.0])
    assert pearson(one, other) == pytest.approx(np.corrcoef([1, 2, 5], [2, 1, 9])[0, 1])
