"""The nearest measured spots in the situation that is asked for: the upper bound of the paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_concert.evaluate.baselines import mean_counts, nearest_to, shift_between
from napari_concert.evaluate.methods.answer import Answer
from napari_concert.evaluate.methods.no_change import no_change
from napari_concert.evaluate.tasks import Question
from napari_concert.slide import Slide


def nearest_6(slide: Slide, question: Question, genes: Sequence[str], seed: int = 0) -> Answer:
    """Return the mean of the six nearest."""
    return _nearest(slide, question, genes, seed, 6)


def nearest_30(slide: Slide, question: Question, genes: Sequence[str], seed: int = 0) -> Answer:
    """Return the mean of the 30 nearest."""
    return _nearest(slide, question, genes, seed, 30)


def _nearest(slide: Slide, question: Question, genes: Sequence[str], seed: int, k: int) -> Answer:
    if not len(question.like):
        return no_change(slide, question, genes, seed)
    near = nearest_to(slide, question.scored, question.like, k)
    each = np.stack([mean_counts(slide, rows, genes) for rows in near.each])
    return Answer(each, shift_between(slide, question.scored, near, genes))
