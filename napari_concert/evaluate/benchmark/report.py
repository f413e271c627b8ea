"""A benchmark's results in one table: means and ranges over seeds, and which bars are met."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from napari_concert.evaluate.benchmark.job import Run

RANGED = {"model": "model", "oracle": "oracle"}
PLAIN = {"mean shift": "shift", "6 nearest": "6 near", "30 nearest": "30 near"}
OF_MODEL = {
    "genes_pcc": "all genes",
    "entries_pcc": "entries",
    "slope": "slope",
    "rms": "rms",
    "coverage": "cover",
    "affected_coverage": "of affected",
}
LEVELS = {"model": "level", "slide mean": "of mean"}
OF_HOLE = {"mae": "MAE", "spatial_pcc": "PCC", "measured_spatial_pcc": "PCC of counts"}
LEGEND = """\
model … 30 near: correlation of the predicted with the true change across affected genes, averaged over the region
(patch, or ring: within 2 pitches of it); oracle: a fit that is told field, factors and dispersions. The rest is the
model's. all genes, entries: the same over all genes, over spots × genes; slope, rms: of the change; cover: share of
true changes in the 95 % interval, of all and of affected genes; level: correlation of log mean expression, beside that
of the slide's mean, which shows how little a level says. Means over seeds, ranges in brackets."""


HOLE_LEGEND = """\
MAE of log(1 + expected count); PCC: correlation over the hidden spots, averaged over genes, with the truth and with
their noisy counts; for the model and the mean of the nearest measured spots. cover: share of counts in the 95 %
interval."""


class Verdict(NamedTuple):
    """A bar of a family, the mean of its score over seeds, and whether it is met."""

    family: str
    region: str
    score: str
    bar: str
    found: float
    is_met: bool


def frame(done: Sequence[Run]) -> pd.DataFrame:
    """Return all scores: one row for each run, region and method."""
    return pd.DataFrame([record for run in done for record in run.records()])


def verdicts(done: Sequence[Run]) -> list[Verdict]:
    """Return how the model stands against the bars of the families that were run."""
    from napari_concert.simulate import family

    scores = frame(done)
    if scores.empty:
        return []
    means = scores[scores["method"] == "model"].groupby(["family", "region"], sort=False).mean(numeric_only=True)
    found = []
    for name in dict.fromkeys(scores["family"]):
        for bar in family(name).bars:
            value = float(means.loc[(name, bar.region), bar.score])
            found.append(Verdict(name, bar.region, bar.score, str(bar), value, bar.is_met(value)))
    return found


def table(done: Sequence[Run]) -> str:
    """Return the results in aligned columns, with legends, findings and what failed; in-painting stands apart."""
    scores = frame(done)
    lines = [] if len(scores) else ["Nothing was scored."]
    for row_of, legend, part in _parts(scores):
        met = verdicts(done)
        places = dict.fromkeys(zip(part["family"], part["region"], strict=True))
        rows = [row_of(*place, part[(part[["family", "region"]] == place).all(axis=1)], met) for place in places]
        lines += [*_aligned(rows), "", *legend.splitlines(), ""]
    return "\n".join([*lines, *_notes(done)]).rstrip()


def _notes(done: Sequence[Run]) -> Iterator[str]:
    """Yield what the models say of the states they were asked about, and what failed."""
    for run in done:
        for said in (*run.findings, run.error):
            if said:
                yield f"{run.job.family}, seed {run.job.seed}: {said}"


def _parts(scores: pd.DataFrame) -> Iterator[tuple[Callable[..., dict[str, str]], str, pd.DataFrame]]:
    """Yield how rows of a table are made, its legend, and its scores."""
    is_hole = scores["region"] == "hole" if len(scores) else np.zeros(0, dtype=bool)
    for row_of, legend, wanted in ((_row, LEGEND, ~is_hole), (_hole_row, HOLE_LEGEND, is_hole)):
        if wanted.any():
            yield row_of, legend, scores[wanted]


def _hole_row(name: str, region: str, scores: pd.DataFrame, met: Sequence[Verdict]) -> dict[str, str]:
    row = {"family": name, "region": region, "spots": f"{scores['spots'].mean():.0f}"}
    for score, title in OF_HOLE.items():
        for method in ("model", "6 nearest", "30 nearest"):
            values = scores.loc[scores["method"] == method, score].to_numpy(dtype=np.float64)
            row[f"{title} {PLAIN.get(method, method)}"] = _number(values)
    model = scores[scores["method"] == "model"]
    return row | {
        "cover": _number(model["count_coverage"].to_numpy(dtype=np.float64)),
        **_costs(name, region, model, met),
    }


def _row(name: str, region: str, scores: pd.DataFrame, met: Sequence[Verdict]) -> dict[str, str]:
    model = scores[scores["method"] == "model"]
    row = {"family": name, "region": region, "spots": f"{model['spots'].mean():.0f}"}
    for method, title in (RANGED | PLAIN).items():
        values = scores.loc[scores["method"] == method, "affected_pcc"].to_numpy(dtype=np.float64)
        row[title] = _number(values, ranged=method in RANGED)
    row |= {title: _number(model[score].to_numpy(dtype=np.float64)) for score, title in OF_MODEL.items()}
    for method, title in LEVELS.items():
        row[title] = _number(scores.loc[scores["method"] == method, "level_pcc"].to_numpy(dtype=np.float64))
    return row | _costs(name, region, model, met)


def _costs(name: str, region: str, model: pd.DataFrame, met: Sequence[Verdict]) -> dict[str, str]:
    return {
        "seconds": f"{model['seconds'].mean():.0f}",
        "MiB": f"{model['peak_mib'].mean():.0f}",
        "bars": ", ".join(_marks(name, region, met)),
    }


def _marks(name: str, region: str, met: Sequence[Verdict]) -> Iterator[str]:
    for verdict in met:
        if (verdict.family, verdict.region) == (name, region):
            yield f"{verdict.bar} {'✓' if verdict.is_met else '✗'}"


def _number(values: np.ndarray, *, ranged: bool = False) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return "–"
    text = f"{known.mean():.2f}"
    return f"{text} ({known.min():.2f}–{known.max():.2f})" if ranged and len(known) > 1 else text


def _aligned(rows: Sequence[dict[str, str]]) -> Iterator[str]:
    """Yield lines of columns: names to the left, numbers to the right."""
    width = {title: max(len(title), *(len(row[title]) for row in rows)) for title in rows[0]}
    for row in ({title: title for title in rows[0]}, *rows):
        cells = [
            text.ljust(width[title]) if title in ("family", "region", "bars") else text.rjust(width[title])
            for title, text in row.items()
        ]
        yield "  ".join(cells).rstrip()
