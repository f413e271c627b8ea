"""The task of a what-if: the example patch of a simulated slide, its ring, and every method's answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.evaluate.baselines import in_target
from napari_concert.evaluate.methods import BASELINES
from napari_concert.evaluate.metrics import pearson
from napari_concert.evaluate.oracle import fit_oracle
from napari_concert.evaluate.scores import Interval, score_change, scored_rows
from napari_concert.evaluate.tasks import Kind, Question
from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

RING_PITCHES = 2.0
PLAIN = ("no change", "slide mean", "mean shift", "6 nearest", "30 nearest")


class Case(NamedTuple):
    """A what-if on a slide and the model's answer."""

    slide: Slide
    what_if: WhatIf
    prediction: Prediction


class Answer(NamedTuple):
    """What a method says of a region: change (n_spots, G) or (G,), mean level (G,), interval of the change if any."""

    change: Floats
    level: Floats
    interval: Interval | None = None


def predict(model: Concert, painted: Slide) -> Case:
    """Paint a slide's example and predict."""
    from napari_concert.simulate import example

    what_if = example(painted)
    return Case(painted, what_if, model.predict(what_if, painted))


def scores(case: Case, trained_on: Slide) -> Iterator[dict[str, Any]]:
    """Yield one record for each region and method."""
    from napari_concert.simulate import truth

    slide, patch = case.slide, case.what_if.rows
    true = truth(slide.adata, case.what_if, case.prediction.genes)
    fit = fit_oracle(trained_on, case.prediction.genes)
    before, after = (fit.log_mean(slide, what_if) for what_if in (WhatIf(), case.what_if))
    ring = SpotIndex(slide.coords, slide.places).ring(patch, RING_PITCHES * slide.pitch)
    for region, spots in (("patch", patch), ("ring", ring)):
        rows = scored_rows(case.prediction, spots, true.change)
        level = np.log1p(true.predicted[rows].mean(axis=0))
        answers = {"model": _model(case, rows), **_baselines(case, region, rows)}
        answers["oracle"] = Answer((after - before)[rows], np.exp(after[rows]).mean(axis=0))
        for method, answer in answers.items():
            score = score_change(answer.change, true.change[rows], answer.interval)
            levels = pearson(np.log1p(answer.level), level)
            yield {"region": region, "method": method, **asdict(score), "level_pcc": levels}


def _model(case: Case, rows: Rows) -> Answer:
    level = case.prediction.region_change(rows)["predicted"].to_numpy(dtype=np.float64)
    found = case.prediction.changes(rows)
    return Answer(found.change, level, (found.lower, found.upper))


def _baselines(case: Case, region: str, rows: Rows) -> dict[str, Answer]:
    """Return what the measured spots alone would say; of a ring, that it stays as it is."""
    slide, genes, patch = case.slide, case.prediction.genes, case.what_if.patches[0]
    like = in_target(slide, patch) if region == "patch" else np.zeros(0, np.int64)
    kind: Kind = "patch" if region == "patch" else "niche"
    question = Question(kind, "", str(patch.target["perturbation"]), None, patch.spots, rows, like)
    found = {name: BASELINES[name](slide, question, genes, 0) for name in PLAIN}
    return {name: Answer(answer.change, answer.expected.mean(axis=0)) for name, answer in found.items()}
