"""Predicted spots, where nothing was measured: how they come about, and what they show."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from napari_concert.patches import WhatIf
from napari_concert.session.shown import LEVEL_UNIT, Colour, Scaling, ShownValues, View, percentiles
from napari_concert.slide.filling import Places

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.concert.imputation import NewSpots
    from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

NOTHING = "nothing to show at predicted spots"
SD_UNIT = f"sd of a count, in {LEVEL_UNIT}"

_LAST: WeakKeyDictionary[NewSpots, tuple[str, tuple[Floats, Floats]]] = WeakKeyDictionary()


@dataclass(frozen=True, eq=False, kw_only=True)
class Predicted:
    """Spots of a slide that were predicted: none of them was measured.

    Attributes
    ----------
    slide
        The slide, as it was read.
    places
        Where they are, and from which spots they were predicted.
    model, what_if
        What they were predicted by.
    as_is, changed
        The spots as they are, and under the what-if (the same where there is none).
    """

    slide: Slide
    places: Places
    model: Concert
    what_if: WhatIf
    as_is: NewSpots
    changed: NewSpots

    @property
    def name(self) -> str:
        """What they are called."""
        return "predicted spots"

    @property
    def coords(self) -> Floats:
        """Positions (n, 2 or 3), in the slide's units."""
        return self.as_is.coords

    def are_in(self, view: View) -> bool:
        """Return whether a view shows anything of them."""
        return view is not View.TRUTH

    def spots_of(self, view: View) -> NewSpots:
        """Return them as a view shows them: under the what-if or as they are."""
        return self.as_is if view in (View.OBSERVED, View.BASELINE) else self.changed

    def again(self, model: Concert, what_if: WhatIf) -> Generator[None, None, Self]:
        """Predict them again at the same places, in steps between which it can be cancelled."""
        known = self.as_is if model is self.model else None
        as_is, changed = yield from predicting(model, self.places, what_if, known)
        return replace(self, model=model, what_if=what_if, as_is=as_is, changed=changed)


def predicting(
    model: Concert, places: Places, what_if: WhatIf, known: NewSpots | None = None
) -> Generator[None, None, tuple[NewSpots, NewSpots]]:
    """Predict new spots as they are (or take what is known of that) and under a what-if, in steps."""
    as_is = model.new_spots(places.table, places.slide) if known is None else known
    yield
    return as_is, as_is if what_if.is_empty else model.new_spots(places.table, places.slide, what_if)


def show_predicted(
    predicted: Predicted, colour: Colour, view: View, shown: ShownValues, scaling: Scaling
) -> ShownValues:
    """Return the values of predicted spots.

    Parameters
    ----------
    shown
        What the measured spots show: its limits are taken, except for the standard deviation, which is of a count here.
    """
    spots = predicted.spots_of(view)
    if colour.kind == "column":
        return _labels(predicted, colour.name, shown)
    if not predicted.are_in(view) or colour.kind != "gene" or colour.name not in spots.genes:
        return replace(shown, values=np.full(len(predicted.coords), np.nan), kind="continuous", note=NOTHING)
    expected, sd = _gene(spots, colour.name)
    if view is View.UNCERTAINTY:
        limits = (0.0, percentiles([sd], scaling.clip)[1])
        return replace(shown, values=sd, kind="uncertainty", limits=limits, unit=SD_UNIT)
    if view is View.CHANGE:
        change = np.log(expected / _gene(predicted.as_is, colour.name)[0]) * scaling.change_factor
        return replace(shown, values=change)
    return replace(shown, values=expected)


def _gene(spots: NewSpots, name: str) -> tuple[Floats, Floats]:
    """Return a gene as :meth:`.NewSpots.gene` does; the last one is remembered, as a stroke asks for it many times."""
    last = _LAST.get(spots)
    if last is None or last[0] != name:
        _LAST[spots] = last = name, spots.gene(name)
    return last[1]


def _labels(predicted: Predicted, column: str, shown: ShownValues) -> ShownValues:
    """Return the likeliest state or tissue of each spot; nothing for other columns."""
    columns = predicted.slide.columns
    role = {columns.perturbation: "perturbation", columns.tissue: "tissue"}.get(column)
    table = predicted.changed.probabilities.get(role or "")
    if table is None:
        return replace(shown, values=np.full(len(predicted.coords), None), kind="categorical", note=NOTHING)
    return replace(shown, values=table.idxmax(axis=1).to_numpy(dtype=object), kind="categorical")
