"""The dissociated counterfactual: states differ by their means, and space does not matter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_concert.evaluate.baselines import in_target, mean_counts, mean_level
from napari_concert.evaluate.baselines import mean_shift as shift_of
from napari_concert.evaluate.methods.answer import Answer, same_everywhere
from napari_concert.evaluate.methods.no_change import no_change
from napari_concert.evaluate.tasks import Question
from napari_concert.slide import Slide


def mean_shift(slide: Slide, question: Question, genes: Sequence[str], seed: int = 0) -> Answer:
    """Return the mean of all spots in the target state; no change of spots that are not switched themselves."""
    patch = question.what_if.patches[0]
    shift = shift_of(slide, patch, genes) if question.is_switched else None
    if shift is None:
        return no_change(slide, question, genes, seed)
    return same_everywhere(mean_counts(slide, in_target(slide, patch), genes), shift, len(question.scored))


def state_difference(slide: Slide, question: Question, genes: Sequence[str], seed: int = 0) -> Answer:
    """Return the mean of the scored spots, moved by what lies between the means of both states."""
    if not question.is_switched:
        return no_change(slide, question, genes, seed)
    means = [mean_level(slide, _in(slide, state), genes) for state in (question.source, question.target)]
    change = np.log(means[1] / means[0])
    return same_everywhere(mean_counts(slide, question.scored, genes) * np.exp(change), change, len(question.scored))


def _in(slide: Slide, state: str) -> np.ndarray:
    return np.flatnonzero(slide.usable & (slide.state_of == state))
