"""The mean of the slide."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_concert.evaluate.baselines import mean_counts, mean_level
from napari_concert.evaluate.methods.answer import Answer, same_everywhere
from napari_concert.evaluate.tasks import Question
from napari_concert.slide import Slide


def slide_mean(slide: Slide, question: Question, genes: Sequence[str], seed: int = 0) -> Answer:  # noqa: ARG001
    """Return the mean of all measured spots."""
    spots, everywhere = question.scored, np.flatnonzero(slide.usable)
    change = np.log(mean_level(slide, everywhere, genes) / mean_level(slide, spots, genes))
    return same_everywhere(mean_counts(slide, everywhere, genes), change, len(spots))
