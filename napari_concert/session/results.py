"""What a what-if did: the prediction, and tables of patch and surroundings; made in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.brush import SpotIndex
    from napari_concert.concert import Concert

Rows = npt.NDArray[np.int64]

RING_PITCHES = 2.0
SIMULATED = "perturbation"  # column of the states on simulated slides
FEWEST_GENES = 3  # a correlation over fewer genes says nothing


@dataclass(frozen=True, eq=False)
class Result:
    """A finished prediction.

    Attributes
    ----------
    slide, what_if, prediction
        What was asked of which slide, and the answer.
    patch, ring
        Painted spots, and the spots within two pitches around them.
    patch_genes, ring_genes
        All modelled genes by how much they change at least (see :meth:`Prediction.top_genes`); None until computed.
    agreement
        On simulated slides: correlation across genes of predicted with true mean change, by region.
    """

    slide: Slide
    what_if: WhatIf
    prediction: Prediction
    patch: Rows
    ring: Rows
    patch_genes: pd.DataFrame | None = None
    ring_genes: pd.DataFrame | None = None
    agreement: dict[str, float] = field(default_factory=dict)


def compute(model: Concert, slide: Slide, index: SpotIndex, what_if: WhatIf) -> Iterator[Result]:
    """Yield the prediction as soon as there is one, and then once more with its tables."""
    prediction = model.predict(what_if, slide)
    patch = what_if.rows
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
        agreement=_agreement(result),
    )


def known_truth(slide: Slide) -> bool:
    """Whether a slide is simulated and its what-ifs switch the states that it was simulated with."""
    from napari_concert.simulate import has_truth

    return has_truth(slide.adata) and slide.columns.perturbation in (None, SIMULATED)


def true_change(result: Result, genes: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Return the true change (n_spots, n_genes) under a what-if, natural log; None where it is not known."""
    from napari_concert.simulate import truth

    if not known_truth(result.slide):
        return None
    try:
        change: npt.NDArray[np.float64] = truth(result.slide.adata, result.what_if, genes).change
    except ConcertError:  # a table that was edited, or a label that the simulation does not know
        return None
    return change


def _agreement(result: Result) -> dict[str, float]:
    genes = list(result.prediction.genes)
    true = true_change(result, genes)
    if true is None:
        return {}
    found = {}
    for name, rows in (("patch", result.patch), ("surroundings", result.ring)):
        if len(rows) and len(genes) >= FEWEST_GENES:
            predicted = result.prediction.region_change(rows)["change"].to_numpy()
            expected = true[rows].mean(axis=0)
            if predicted.std() > 0 and expected.std() > 0:
                found[name] = float(np.corrcoef(predicted, expected)[0, 1])
    return found
