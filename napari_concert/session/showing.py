"""Which values the picture shows, given what is chosen and what is known."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_concert.prediction import GeneSet
from napari_concert.prediction.genesets import Spelling, set_values
from napari_concert.session.results import Result
from napari_concert.session.shown import (
    Scaling,
    ShownValues,
    View,
    is_modelled,
    show_change,
    show_column,
    show_observed,
    show_prediction,
)
from napari_concert.session.workspace import Live, Workspace, default_colour
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert.reach import Reach
    from napari_concert.prediction import Prediction

NO_PREDICTION = "no model yet: train one in step 2 to see how the set changes"
NO_GENE_MODELLED = "none of its genes is modelled: name some in “Also these” in step 2 and train again"
NOT_MODELLED = "not modelled: only the measured counts are known"
HARDLY_TOLD = 0.3  # share of the prior's variance that the data took away: below, a cut-off is mostly the prior's
MOST_TISSUES = 4  # in the note: more would hide the picture


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
    truth = _truth(workspace, view, [colour.name])
    gene = result.prediction.gene(colour.name)
    return show_prediction(gene, view, scaling, truth, _note(result, view))


def show_gene_set(workspace: Workspace, gene_set: GeneSet, view: View, scaling: Scaling) -> ShownValues:
    """Return the mean change of the modelled genes of a set, or its uncertainty, or the truth where it is known.

    The view is one of :data:`SET_VIEWS`.
    """
    slide, result = workspace.slide, workspace.live or workspace.result
    used = [] if result is None else modelled_genes(result.prediction, gene_set)
    if result is None or not used:
        nothing, why = np.full(slide.n_spots, np.nan), NO_PREDICTION if result is None else NO_GENE_MODELLED
        return show_change(gene_set.name, nothing, nothing, view, scaling, note=why)
    found = set_values(result.prediction, gene_set)
    truth = _truth(workspace, view, used)
    note = "\n".join(line for line in (mean_of(gene_set, used), _note(result, view)) if line)
    return show_change(gene_set.name, found.change, found.sd, view, scaling, truth, note)


def modelled_genes(prediction: Prediction, gene_set: GeneSet) -> list[str]:
    """Return the genes of a set that a prediction knows."""
    return [prediction.genes[position] for position in Spelling(prediction.genes).positions(gene_set.genes)]


def mean_of(gene_set: GeneSet, used: Sequence[str]) -> str:
    """Say of how many of its genes a set's change is the mean."""
    left_out = len(used) < len(gene_set.genes)
    return f"mean of {len(used)} of its {len(gene_set.genes)} genes" if left_out else f"mean of its {len(used)} genes"


def show_cut_offs(slide: Slide, reach: Reach | None, why_none: str) -> ShownValues:
    """Return the learned cut-off of each spot, by its tissue; nothing where there is none, and why."""
    if reach is None:
        return ShownValues("cut-off", "continuous", np.full(slide.n_spots, np.nan), note=why_none)
    by_tissue, last = reach.cut_offs["cut_off"], reach.cut_offs.index[-1]
    names = [name if name in by_tissue.index else last for name in slide.tissue_of]
    values = np.where(slide.usable, by_tissue.loc[names].to_numpy(dtype=np.float64), np.nan)
    unit = f"{reach.unit}; nothing acts from farther"
    return ShownValues(
        f"cut-off of {reach.state}", "continuous", values, (0.0, reach.farthest), unit, _by_tissue(reach)
    )


def _by_tissue(reach: Reach) -> str:
    """Return the cut-offs in words: they are learned for each tissue, and not equally well."""
    *rows, unknown = reach.cut_offs.to_dict("index").items()
    if not rows:
        return f"one cut-off for all spots, as no tissue is known (95 % interval): {_cut_off(unknown[1], reach.unit)}"
    said = [f"{name} {_cut_off(row, reach.unit)}" for name, row in rows[:MOST_TISSUES]]
    more = [f"and {len(rows) - MOST_TISSUES} more tissues"] if len(rows) > MOST_TISSUES else []
    return "\n".join(["learned for each tissue, not for each spot (95 % interval):", *said, *more])


def _cut_off(row: dict[Hashable, Any], unit: str) -> str:
    said = f"{row['cut_off']:.3g} {unit} ({row['lower']:.3g} to {row['upper']:.3g})"
    return said if row["told"] >= HARDLY_TOLD else f"{said}, mostly assumed: the slide says little of it"


def _truth(workspace: Workspace, view: View, genes: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """Return the true change (n_spots,), the mean of some genes, for views that show it or are scaled by it."""
    if workspace.truth is None or view not in (View.CHANGE, View.TRUTH):
        return None
    found: npt.NDArray[np.float64] = workspace.truth.of(genes).mean(axis=1)
    return found


def _note(result: Result | Live, view: View) -> str:
    if view is View.TRUTH:
        return "known because this slide is simulated"
    if view in (View.PREDICTED, View.CHANGE, View.UNCERTAINTY) and result.what_if.is_empty:
        return "nothing is changed yet"
    return "a model's extrapolation, not a proven cause" if view in (View.PREDICTED, View.CHANGE) else ""
