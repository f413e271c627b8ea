"""What compared what-ifs do to one gene or gene set: values of each on one colour scale, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from napari_concert.prediction import GeneSet, Prediction
from napari_concert.prediction.genesets import set_values
from napari_concert.session.showing import mean_of, modelled_genes
from napari_concert.session.shown import Scaling, ShownValues, View, show_change, show_prediction
from napari_concert.session.workspace import Kept, Workspace


@dataclass(frozen=True, eq=False)
class Comparison:
    """Values of the compared what-ifs.

    Attributes
    ----------
    name
        The shown gene or gene set.
    shown
        A name and the values for each what-if, all with the same limits.
    difference
        Name and values of the second's minus the first's, where there are two.
    warnings
        Where one of them asks for more than was measured.
    note
        Of how many genes a set's change is the mean; "" for a gene.
    """

    name: str
    shown: tuple[tuple[Kept, ShownValues], ...]
    difference: tuple[str, ShownValues] | None = None
    warnings: tuple[str, ...] = ()
    note: str = ""


def comparison(
    workspace: Workspace, view: View, scaling: Scaling, gene_set: GeneSet | None = None
) -> Comparison | None:
    """Return the compared what-ifs' values of the shown gene; None where it is not modelled, or not all are there.

    Parameters
    ----------
    gene_set
        What is shown instead of a gene.
    """
    colour, compared = workspace.colour, workspace.compared
    if colour is None or len(compared) < 2 or (colour.kind != "gene" and gene_set is None):
        return None
    answers = [workspace.answers[kept] for kept in compared if kept in workspace.answers]
    if len(answers) < len(compared):
        return None
    if gene_set is not None:
        used = modelled_genes(answers[0], gene_set)
        note, known = mean_of(gene_set, used), bool(used)
        values = partial(_of_set, gene_set=gene_set, view=view, scaling=scaling)
    else:
        note, known = "", all(colour.name in prediction for prediction in answers)
        values = partial(_of_gene, gene=colour.name, view=view, scaling=scaling)
    if not known:
        return None
    shown = _on_one_scale([values(prediction) for prediction in answers])
    pairs = tuple(zip(compared, shown, strict=True))
    difference = _difference(compared, shown) if len(shown) == 2 else None
    warnings = tuple(dict.fromkeys(text for prediction in answers for text in prediction.warnings))
    return Comparison(colour.name, pairs, difference, warnings, note)


def _of_gene(prediction: Prediction, gene: str, view: View, scaling: Scaling) -> ShownValues:
    view = view if view in (View.PREDICTED, View.UNCERTAINTY) else View.CHANGE
    return show_prediction(prediction.gene(gene), view, scaling)


def _of_set(prediction: Prediction, gene_set: GeneSet, view: View, scaling: Scaling) -> ShownValues:
    view, found = view if view is View.UNCERTAINTY else View.CHANGE, set_values(prediction, gene_set)
    return show_change(gene_set.name, found.change, found.sd, view, scaling)


def _on_one_scale(shown: Sequence[ShownValues]) -> list[ShownValues]:
    low, high = min(each.limits[0] for each in shown), max(each.limits[1] for each in shown)
    return [replace(each, limits=(low, high)) for each in shown]


def _difference(compared: Sequence[Kept], shown: Sequence[ShownValues]) -> tuple[str, ShownValues]:
    first, second = shown
    values = np.asarray(second.values, dtype=np.float64) - np.asarray(first.values, dtype=np.float64)
    largest = float(np.nanmax(np.abs(values), initial=0.0))
    top = max(largest, 0.05 * max(abs(limit) for limit in first.limits), 1e-12)  # no noise on a full scale
    name = f"{compared[1].name} − {compared[0].name}"
    return name, replace(second, label=name, kind="diverging", values=values, limits=(-top, top))
