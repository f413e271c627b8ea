"""A predicted section between two measured ones: how it comes about, and what it shows."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.patches import WhatIf
from napari_concert.session.shown import LEVEL_UNIT, Colour, Scaling, ShownValues, View, percentiles
from napari_concert.slide.between import Gap, positions_between

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.concert.imputation import NewSpots
    from napari_concert.slide import Slide
    from napari_concert.slide.levels import Levels

Floats = npt.NDArray[np.float64]

NOTHING = "not predicted between sections"
SD_UNIT = f"sd of a count, in {LEVEL_UNIT}"


@dataclass(frozen=True, eq=False)
class SectionBetween:
    """A predicted section of a stack: nothing in it was measured.

    Attributes
    ----------
    gap
        Its height, and the sections below and above.
    slide, model, what_if
        What it was predicted from.
    as_is, changed
        Its spots as they are, and under the what-if (the same where there is none).
    """

    gap: Gap
    slide: Slide
    model: Concert
    what_if: WhatIf
    as_is: NewSpots
    changed: NewSpots

    @property
    def name(self) -> str:
        """What it is called."""
        return f"predicted section z {self.gap.z:g} {self.slide.units.name}"

    @property
    def coords(self) -> Floats:
        """Positions (n, 3) of its spots, in the slide's units."""
        return self.as_is.coords

    def spots_of(self, view: View) -> NewSpots:
        """Return its spots as a view shows them: under the what-if or as they are."""
        return self.as_is if view in (View.OBSERVED, View.BASELINE) else self.changed


def predicting(
    model: Concert,
    slide: Slide,
    levels: Levels | None,
    z: float,
    what_if: WhatIf,
    earlier: SectionBetween | None = None,
) -> Generator[None, None, SectionBetween]:
    """Predict a section, in steps between which it can be cancelled.

    Parameters
    ----------
    earlier
        A prediction, of whose spots the same model knows already how they are if they lie at that height.
    """
    gap, places = positions_between(slide, z, levels)
    yield
    is_known = earlier is not None and (earlier.model, earlier.slide, earlier.gap.z) == (model, slide, z)
    as_is = earlier.as_is if earlier is not None and is_known else model.new_spots(places, slide)
    yield
    changed = as_is if what_if.is_empty else model.new_spots(places, slide, what_if)
    return SectionBetween(gap, slide, model, what_if, as_is, changed)


def show_between(
    section: SectionBetween, colour: Colour, view: View, shown: ShownValues, scaling: Scaling
) -> ShownValues:
    """Return the values of a predicted section.

    Parameters
    ----------
    shown
        What the measured spots show: its limits are taken, except for the standard deviation, which is of a count here.
    """
    if colour.kind == "column":
        return _labels(section, colour.name, shown)
    if colour.kind != "gene" or colour.name not in section.as_is.genes or view is View.TRUTH:
        return replace(shown, values=np.full(len(section.coords), np.nan), kind="continuous", note=NOTHING)
    expected, sd = section.spots_of(view).gene(colour.name)
    if view is View.UNCERTAINTY:
        limits = (0.0, percentiles([sd], scaling.clip)[1])
        return replace(shown, values=sd, kind="uncertainty", limits=limits, unit=SD_UNIT)
    if view is View.CHANGE:
        change = np.log(expected / section.as_is.gene(colour.name)[0]) * scaling.change_factor
        return replace(shown, values=change)
    return replace(shown, values=expected)


def _labels(section: SectionBetween, column: str, shown: ShownValues) -> ShownValues:
    """Return the likeliest state or tissue of each spot; nothing for other columns."""
    columns = section.slide.columns
    role = {columns.perturbation: "perturbation", columns.tissue: "tissue"}.get(column)
    table = section.changed.probabilities.get(role or "")
    if table is None:
        return replace(shown, values=np.full(len(section.coords), None), kind="categorical", note=NOTHING)
    return replace(shown, values=table.idxmax(axis=1).to_numpy(dtype=object), kind="categorical")
