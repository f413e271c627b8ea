"""What the picture shows: a gene in one of several views, or an obs column, with limits, unit and a note."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_concert.prediction import GenePrediction, Prediction
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

CLIP = (1.0, 99.0)
SMALLEST_CHANGE = 0.1  # natural log: a change below it does not fill the colour scale
LN2 = float(np.log(2.0))
LEVEL_UNIT = "counts at median depth"


class View(StrEnum):
    """What of a gene is shown."""

    OBSERVED = "observed"
    BASELINE = "baseline"
    PREDICTED = "predicted"
    CHANGE = "change"
    UNCERTAINTY = "uncertainty"
    TRUTH = "true change"

    @property
    def needs_model(self) -> bool:
        """Whether the view exists only for genes that a trained model knows."""
        return self is not View.OBSERVED


SET_VIEWS = (View.CHANGE, View.UNCERTAINTY, View.TRUTH)  # of a gene set; it has no counts of its own


@dataclass(frozen=True)
class Colour:
    """What colours the spots: a "gene", a "set" of genes or an obs "column", by name, or what was "learned".

    See :data:`CUT_OFF` for that.
    """

    kind: str
    name: str

    def is_on(self, slide: Slide, sets: Collection[str] = ()) -> bool:
        """Whether a slide has such a gene or column, or there is such a set; the model alone knows what was learned."""
        if self.kind == "learned":
            return self == CUT_OFF
        if self.kind == "set":
            return self.name in sets
        return self.name in (slide.genes if self.kind == "gene" else slide.adata.obs)


CUT_OFF = Colour("learned", "cut-off of the reach")


@dataclass(frozen=True)
class Scaling:
    """How values become colours: clipped percentiles of levels, and the logarithm of changes."""

    clip: tuple[float, float] = CLIP
    log2: bool = True

    @property
    def change_factor(self) -> float:
        """Factor from natural log to the shown logarithm."""
        return 1 / LN2 if self.log2 else 1.0

    @property
    def change_unit(self) -> str:
        """Unit of a change."""
        return "log2 fold change" if self.log2 else "natural log fold change"


@dataclass(frozen=True, eq=False)
class ShownValues:
    """One value for every spot, and how to read it.

    Attributes
    ----------
    label
        Name of what is shown.
    kind
        "continuous", "diverging", "uncertainty" or "categorical".
    values
        (n_spots,): numbers (NaN where there is none), or labels (None where there is none).
    limits
        Values at both ends of the colour scale.
    unit, note
        Unit of the numbers, and what the reader must know.
    categories
        Distinct labels in order.
    """

    label: str
    kind: str
    values: npt.NDArray[Any]
    limits: tuple[float, float] = (0.0, 1.0)
    unit: str = ""
    note: str = ""
    categories: tuple[str, ...] = ()


def show_column(slide: Slide, name: str, scaling: Scaling) -> ShownValues:
    """Return an obs column as labels, or as numbers."""
    if name in slide.categorical_columns:
        return ShownValues(name, "categorical", slide.labels(name), categories=slide.categories(name))
    values = slide.values(name)
    return ShownValues(name, "continuous", values, percentiles([values], scaling.clip))


def show_observed(slide: Slide, gene: str, scaling: Scaling, note: str = "") -> ShownValues:
    """Return a gene as measured; the only view of a gene that no model knows."""
    values = slide.normalised(gene)
    return ShownValues(gene, "continuous", values, percentiles([values], scaling.clip), LEVEL_UNIT, note)


def show_prediction(
    gene: GenePrediction, view: View, scaling: Scaling, truth: Floats | None = None, note: str = ""
) -> ShownValues:
    """Return a modelled gene in one of the views; observed, baseline and predicted share their limits.

    Parameters
    ----------
    truth
        True change (n_spots,), natural log, for :attr:`View.TRUTH`.
    """
    if view in SET_VIEWS:
        return show_change(gene.gene, gene.change, gene.sd, view, scaling, truth, note)
    levels = {View.OBSERVED: gene.observed, View.BASELINE: gene.baseline, View.PREDICTED: gene.predicted}
    limits = percentiles(list(levels.values()), scaling.clip)
    return ShownValues(f"{gene.gene} · {view}", "continuous", levels[view], limits, LEVEL_UNIT, note)


def show_change(
    name: str, change: Floats, sd: Floats, view: View, scaling: Scaling, truth: Floats | None = None, note: str = ""
) -> ShownValues:
    """Return a change, its uncertainty or the truth (each (n_spots,), natural log); change and truth share limits."""
    if view is View.TRUTH and truth is None:
        view = View.CHANGE  # what a model says is never called true
    if view is View.UNCERTAINTY:
        shown = sd * scaling.change_factor
        top = _largest(shown) or SMALLEST_CHANGE
        return ShownValues(
            f"{name} · {view}", "uncertainty", shown, (0.0, top), f"sd of the {scaling.change_unit}", note
        )
    top = max(_largest(np.abs(change)), _largest(np.abs(truth)) if truth is not None else 0.0, SMALLEST_CHANGE)
    top *= scaling.change_factor
    values = (truth if view is View.TRUTH and truth is not None else change) * scaling.change_factor
    return ShownValues(f"{name} · {view}", "diverging", values, (-top, top), scaling.change_unit, note)


def _largest(values: Floats) -> float:
    """Return a high percentile of the values that are not 0: one extreme spot must not wash out all others."""
    changed = values[np.isfinite(values) & (values != 0)]
    return float(np.percentile(changed, 98)) if changed.size else 0.0


def percentiles(arrays: list[Floats], clip: tuple[float, float]) -> tuple[float, float]:
    """Return the values at two percentiles of all arrays together; the upper one lies above the lower one.

    A gene seen in few spots has most of its percentiles at 0: its largest value is taken then.
    """
    values = np.concatenate([array[np.isfinite(array)] for array in arrays])
    if not values.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, clip))
    if high > low:
        return low, high
    top = float(values.max())
    return low, top if top > low else low + 1.0


def is_modelled(prediction: Prediction | None, gene: str) -> bool:
    """Whether there is a prediction that knows the gene."""
    return prediction is not None and gene in prediction
