"""What a what-if did: the prediction, and tables of patch and surroundings; made in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.evaluate import Agreement, agreement, true_change
from napari_concert.patches import WhatIf
from napari_concert.prediction import GeneSet, Prediction, set_change
from napari_concert.prediction.regions import measured_levels, surest
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.brush import SpotIndex
    from napari_concert.concert import Concert
    from napari_concert.simulate import TrueChange

Rows = npt.NDArray[np.int64]

RING_PITCHES = 2.0


class Region(StrEnum):
    """Over which spots tables read the change."""

    PATCH = "patch"
    RING = "ring"
    SLIDE = "whole slide"


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
    truth, agreement
        On simulated slides: the true change, and scores of patch and surroundings against it, with baselines.
    is_whole
        Whether tables and truth, which take longer than the prediction, were computed.
    """

    slide: Slide
    what_if: WhatIf
    prediction: Prediction
    patch: Rows
    ring: Rows
    patch_genes: pd.DataFrame | None = None
    ring_genes: pd.DataFrame | None = None
    truth: TrueChange | None = None
    agreement: tuple[Agreement, ...] = ()
    is_whole: bool = False


def compute(model: Concert, slide: Slide, index: SpotIndex, what_if: WhatIf, patch: Rows) -> Iterator[Result]:
    """Yield the prediction as soon as there is one, and then once more with the truth and the tables of a patch."""
    prediction = model.predict(what_if, slide)
    patch = patch if len(patch) else what_if.rows
    ring = index.ring(patch, RING_PITCHES * slide.pitch) if len(patch) else patch
    first = Result(slide, what_if, prediction, patch, ring)
    yield first
    yield whole(first)


def whole(result: Result) -> Result:
    """Return the result with the genes of patch and surroundings ranked, and the truth where it is known."""
    prediction = result.prediction
    everything = len(prediction.genes)
    known = replace(result, truth=true_change(result.slide, result.what_if), is_whole=True)
    if result.what_if.is_empty:
        return known
    return replace(
        known,
        patch_genes=prediction.top_genes(result.patch, everything),
        ring_genes=prediction.top_genes(result.ring, everything) if len(result.ring) else None,
        agreement=agreement(result.slide, result.what_if, prediction, result.ring, known.truth),
    )


@dataclass(frozen=True, eq=False)
class Tables:
    """What a what-if does over one region.

    Attributes
    ----------
    result, region, rows
        Of which prediction, where, and the spots of the file that are read, painted or not.
    genes
        All modelled genes, those that surely change first (see :meth:`Prediction.top_genes`).
    measured
        Mean measured counts at the median library size over the region, in the order of ``genes``.
    sets
        The change of gene sets, ranked as genes are (see :func:`napari_concert.prediction.set_change`).
    """

    result: Result
    region: Region
    rows: Rows
    genes: pd.DataFrame
    measured: pd.Series[float]
    sets: pd.DataFrame


def tables(result: Result, region: Region, sets: Sequence[GeneSet] = ()) -> Tables:
    """Return the tables of a region; those of the whole slide take seconds on large ones."""
    prediction = result.prediction
    ready = {Region.PATCH: result.patch_genes, Region.RING: result.ring_genes}.get(region)
    rows = {Region.PATCH: result.patch, Region.RING: result.ring, Region.SLIDE: prediction.rows}[region]
    genes = prediction.top_genes(rows, len(prediction.genes)) if ready is None else ready
    measured = pd.Series(measured_levels(prediction, rows), index=pd.Index(prediction.genes)).loc[genes.index]
    ranked = surest(set_change(prediction, rows, sets), len(sets))
    return Tables(result, region, rows, genes, measured, ranked)
