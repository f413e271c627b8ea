"""Which values the picture shows, given what is chosen and what is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert import evaluate
from napari_concert.patches import WhatIf
from napari_concert.session.results import Result
from napari_concert.session.shown import (
    Scaling,
    ShownValues,
    View,
    is_modelled,
    show_column,
    show_observed,
    show_prediction,
)
from napari_concert.session.workspace import Live, Workspace, default_colour
from napari_concert.slide import Slide

NOT_MODELLED = "not modelled: only the measured counts are known"
EMPTY = np.zeros(0)


def show(workspace: Workspace, view: View, scaling: Scaling) -> ShownValues:
    """Return the values of the chosen column, or of the chosen gene in the chosen view."""
    slide, result = workspace.slide, workspace.live or workspace.result
    colour = workspace.colour or default_colour(slide)
    if colour.kind == "column":
        return show_column(slide, colour.name, scaling)
    if result is None:
        return show_observed(slide, colour.name, scaling)
    if not is_modelled(result.prediction, colour.name):
        return show_observed(slide, colour.name, scaling, NOT_MODELLED)
    truth = _truth(slide, result.what_if, colour.name) if view in (View.CHANGE, View.TRUTH) else None
    gene = result.prediction.gene(colour.name)
    return show_prediction(gene, view, scaling, truth, _note(result, view))


def true_change(result: Result, gene: str) -> npt.NDArray[np.float64] | None:
    """Return the true change (n_spots,) of a gene on a simulated slide, natural log; None where it is not known."""
    return _truth(result.slide, result.what_if, gene)


def _truth(slide: Slide, what_if: WhatIf, gene: str) -> npt.NDArray[np.float64] | None:
    change = evaluate.true_change(slide, what_if, [gene])
    return None if change is None else change[:, 0]


def _note(result: Result | Live, view: View) -> str:
    if view is View.TRUTH:
        return "known because this slide is simulated"
    if view in (View.PREDICTED, View.CHANGE, View.UNCERTAINTY) and result.what_if.is_empty:
        return "nothing is painted yet"
    return "a model's extrapolation, not a proven cause" if view in (View.PREDICTED, View.CHANGE) else ""
