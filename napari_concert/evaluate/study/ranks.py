"""Who is best: ranks of methods in every case and score, averaged by task, and what they come to in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from napari_concert.evaluate.methods import MODEL, TRUTH
from napari_concert.evaluate.study.definitions import RANKED, SCORES
from napari_concert.evaluate.study.job import Record

CASE = ["slide", "task", "size", "seed"]
COLUMNS = [*CASE, "method", "score", "value", "lower", "upper"]


def frame(done: Sequence[Record]) -> pd.DataFrame:
    """Return all scores, one a row (``scores.csv``)."""
    return pd.DataFrame([row for record in done for row in record.rows()], columns=COLUMNS)


def ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the rank (1 is best) of every method in each case and score; the truth has none.

    Ties share their mean rank. A method without a value, such as a correlation of no change, stands last.
    """
    each = scores[scores["score"].isin(RANKED) & (scores["method"] != TRUTH)].copy()
    higher = each["score"].map({name: SCORES[name].higher for name in SCORES}).astype(bool)
    each["better"] = each["value"].where(~higher, -each["value"]).fillna(np.inf)
    each["rank"] = each.groupby([*CASE, "score"])["better"].rank(method="average")
    return each.drop(columns="better")


def average_ranks(scores: pd.DataFrame) -> pd.DataFrame:
    """Return average ranks: a row a method, best first; a column a task, and one over all of them."""
    each = ranks(scores)
    if each.empty:
        return pd.DataFrame()
    table = each.pivot_table("rank", "method", "task", sort=False)
    table["all tasks"] = table.mean(axis=1)
    return table.sort_values("all tasks")


def ranks_by_score(scores: pd.DataFrame) -> pd.DataFrame:
    """Return average ranks: a row a task and method, a column a score."""
    found = ranks(scores).pivot_table("rank", ["task", "method"], "score", sort=False)
    return found[[name for name in RANKED if name in found]]


def mean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return mean scores over cases: a row a task and method, a column a score."""
    found = scores.pivot_table("value", ["task", "method"], "score", sort=False)
    return found[[name for name in SCORES if name in found]]


def verdicts(scores: pd.DataFrame) -> Iterator[str]:
    """Yield who has the best average rank in each task, in words."""
    table = average_ranks(scores)
    for task in table.columns.drop("all tasks", errors="ignore"):
        column = table[task].dropna().sort_values()
        best, model = str(column.index[0]), dict(column.items()).get(MODEL)
        cases = len(scores.loc[scores["task"] == task, CASE].drop_duplicates())
        where = f"{task} ({cases} {'case' if cases == 1 else 'cases'})"
        if best == MODEL:
            after = f", ahead of {column.index[1]} ({column.iloc[1]:.1f})" if len(column) > 1 else ""
            yield f"{where}: the model has the best average rank ({column.iloc[0]:.1f}){after}."
        else:
            behind = "the model has none" if model is None else f"the model has {model:.1f}"
            yield f"{where}: a baseline wins. {best} has the best average rank ({column.iloc[0]:.1f}); {behind}."
        yield from _beaten(scores, str(task))


def _beaten(scores: pd.DataFrame, task: str) -> Iterator[str]:
    """Yield in which scores a baseline has the best average rank."""
    table = ranks_by_score(scores).loc[task]
    lost = {name: str(table[name].idxmin()) for name in map(str, table) if table[name].notna().any()}
    said = [f"{SCORES[name].title} ({best})" for name, best in lost.items() if best != MODEL]
    if said:
        yield f"{task}: baselines have the best average rank in {', '.join(said)}."
