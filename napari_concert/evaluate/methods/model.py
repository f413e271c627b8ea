"""The model itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from napari_concert.evaluate.methods.answer import Answer
from napari_concert.evaluate.tasks import Question
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert


def model(slide: Slide, question: Question, genes: Sequence[str], seed: int) -> Answer:
    """Train with default settings, and predict."""
    from napari_concert.concert import Concert

    trained = Concert(slide, n_genes=len(genes), also_genes=genes, seed=seed).train()
    return told(trained, trained.predict(question.what_if), question, genes)


def told(trained: Concert, prediction: Prediction, question: Question, genes: Sequence[str]) -> Answer:
    """Return what a prediction says of the scored spots.

    A prediction tells changes at one size of a spot. Real spots are compared at their total counts, which a state
    changes where most of its genes go the same way: levels take the weights that hold at a total.
    """
    at = np.searchsorted(prediction.rows, question.scored)
    columns = pd.Index(prediction.genes).get_indexer(pd.Index(list(genes)))
    weights = trained.network.level_weights.numpy()[:, columns]
    before = prediction.baseline_features[at]
    now, expected = (np.exp(each @ weights) for each in (before, before + prediction.differences(at)))
    found = prediction.changes(question.scored)
    change, sd = found.change[:, columns], found.sd[:, columns]
    return Answer(expected, change, now, sd, prediction.dispersion[columns])
