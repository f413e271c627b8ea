"""The latent cell state holds what attributes and field leave: it does not tell the states of a tissue apart."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from napari_concert import Concert, Slide
from napari_concert.io import from_anndata
from napari_concert.simulate import family, tumour

TISSUE = "tumour"


@pytest.fixture(scope="module")
def slide() -> Slide:
    """Return a slide of the benchmark's base family with 300 genes: several nodules of each state in one tissue."""
    return from_anndata(tumour(1903, 300, seed=7, recipe=family("base").recipe), name="base")


def _nodules(slide: Slide, rows: np.ndarray) -> np.ndarray:
    """Return a nodule id for each row: touching spots of one state."""
    pairs = cKDTree(slide.coords[rows]).query_pairs(1.2 * slide.pitch, output_type="ndarray")
    same = slide.state_of[rows[pairs[:, 0]]] == slide.state_of[rows[pairs[:, 1]]]
    graph = np.zeros((len(rows), len(rows)), dtype=bool)
    graph[tuple(pairs[same].T)] = True
    return np.asarray(connected_components(graph, directed=False)[1])


def _accuracy(values: np.ndarray, states: np.ndarray, nodules: np.ndarray) -> float:
    """Return the balanced accuracy of a linear discriminant on nodules that it has not seen."""
    told = np.full(len(states), None, dtype=object)
    names = sorted(set(states))
    for nodule in np.unique(nodules):
        seen = nodules != nodule
        means = np.stack([values[seen & (states == name)].mean(axis=0) for name in names])
        within = values[seen] - means[[names.index(state) for state in states[seen]]]
        spread = within.T @ within / seen.sum() + 1e-3 * np.eye(values.shape[1])
        score = means @ np.linalg.solve(spread, values[~seen].T)
        score -= 0.5 * np.einsum("kd,dk->k", means, np.linalg.solve(spread, means.T))[:, None]
        told[~seen] = [names[k] for k in score.argmax(axis=0)]
    return float(np.mean([(told[states == name] == name).mean() for name in names]))


@pytest.mark.slow
def test_a_classifier_on_the_cell_state_tells_states_no_better_than_chance(slide: Slide) -> None:
    rows = np.flatnonzero((slide.tissue_of == TISSUE) & slide.usable)
    states, nodules = slide.state_of[rows].astype(str), _nodules(slide, rows)
    several = [name for name in set(states) if len(set(nodules[states == name])) > 1]
    keep = np.isin(states, several)
    chance = 1 / len(several)
    latents = Concert(slide).train().cell_state().to_numpy()[rows]
    expression = np.log1p(np.stack([slide.normalised(gene)[rows] for gene in slide.genes], axis=1))
    axes = np.linalg.svd(expression - expression.mean(axis=0), full_matrices=False)[0][:, : latents.shape[1]]
    assert _accuracy(axes[keep], states[keep], nodules[keep]) > chance + 0.3  # the expression itself does tell them
    assert _accuracy(latents[keep], states[keep], nodules[keep]) < chance + 0.1
