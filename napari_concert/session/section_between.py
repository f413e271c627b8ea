"""A predicted section between two measured ones."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from napari_concert.patches import WhatIf
from napari_concert.session.predicted import NOTHING, SD_UNIT, Predicted, predicting
from napari_concert.slide.between import Gap, positions_between
from napari_concert.slide.filling import Places

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.slide import Slide
    from napari_concert.slide.levels import Levels

__all__ = ["NOTHING", "SD_UNIT", "SectionBetween", "predicting_section"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SectionBetween(Predicted):
    """A predicted section of a stack.

    Attributes
    ----------
    gap
        Its height, and the sections below and above.
    """

    gap: Gap

    @property
    def name(self) -> str:
        """What it is called."""
        return f"predicted section z {self.gap.z:g} {self.slide.units.name}"


def predicting_section(
    model: Concert, slide: Slide, levels: Levels | None, z: float, what_if: WhatIf
) -> Generator[None, None, SectionBetween]:
    """Predict a section at a height, in steps between which it can be cancelled."""
    gap, positions = positions_between(slide, z, levels)
    yield
    places = Places(slide, pd.DataFrame(positions, columns=["x", "y", "z"]))
    as_is, changed = yield from predicting(model, places, what_if)
    return SectionBetween(
        slide=slide, places=places, model=model, what_if=what_if, as_is=as_is, changed=changed, gap=gap
    )
