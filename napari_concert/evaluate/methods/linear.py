"""A negative-binomial regression on state, tissue and the field around states, without any latent cell state."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.brush import SpotIndex
from napari_concert.evaluate.dispersion import dispersion_by_moments
from napari_concert.evaluate.methods.answer import Answer
from napari_concert.evaluate.oracle import Problem, fit_weights
from napari_concert.evaluate.tasks import Question
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]

RANGE = 2.0  # pitches: where the model's own prior of the field is centred


def linear(slide: Slide, question: Question, genes: Sequence[str], seed: int = 0) -> Answer:  # noqa: ARG001
    """Fit to all measured spots, with sparse effects; predict with the switched states."""
    rows, columns = np.flatnonzero(slide.usable), slide.genes.get_indexer(pd.Index(list(genes)))
    counts = slide.counts[rows][:, columns].toarray().astype(np.float64)
    before, theta = _features(slide, slide.state_of), dispersion_by_moments(slide, genes)
    problem = Problem(before[rows], counts, slide.size_factors[rows, None], theta)
    weights = fit_weights(problem, np.arange(before.shape[1]) == 0)
    switched = slide.state_of.copy()
    switched[question.patch] = question.target
    after, before = (each[question.scored] for each in (_features(slide, switched), before))
    return Answer(np.exp(after @ weights), (after - before) @ weights, dispersion=theta)


def _features(slide: Slide, states: Labels) -> Floats:
    """Return a column for the level, each tissue, each state but the first, and the field of these."""
    tissues = [slide.tissue_of == tissue for tissue in slide.tissues]
    own = [states == state for state in slide.states[1:]]
    index = SpotIndex(slide.coords, slide.places)
    field = [_felt(index.distance_to(members) / slide.pitch) for members in own]
    return np.column_stack([np.ones(slide.n_spots), *tissues, *own, *field]).astype(np.float64)


def _felt(distance: Floats) -> Floats:
    """Return Cauchy's kernel of the nearest source (n,), 1 at one pitch, 0 in spots of the state itself."""
    near = (1 + 1 / RANGE**2) / (1 + np.square(np.nan_to_num(distance, nan=np.inf)) / RANGE**2)
    return np.where(distance == 0, 0.0, near)
