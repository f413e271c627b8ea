"""What methods say, and that none of them sees the spots that its answer is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from napari_concert import simulate
from napari_concert.concert.genes import choose_genes
from napari_concert.evaluate.baselines import mean_counts, mean_shift
from napari_concert.evaluate.methods import BASELINES, METHODS, Answer
from napari_concert.evaluate.tasks import Task, build
from napari_concert.io import from_anndata
from napari_concert.model.runtime import set_threads
from napari_concert.slide import Slide
from napari_concert.slide.counts import Counts


@pytest.fixture(scope="module")
def slide() -> Slide:
    set_threads(1)
    return from_anndata(simulate.family("base").simulate(2, 500, 30), name="base")


@pytest.fixture(scope="module")
def task(slide: Slide) -> Task:
    return build(slide, "patch", 8, 1)


def answer_of(method: str, slide: Slide, task: Task, genes: Sequence[str] | None = None) -> Answer:
    measured, question = task.cut_out(slide)
    return METHODS[method](measured, question, genes or choose_genes((measured,), 30, ()), 0)


def poisoned(slide: Slide, rows: np.ndarray) -> Slide:
    """Return the slide with other counts in some rows."""
    counts = slide.counts.toarray()
    counts[rows] = counts[rows][:, ::-1] * 7 + 3
    adata = slide.adata.copy()
    adata.X = sparse.csr_matrix(counts)
    measured = Counts(sparse.csr_matrix(counts), slide.spot_names, slide.genes)
    return replace(slide, adata=adata, measured=measured)


@pytest.mark.parametrize("method", METHODS)
def test_counts_of_hidden_spots_change_no_answer(slide: Slide, task: Task, method: str) -> None:
    other = poisoned(slide, task.hidden)
    assert np.array_equal(build(other, "patch", 8, 1).hidden, task.hidden)
    clean, dirty = (answer_of(method, each, task) for each in (slide, other))
    assert np.array_equal(clean.expected, dirty.expected)
    assert np.array_equal(clean.change, dirty.change)


@pytest.mark.parametrize("method", ["mean shift", "6 nearest", "linear"])
def test_counts_of_shown_spots_do(slide: Slide, task: Task, method: str) -> None:
    genes = choose_genes((task.cut_out(slide)[0],), 30, ())
    clean, dirty = (answer_of(method, each, task, genes) for each in (slide, poisoned(slide, task.question.like)))
    assert not np.allclose(clean.expected, dirty.expected)


@pytest.mark.parametrize("method", METHODS)
def test_answers_are_counts_and_changes_of_the_scored_spots(slide: Slide, task: Task, method: str) -> None:
    found = answer_of(method, slide, task)
    assert found.expected.shape == (8, 30)
    assert (found.expected >= 0).all()
    assert np.isfinite(found.change).all()
    assert found.change.shape in ((8, 30), (30,))
    assert (found.spread is not None) == (method == "model")


def test_the_model_tells_levels_of_spots_with_the_median_total() -> None:
    adata = simulate.family("unbalanced").simulate(2, 500, 30)
    slide = from_anndata(adata, name="unbalanced")
    unbalanced = build(slide, "patch", 8, 1)
    found = answer_of("model", slide, unbalanced, list(slide.genes))
    told = found.expected.sum(axis=1) / slide.median_total
    at_one_size = (found.before * np.exp(found.change)).sum(axis=1) / slide.median_total
    assert np.abs(np.log(told)).mean() < 0.1
    assert np.abs(np.log(told)).mean() < np.abs(np.log(at_one_size)).mean() + 0.02


def test_no_change_is_the_mean_of_the_patch(slide: Slide, task: Task) -> None:
    measured, question = task.cut_out(slide)
    found = answer_of("no change", slide, task, list(slide.genes))
    assert np.allclose(found.expected, mean_counts(measured, question.scored, list(slide.genes)))
    assert not found.change.any()


def test_a_mean_shift_is_that_of_the_what_if(slide: Slide, task: Task) -> None:
    measured, question = task.cut_out(slide)
    found = answer_of("mean shift", slide, task, list(slide.genes))
    assert np.allclose(found.change, mean_shift(measured, question.what_if.patches[0], list(slide.genes)))
    target = np.flatnonzero(measured.state_of == question.target)
    assert np.allclose(found.expected, mean_counts(measured, target, list(slide.genes)))


def test_the_nearest_of_each_spot_are_its_own(slide: Slide, task: Task) -> None:
    measured, question = task.cut_out(slide)
    found = answer_of("6 nearest", slide, task, list(slide.genes))
    for spot, expected in zip(question.scored, found.expected, strict=True):
        away = np.linalg.norm(measured.coords[question.like] - measured.coords[spot], axis=1)
        near = question.like[np.argsort(away, kind="stable")[:6]]
        counts = measured.counts[near].toarray() / measured.size_factors[near, None]
        assert np.allclose(expected, counts.mean(axis=0))


def test_a_dissociated_method_leaves_a_core_alone(slide: Slide) -> None:
    niche = build(slide, "niche", 8, 1)
    for method in ("mean shift", "state difference"):
        assert not answer_of(method, slide, niche).change.any()
    assert answer_of("6 nearest", slide, niche).change.any()
    assert answer_of("linear", slide, niche).change.any()


def test_the_linear_method_finds_effects_and_what_they_do_around() -> None:
    slide = from_anndata(simulate.family("base").simulate(2, 1500, 60), name="base")
    for kind, least in (("patch", 0.8), ("niche", 0.5)):
        task = build(slide, kind, 10, 1)
        truth = simulate.truth(slide.adata, task.question.what_if, list(slide.genes)).change[task.question.scored]
        found = answer_of("linear", slide, task, list(slide.genes)).change
        assert np.corrcoef(found.mean(axis=0), truth.mean(axis=0))[0, 1] > least


def test_each_method_is_short() -> None:
    import inspect

    for method in BASELINES.values():
        assert len(inspect.getsource(inspect.getmodule(method)).splitlines()) < 60
