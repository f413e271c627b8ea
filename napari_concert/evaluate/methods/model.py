"""The model itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from napari_concert.evaluate.methods.answer import Answer
from napari_concert.evaluate.tasks import Question
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide


def model(slide: Slide, question: Question, genes: Sequence[str], seed: int) -> Answer:
    """Train with default settings, and predict."""
    from napari_concert.concert import Concert

    trained = Concert(slide, n_genes=len(genes), also_genes=genes, seed=seed).train()
    return told(trained.predict(question.what_if), question, genes)


def told(prediction: Prediction, question: Question, genes: Sequence[str]) -> Answer:
    """Return what a prediction says of the scored spots."""
    at = np.searchsorted(prediction.rows, question.scored)
    columns = pd.Index(prediction.genes).get_indexer(pd.Index(list(genes)))
    changes = prediction.changes(question.scored)
    expected = np.exp(prediction.baseline_features[at] @ prediction.weights + changes.change)
    return Answer(
        expected[:, columns], changes.change[:, columns], changes.sd[:, columns], prediction.dispersion[columns]
    )
