"""A quality check from beginning to end: hide spots, train without them if wanted, predict them, compare."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.evaluate.quality.comparing import Quality, checks
from napari_concert.evaluate.quality.hiding import Hiding
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert


@dataclass(frozen=True)
class Step:
    """What a check does now, and which share of that is done (None: not known)."""

    doing: str
    share: float | None = None


@dataclass(frozen=True, eq=False)
class Check:
    """A check that is done.

    Attributes
    ----------
    slide
        The slide with all its spots.
    hiding, anew
        What was hidden, and whether the model was trained without it.
    model
        What predicted the hidden spots.
    quality
        What was found.
    calibration
        How intervals were calibrated, in words.
    """

    slide: Slide
    hiding: Hiding
    anew: bool
    model: Concert
    quality: Quality
    calibration: str

    @property
    def was_seen(self) -> bool:
        """Whether the weights were learned from the hidden spots, too."""
        return not self.anew and self.model.is_trained_on(self.slide)

    def regions(self, column: str) -> pd.DataFrame:
        """Return the regions that a column of labels names; spots without a label are "unknown"."""
        labels = pd.Series(self.slide.labels(column), index=self.slide.spot_names).fillna("unknown")
        return self.quality.regions(labels).rename_axis(column)


def check(
    slide: Slide, model: Concert, hiding: Hiding, painted: npt.ArrayLike = (), *, anew: bool = False
) -> Generator[Step, None, Check]:
    """Yield what is being done; return the :class:`Check`. Closing the generator cancels.

    Parameters
    ----------
    painted
        Rows of painted spots, which may be what is hidden.
    anew
        Train a model as this one was trained, but without the hidden spots.

    Raises
    ------
    ConcertError
        If nothing would be hidden, or the model does not fit the slide.
    """
    rows = hiding.rows(slide, painted)
    rest, used = slide, model
    if anew:
        rest, used = slide.without(np.union1d(slide.left_out, rows)), _untrained(model, slide, rows)
        yield from _train(used, int(model.settings["max_epochs"]))
    yield Step(f"Predicting {len(rows):,} hidden spots")
    hidden = used.withhold(rows, rest)
    quality: Quality | None = None
    for found in checks(hidden, rest):
        if isinstance(found, Quality):
            quality = found
        else:
            yield Step("Comparing with what they count", float(found))
    assert quality is not None
    return Check(slide, hiding, anew, used, quality, hidden.calibration)


def _untrained(model: Concert, slide: Slide, rows: npt.NDArray[np.int64]) -> Concert:
    """Return a model that would learn as one did, but without some spots of a slide."""
    from napari_concert.concert import Concert

    others = [each for each in model.slides if each.fingerprint != slide.fingerprint]
    return Concert(
        [slide.without(np.union1d(slide.left_out, rows)), *others],
        n_genes=model.settings["n_genes"],
        also_genes=model.settings["also_genes"],
        seed=model.seed,
        device="auto",
        config=model.config,
    )


def _train(model: Concert, max_epochs: int) -> Iterator[Step]:
    yield Step("Training without the hidden spots")
    for epoch in model.training(max_epochs):
        done = (epoch.index - 1 + epoch.fraction) / epoch.max_epochs
        yield Step(f"Training without them: epoch {epoch.index} of at most {epoch.max_epochs}", min(done, 1.0))
