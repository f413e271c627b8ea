"""What a what-if did: the prediction, and tables of patch and surroundings; made in the background."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.evaluate import Agreement, agreement
from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.brush import SpotIndex
    from napari_concert.concert import Concert

Rows = npt.NDArray[np.int64]

RING_PITCHES = 2.0


@dataclass(frozen=True, eq=False)
class Result:
    """A finished prediction.

    Attributes
    ----------
    slide, what_if, prediction
        What was asked of which slide, and the answer.
    patch, ring
        Spots of the active patch, which the tables read, and the spots within two pitches around them.
    patch_genes, ring_genes
        All modelled genes, those that surely change first (see :meth:`Prediction.top_genes`); None until computed.
    agreement
        On simulated slides: scores of patch and surroundings against the truth, with baselines.
    """

    slide: Slide
    what_if: WhatIf
    prediction: Prediction
    patch: Rows
    ring: Rows
    patch_genes: pd.DataFrame | None = None
    ring_genes: pd.DataFrame | None = None
    agreement: tuple[Agreement, ...] = ()


def compute(model: Concert, slide: Slide, index: SpotIndex, what_if: WhatIf, patch: Rows) -> Iterator[Result]:
    """Yield the prediction as soon as there is one, and then once more with the tables of a patch."""
    prediction = model.predict(what_if, slide)
    patch = patch if len(patch) else what_if.rows
    ring = index.ring(patch, RING_PITCHES * slide.pitch) if len(patch) else patch
    first = Result(slide, what_if, prediction, patch, ring)
    yield first
    if not what_if.is_empty:
        yield with_tables(first)


def with_tables(result: Result) -> Result:
    """Return the result with the genes of patch and surroundings ranked, and the truth where it is known."""
    prediction = result.prediction
    everything = len(prediction.genes)
    return replace(
        result,
        patch_genes=prediction.top_genes(result.patch, everything),
        ring_genes=prediction.top_genes(result.ring, everything) if len(result.ring) else None,
        agreement=agreement(result.slide, result.what_if, prediction, result.ring),
    )
