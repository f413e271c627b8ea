"""What a method says of the scored spots of a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from napari_concert.evaluate.tasks import Question
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer to a question: n scored spots, G genes.

    Attributes
    ----------
    expected
        (n, G) expected counts at the median library size.
    change
        (n, G), or (G,) where it is the same for all spots: natural log of expected counts over those as it is now.
    spread
        Standard deviation (n, G) of the log expected count, as far as the method tells it; None where it does not.
    dispersion
        (G,) of the negative binomial that counts follow; None where the method does not tell it.
    """

    expected: Floats
    change: Floats
    spread: Floats | None = None
    dispersion: Floats | None = None


class Method(Protocol):
    """Answers a question from a slide that lacks the spots which the answer is held against."""

    def __call__(self, slide: Slide, question: Question, genes: Sequence[str], seed: int) -> Answer:
        """Return the answer for some genes."""


def same_everywhere(level: Floats, change: Floats, n_spots: int) -> Answer:
    """Return an answer that gives all spots one level (G,)."""
    return Answer(np.tile(level, (n_spots, 1)), change)
