"""What compared what-ifs do to one gene: values of each on one colour scale, and their difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from napari_concert.session.shown import Scaling, ShownValues, View, show_prediction
from napari_concert.session.workspace import Kept, Workspace


@dataclass(frozen=True, eq=False)
class Comparison:
    """Values of the compared what-ifs.

    Attributes
    ----------
    gene
        The shown gene.
    shown
        A name and the values for each what-if, all with the same limits.
    difference
        Name and values of the second's minus the first's, where there are two.
    warnings
        Where one of them asks for more than was measured.
    """

    gene: str
    shown: tuple[tuple[Kept, ShownValues], ...]
    difference: tuple[str, ShownValues] | None = None
    warnings: tuple[str, ...] = ()


def comparison(workspace: Workspace, view: View, scaling: Scaling) -> Comparison | None:
    """Return the compared what-ifs' values of the shown gene; None where it is not modelled, or not all are there."""
    colour, compared = workspace.colour, workspace.compared
    if colour is None or colour.kind != "gene" or len(compared) < 2:
        return None
    found = [workspace.answers.get(kept) for kept in compared]
    answers = [prediction for prediction in found if prediction is not None and colour.name in prediction]
    if len(answers) < len(compared):
        return None
    view = view if view in (View.PREDICTED, View.UNCERTAINTY) else View.CHANGE
    shown = [show_prediction(prediction.gene(colour.name), view, scaling) for prediction in answers]
    shown = _on_one_scale(shown)
    pairs = tuple(zip(compared, shown, strict=True))
    difference = _difference(compared, shown) if len(shown) == 2 else None
    warnings = tuple(dict.fromkeys(text for prediction in answers for text in prediction.warnings))
    return Comparison(colour.name, pairs, difference, warnings)


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
