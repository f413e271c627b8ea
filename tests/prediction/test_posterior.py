"""The small arithmetic of normal posteriors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from napari_concert.prediction.posterior import Z_95, false_sign_rate, interval, parts, root


def test_the_interval_holds_95_percent() -> None:
    assert norm.cdf(Z_95) - norm.cdf(-Z_95) == pytest.approx(0.95, abs=1e-14)


@given(st.floats(-5, 5), st.floats(1e-3, 5))
def test_false_sign_rate_is_the_mass_beyond_zero(mean: float, sd: float) -> None:
    found = false_sign_rate(np.array([mean]), np.array([sd]))[0]
    assert found == pytest.approx(min(norm.cdf(0, mean, sd), norm.sf(0, mean, sd)), rel=1e-9)


def test_without_uncertainty_the_sign_is_certain_unless_there_is_none() -> None:
    found = false_sign_rate(np.array([2.0, -1.0, 0.0]), np.zeros(3))
    np.testing.assert_array_equal(found, [0, 0, 0.5])


def test_root_takes_rounding_for_zero() -> None:
    np.testing.assert_array_equal(root(np.array([4.0, 0.0, -1e-17])), [2, 0, 0])


@given(st.integers(0, 5000), st.integers(1, 10**7))
def test_parts_are_all_rows_in_small_pieces(n: int, width: int) -> None:
    pieces = parts(np.arange(n), width)
    np.testing.assert_array_equal(np.concatenate(pieces), np.arange(n))
    assert max(len(piece) for piece in pieces) * width <= 4_000_000 + width


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0, 2))
def test_an_interval_is_that_of_the_estimate_and_holds_the_change(change: float, estimate: float, sd: float) -> None:
    lower, upper = (float(bound[0]) for bound in interval(*(np.array([x]) for x in (change, estimate, sd))))
    assert lower <= change <= upper
    assert lower == min(change, estimate - Z_95 * sd)
    assert upper == max(change, estimate + Z_95 * sd)
