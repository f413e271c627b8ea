"""Scores of a change against plain formulas; intervals against decoded genes."""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.evaluate.metrics import rms
from napari_concert.evaluate.scores import score_change


def changes(seed: int = 0) -> np.ndarray:
    """Return a true change (30 spots, 12 genes) that half of the genes have."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.3, (30, 12)) * 0.1 + rng.normal(0, 0.8, 12) * (np.arange(12) % 2)


def test_a_perfect_answer_has_perfect_scores() -> None:
    true = changes()
    score = score_change(true, true, (true - 1, true + 1))
    assert score.spots == 30
    assert score.affected == (np.abs(true) > 0.1).any(axis=0).sum()
    assert score.affected_pcc == pytest.approx(1)
    assert score.genes_pcc == pytest.approx(1)
    assert (score.slope, score.rms, score.coverage, score.affected_coverage) == (pytest.approx(1), 0, 1, 1)


def test_affected_genes_are_those_that_truly_change_somewhere() -> None:
    true = np.zeros((5, 8))
    true[0, :4] = [0.2, -0.3, 0.5, 0.09]
    predicted = true + np.r_[np.zeros(4), np.ones(4)]
    score = score_change(predicted, true)
    assert score.affected == 3
    assert score.affected_pcc == pytest.approx(1)
    assert score.genes_pcc < 0.5


def test_one_answer_for_all_spots_is_scored_as_such() -> None:
    true = changes()
    shift = true.mean(axis=0) + 0.1
    one, all_of_them = (astuple(score_change(each, true)) for each in (shift, np.tile(shift, (30, 1))))
    assert np.allclose(one, all_of_them, equal_nan=True)
    assert np.isnan(one[-2:]).all()


def test_coverage_is_the_share_of_changes_that_intervals_hold() -> None:
    true = changes()
    lower, upper = np.full_like(true, -0.2), np.full_like(true, 0.2)
    held = (true >= -0.2) & (true <= 0.2)
    score = score_change(true, true, (lower, upper))
    assert score.coverage == pytest.approx(held.mean())
    assert score.affected_coverage == pytest.approx(held[:, (np.abs(true) > 0.1).any(axis=0)].mean())


def test_no_change_has_an_error_but_no_correlation() -> None:
    true = changes()
    score = score_change(np.zeros(12), true)
    assert score.rms == pytest.approx(np.sqrt((true**2).mean()))
    assert score.slope == 0
    assert np.isnan(score.affected_pcc)


def test_without_spots_nothing_is_defined() -> None:
    score = score_change(np.zeros((0, 12)), np.zeros((0, 12)), (np.zeros((0, 12)), np.zeros((0, 12))))
    assert (score.spots, score.affected) == (0, 0)
    assert np.isnan([score.affected_pcc, score.genes_pcc, score.slope, score.rms, score.coverage]).all()


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_rms_is_the_norm_over_the_root_of_the_count(values: list[float]) -> None:
    assert rms([*values, np.nan]) == pytest.approx(np.linalg.norm(values) / np.sqrt(len(values)))
