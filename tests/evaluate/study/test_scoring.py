"""Scores of answers that are right or wrong by construction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_concert import simulate
from napari_concert.evaluate.dispersion import dispersion_by_moments
from napari_concert.evaluate.methods import Answer
from napari_concert.evaluate.metrics import sign_accuracy
from napari_concert.evaluate.space import log_normalised, space_of
from napari_concert.evaluate.study.draws import DRAWS, Draws
from napari_concert.evaluate.study.scoring import Referee, Score
from napari_concert.evaluate.tasks import Task, build
from napari_concert.io import from_anndata
from napari_concert.simulate import Truth
from napari_concert.slide import Slide


@pytest.fixture(scope="module")
def slide() -> Slide:
    return from_anndata(simulate.family("base").simulate(2, 900, 40), name="base")


@pytest.fixture(scope="module")
def task(slide: Slide) -> Task:
    return build(slide, "patch", 10, 1)


@pytest.fixture(scope="module")
def truth(slide: Slide, task: Task) -> Truth:
    return simulate.truth(slide.adata, task.question.what_if, list(slide.genes))


def referee(slide: Slide, task: Task, truth: Truth | None = None) -> Referee:
    return Referee(slide, task.cut_out(slide)[0], task, list(slide.genes), truth)


def scores(judge: Referee, answer: Answer) -> dict[str, Score]:
    return {each.score: each for each in judge.scores("a method", answer)}


def true_answer(task: Task, truth: Truth) -> Answer:
    rows = task.question.scored
    return Answer(truth.predicted[rows], truth.change[rows])


def test_the_truth_is_right(slide: Slide, task: Task, truth: Truth) -> None:
    found = scores(referee(slide, task, truth), true_answer(task, truth))
    assert found["true_pcc"].value == pytest.approx(1)
    assert found["true_slope"].value == pytest.approx(1)
    assert found["true_sign"].value == 1
    assert found["true_rms"].value == pytest.approx(0)
    assert found["pcc"].value > 0.9
    assert found["change_pcc"].value > 0.5


def test_no_change_has_none_and_no_correlation(slide: Slide, task: Task, truth: Truth) -> None:
    judge, right = referee(slide, task, truth), true_answer(task, truth)
    found = scores(judge, Answer(truth.baseline[task.question.scored], np.zeros(len(slide.genes))))
    assert np.isnan(found["change_pcc"].value)
    assert np.isnan(found["true_pcc"].value)
    assert found["true_slope"].value == 0
    measured = np.abs(judge.reference.mean(axis=0) - judge.origin.mean(axis=0)).mean()
    assert found["change_mae"].value == pytest.approx(measured)
    assert found["edistance"].value > scores(judge, right)["edistance"].value


def test_means_are_those_of_the_reference(slide: Slide, task: Task) -> None:
    judge, genes = referee(slide, task), list(slide.genes)
    rows = task.reference
    totals = task.cut_out(slide)[0].median_total
    expected = np.log1p(slide.counts[rows].toarray() * totals / slide.totals[rows, None]).mean(axis=0)
    assert np.allclose(log_normalised(slide, rows, genes, totals).mean(axis=0), expected)
    answer = Answer(np.tile(np.expm1(expected), (10, 1)), np.zeros(len(genes)), dispersion=np.full(len(genes), 1e6))
    found = scores(judge, answer)
    level = judge.draws.after(answer).mean(axis=(0, 1))
    assert found["mae"].value == pytest.approx(np.abs(level - expected).mean())
    assert found["pcc"].value == pytest.approx(np.corrcoef(level, expected)[0, 1])
    assert not any(name.startswith("true") for name in found)


def test_intervals_hold_the_score(slide: Slide, task: Task, truth: Truth) -> None:
    for score in scores(referee(slide, task, truth), true_answer(task, truth)).values():
        if score.score not in ("true_rms", "true_slope", "true_pcc", "true_sign"):
            assert score.lower < score.value < score.upper


def test_draws_have_the_mean_and_the_variance_that_are_said() -> None:
    n, theta = 4000, np.array([2.0, 20.0])
    draws = Draws(np.array([0.5]), theta, n, 0)
    answer = Answer(np.tile([8.0, 3.0], (n, 1)), np.zeros(2))
    counts = np.expm1(draws.after(answer)) * 0.5
    expected = 0.5 * np.array([8.0, 3.0])
    assert counts.shape == (n, DRAWS, 2)
    assert np.allclose(counts.mean(axis=(0, 1)), expected, rtol=0.03)
    assert np.allclose(counts.var(axis=(0, 1)), expected + expected**2 / theta, rtol=0.06)
    assert np.array_equal(draws.before(answer), draws.after(answer))


def test_what_is_not_known_of_an_effect_is_shared_by_spots_and_keeps_the_mean() -> None:
    n, many = 50, 3000
    draws = Draws(np.array([1.0]), np.full(many, 1e6), n, 0)
    spread, theta = np.full((n, many), 0.5), np.full(many, 1e6)
    answer = Answer(np.full((n, many), 1e4), np.zeros(many), spread=spread, dispersion=theta)
    counts = np.expm1(draws.after(answer))
    assert counts.mean() == pytest.approx(1e4, rel=0.02)
    assert np.log(counts).std(axis=0).max() < 0.05
    assert np.log(counts).std(axis=1).mean() == pytest.approx(0.5, rel=0.1)


def test_the_space_is_that_of_principal_components(slide: Slide, task: Task) -> None:
    measured = task.cut_out(slide)[0]
    genes = list(slide.genes)
    values = log_normalised(measured, np.flatnonzero(measured.usable), genes, measured.median_total)
    centred = values - values.mean(axis=0)
    left, size, _ = np.linalg.svd(centred, full_matrices=False)
    found = space_of(measured, genes).of(values)
    assert np.allclose(np.abs(found), np.abs(left * size)[:, :20], atol=1e-6)


def test_dispersions_are_those_that_counts_were_drawn_with() -> None:
    adata = simulate.tumour(1500, 20, seed=1)
    slide = from_anndata(adata)
    rng, theta = np.random.default_rng(0), np.tile([1.0, 5.0, 30.0, 200.0], 5)
    mean = 20 * slide.size_factors[:, None]
    drawn = rng.negative_binomial(theta, theta / (theta + mean))
    adata = adata.copy()
    adata.X = drawn.astype(np.float32)
    found = dispersion_by_moments(from_anndata(adata), list(slide.genes))
    assert np.allclose(np.log(found[theta < 100]), np.log(theta[theta < 100]), atol=0.5)


def test_signs_of_clear_changes_count() -> None:
    assert sign_accuracy([1, -1, 0, 1], [0.5, -0.5, 0.5, 0.01], 0.1) == pytest.approx(2 / 3)
    assert np.isnan(sign_accuracy([1.0], [0.0], 0.1))


def test_the_reference_alone_is_what_answers_are_held_against(slide: Slide, task: Task, truth: Truth) -> None:
    other = replace(task, reference=task.origin, origin=task.reference)
    one, two = (scores(referee(slide, each), true_answer(each, truth)) for each in (task, other))
    assert one["mae"].value < two["mae"].value
