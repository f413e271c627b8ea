"""An answer held against the reference: scores and their intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from napari_concert.evaluate.dispersion import dispersion_by_moments
from napari_concert.evaluate.distances import Distances, distances
from napari_concert.evaluate.methods import Answer
from napari_concert.evaluate.metrics import pearson, rms, sign_accuracy, slope
from napari_concert.evaluate.scores import AFFECTED
from napari_concert.evaluate.space import log_normalised, space_of
from napari_concert.evaluate.study.draws import Draws
from napari_concert.evaluate.tasks import Task
from napari_concert.simulate import Truth
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

RESAMPLES = 200
LEVELS = 0.025, 0.975


@dataclass(frozen=True)
class Score:
    """A score of a method, with its 95 % interval; NaN where it is not defined."""

    method: str
    score: str
    value: float
    lower: float
    upper: float


class Referee:
    """Scores answers to one task.

    Parameters
    ----------
    slide, measured
        The whole slide, and what methods saw of it.
    task, genes
        The task, and the genes that are asked for.
    truth
        What is true of the whole slide, where it is known.
    """

    def __init__(self, slide: Slide, measured: Slide, task: Task, genes: Sequence[str], truth: Truth | None) -> None:
        self.task, self.seed = task, task.seed
        median = measured.median_total
        self.reference = log_normalised(slide, task.reference, genes, median)
        self.origin = log_normalised(slide, task.origin, genes, median)
        self.space = space_of(measured, genes)
        self.n_scored = len(task.question.scored)
        sizes = slide.totals[task.reference] / median
        self.draws = Draws(sizes, dispersion_by_moments(measured, genes), self.n_scored, task.seed)
        scored = task.question.scored
        self.true_change = None if truth is None else truth.change[scored]
        self.true_level = None if truth is None else np.log1p(truth.predicted[scored])

    def scores(self, method: str, answer: Answer) -> Iterator[Score]:
        """Yield all scores of a method's answer."""
        held = _Held(self, answer)
        value, spread = held.score(None), [held.score(self._resample(i)) for i in range(RESAMPLES)]
        for name, found in value.items():
            others = np.array([each[name] for each in spread])
            known = others[np.isfinite(others)]
            if np.isfinite(found) and len(known):
                low, high = found + np.quantile(known, LEVELS) - known.mean()
                yield Score(method, name, found, float(low), float(high))
            else:
                yield Score(method, name, found, float("nan"), float("nan"))

    def _resample(self, i: int) -> tuple[Floats, Floats, Floats]:
        """Return how often each scored, reference and origin spot is drawn: the same for every method."""
        rng = np.random.default_rng([self.seed, 3, i])
        one, other, third = (
            rng.multinomial(n, np.full(n, 1 / n)).astype(np.float64)
            for n in (self.n_scored, len(self.reference), len(self.origin))
        )
        return one, other, third


class _Held:
    """One answer, with all that resampling shares."""

    def __init__(self, referee: Referee, answer: Answer) -> None:
        self.referee = referee
        after = referee.draws.after(answer)
        self.level = after.mean(axis=1)
        self.moved = self.level - referee.draws.before(answer).mean(axis=1)
        self.distances = distances(referee.space.of(after), referee.space.of(referee.reference)[:, None])
        self.expected = np.log1p(answer.expected)
        self.change = np.broadcast_to(answer.change, answer.expected.shape)

    def score(self, drawn: tuple[Floats, Floats, Floats] | None) -> dict[str, float]:
        """Return all scores, with the spots as they are or resampled."""
        judge = self.referee
        sizes = len(self.level), len(judge.reference), len(judge.origin)
        scored, reference, origin = (np.ones(n) for n in sizes) if drawn is None else drawn
        level, expected = _mean(self.level, scored), _mean(judge.reference, reference)
        moved, measured = _mean(self.moved, scored), expected - _mean(judge.origin, origin)
        found = {
            "edistance": self.distances.energy(scored, reference),
            "mae": float(np.abs(level - expected).mean()),
            "pcc": pearson(level, expected),
            "change_mae": float(np.abs(moved - measured).mean()),
            "change_pcc": pearson(moved, measured),
        }
        return found if judge.true_change is None else found | self._true(judge.true_change, scored)

    def _true(self, true: Floats, scored: Floats) -> dict[str, float]:
        rows = np.repeat(np.arange(len(scored)), scored.astype(np.int64))
        found, expected = self.change[rows], true[rows]
        mean, true_mean = found.mean(axis=0), expected.mean(axis=0)
        return {
            "true_pcc": pearson(mean, true_mean),
            "true_rms": rms(found - expected),
            "true_slope": slope(found, expected),
            "true_sign": sign_accuracy(mean, true_mean, AFFECTED),
            "true_edistance": self._to_truth.energy(scored, scored),
        }

    @cached_property
    def _to_truth(self) -> Distances:
        """Distances between expected counts and the true ones, of the scored spots."""
        true = self.referee.true_level
        assert true is not None
        one, other = (self.referee.space.of(level)[:, None] for level in (self.expected, true))
        return distances(one, other)


def _mean(values: Floats, weight: Floats) -> Floats:
    return np.asarray(weight @ values / weight.sum())
