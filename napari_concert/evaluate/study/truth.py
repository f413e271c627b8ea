"""What is true of a task on a simulated slide, in the units in which answers are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.evaluate.agreement import known_truth
from napari_concert.evaluate.methods import Answer
from napari_concert.evaluate.tasks import Task
from napari_concert.simulate import Truth
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]


def truth_of(slide: Slide, task: Task, genes: Sequence[str]) -> Truth | None:
    """Return the truth of the whole slide under a task's what-if; None where it is not known.

    Expected counts are those of spots whose total is the median one, as a method can know no other size of a spot; the
    change is that at one size, which is what a state does to a gene.
    """
    from napari_concert import simulate

    if not known_truth(slide):
        return None
    found = simulate.truth(slide.adata, task.question.what_if)
    columns = slide.genes.get_indexer(pd.Index(list(genes)))
    now, then = (_at_total(level, slide.median_total)[:, columns] for level in (found.baseline, found.predicted))
    return Truth(now, then, found.change[:, columns])


def true_answer(slide: Slide, task: Task, truth: Truth, genes: Sequence[str]) -> Answer:
    """Return what is true of the scored spots, to see how far even that is from other spots."""
    theta = slide.adata.var["dispersion"].to_numpy(dtype=np.float64)[slide.genes.get_indexer(pd.Index(list(genes)))]
    rows = task.question.scored
    return Answer(truth.predicted[rows], truth.change[rows], truth.baseline[rows], dispersion=theta)


def _at_total(level: Floats, total: float) -> Floats:
    return np.asarray(level * total / level.sum(axis=1, keepdims=True))
