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
        (n, G) expected counts in spots whose total is the median one.
    change
        (n, G), or (G,) where it is the same for all spots: natural log of what the method says changes.
    now
        (n, G) what the method expects as it is now, likewise; by default ``expected`` without the change. A method that
        tells changes at one size of a spot, which a state may change too, says both.
    spread
        Standard deviation (n, G) of the log expected count, as far as the method tells it; None where it does not.
    dispersion
        (G,) of the negative binomial that counts follow; None where the method does not tell it.
    """

    expected: Floats
    change: Floats
    now: Floats | None = None
    spread: Floats | None = None
    dispersion: Floats | None = None

    @property
    def before(self) -> Floats:
        """Expected counts (n, G) as it is now."""
        return np.asarray(self.expected * np.exp(-self.change) if self.now is None else self.now)


class Method(Protocol):
    """Answers a question from a slide that lacks the spots which the answer is held against."""

    def __call__(self, slide: Slide, question: Question, genes: Sequence[str], seed: int) -> Answer:
        """Return the answer for some genes."""


def same_everywhere(level: Floats, change: Floats, n_spots: int) -> Answer:
    """Return an answer that gives all spots one level (G,)."""
    return Answer(np.tile(level, (n_spots, 1)), change)
