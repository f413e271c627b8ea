"""Ranks, and what they come to in words."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.evaluate.study.ranks import average_ranks, frame, mean_scores, ranks, verdicts

NAN = float("nan")


def test_the_best_is_first_whichever_way_a_score_goes(made) -> None:
    scores = frame([made({"model": {"mae": 0.1, "pcc": 0.9}, "linear": {"mae": 0.2, "pcc": 0.8}})])
    found = ranks(scores).set_index(["method", "score"])["rank"]
    assert found["model"].tolist() == [1, 1]
    assert found["linear"].tolist() == [2, 2]


def test_no_value_stands_last_and_ties_share(made) -> None:
    values = {"model": {"change_pcc": 0.5}, "a": {"change_pcc": NAN}, "b": {"change_pcc": NAN}}
    found = ranks(frame([made(values)])).set_index("method")["rank"]
    assert found.to_dict() == {"model": 1, "a": 2.5, "b": 2.5}


def test_the_truth_and_the_slope_have_no_rank(made) -> None:
    values = {"the truth": {"mae": 0.0}, "model": {"mae": 0.1, "true_slope": 1.0}}
    found = ranks(frame([made(values)]))
    assert found[["method", "score", "rank"]].to_numpy().tolist() == [["model", "mae", 1.0]]


def test_averages_are_over_cases_and_scores_of_each_task(made) -> None:
    done = [
        made({"model": {"mae": 0.1}, "linear": {"mae": 0.2}}),
        made({"model": {"mae": 0.3}, "linear": {"mae": 0.2}}, seed=1),
        made({"model": {"mae": 0.1}, "linear": {"mae": 0.2}}, "niche"),
    ]
    table = average_ranks(frame(done))
    assert table.loc["model"].to_dict() == {"patch": 1.5, "niche": 1.0, "all tasks": 1.25}
    assert list(table.index) == ["model", "linear"]
    assert mean_scores(frame(done)).loc[("patch", "model"), "mae"] == pytest.approx(0.2)


def test_a_winning_baseline_is_named(made) -> None:
    lost = list(verdicts(frame([made({"model": {"mae": 0.3}, "6 nearest": {"mae": 0.2}})])))
    assert lost[0].startswith("patch (1 case): a baseline wins. 6 nearest has the best average rank (1.0)")
    assert "MAE (6 nearest)" in lost[1]
    (won,) = verdicts(frame([made({"model": {"mae": 0.1}, "6 nearest": {"mae": 0.2}})]))
    assert "the model has the best average rank (1.0), ahead of 6 nearest (2.0)" in won


def test_nothing_done_is_no_table() -> None:
    assert average_ranks(frame([])).empty
    assert list(verdicts(frame([]))) == []
    assert np.array_equal(frame([]).columns[:4], ["slide", "task", "size", "seed"])
