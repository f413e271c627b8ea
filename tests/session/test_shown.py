"""Limits, and what is never called true."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.prediction import GenePrediction
from napari_concert.session.shown import Scaling, View, percentiles, show_prediction

NUMBERS = st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1, max_size=30)


def gene_prediction(change: np.ndarray) -> GenePrediction:
    level = np.ones_like(change)
    return GenePrediction("Gene1", level, level, level * np.exp(change), change, 0 * level, change - 1, change + 1)


@given(st.lists(NUMBERS, min_size=1, max_size=3), st.floats(0, 50), st.floats(50, 100))
def test_the_upper_limit_always_lies_above_the_lower(arrays: list[list[float]], low: float, high: float) -> None:
    found = percentiles([np.array(array) for array in arrays], (low, high))
    assert np.isfinite(found).all()
    assert found[0] < found[1]


@given(NUMBERS)
def test_limits_of_a_change_are_symmetric_and_positive(values: list[float]) -> None:
    shown = show_prediction(gene_prediction(np.clip(values, -5, 5)), View.CHANGE, Scaling())
    assert shown.limits[0] == -shown.limits[1] < 0


def test_one_extreme_spot_does_not_wash_out_the_others() -> None:
    change = np.full(200, 0.5)
    change[0] = 50.0
    shown = show_prediction(gene_prediction(change), View.CHANGE, Scaling(log2=False))
    assert shown.limits[1] < 1


def test_without_a_truth_a_prediction_is_not_called_true() -> None:
    shown = show_prediction(gene_prediction(np.array([0.2, 0.3])), View.TRUTH, Scaling())
    assert shown.label == "Gene1 · change"


def test_prediction_and_truth_are_drawn_on_the_larger_limits() -> None:
    gene, truth = gene_prediction(np.array([0.2, 0.3])), np.array([-2.0, 0.1])
    both = [show_prediction(gene, view, Scaling(log2=False), truth) for view in (View.CHANGE, View.TRUTH)]
    assert both[0].limits == both[1].limits
    assert both[0].limits[1] > 1.5
    np.testing.assert_array_equal(both[1].values, truth)
