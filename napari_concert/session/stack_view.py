"""How a stack of sections is shown: values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari_concert.slide import Slide
    from napari_concert.slide.levels import Levels

MOST_STRETCH = 100.0
_TALL = 1.0  # of its width: how high a stack is drawn unless the user says otherwise


class StackMode(StrEnum):
    """How the sections of a stack are shown."""

    ONE = "one"
    GRID = "grid"
    SPACE = "space"


@dataclass(frozen=True)
class StackView:
    """What is seen of a stack; positions in the model and under the brush stay what they are.

    Attributes
    ----------
    mode
        One section at a time, all side by side, or all in space.
    stretch
        How many times as far apart as they are sections are drawn in space; None for as much as sets them apart.
    neighbours
        Whether the sections next to the one that is shown are seen faintly.

    Raises
    ------
    ConcertError
        If the stretch is out of its range.
    """

    mode: StackMode = StackMode.ONE
    stretch: float | None = None
    neighbours: bool = False

    def __post_init__(self) -> None:
        if self.stretch is not None and not 1 <= self.stretch <= MOST_STRETCH:
            raise ConcertError(f"Sections can be drawn 1 to {MOST_STRETCH:g} times as far apart, not {self.stretch}.")


def stretch_of(view: StackView, slide: Slide, levels: Levels) -> float:
    """Return how many times as far apart as they are the sections of a slide are drawn in space: a round number."""
    if view.stretch is not None:
        return view.stretch
    high = float(np.ptp(levels.heights))
    wide = float(np.nanmax(np.ptp(slide.coords[levels.of >= 0, :2], axis=0)))
    wanted = np.clip(_TALL * wide / high, 1, MOST_STRETCH) if high > 0 else 1.0
    digit = 10.0 ** np.floor(np.log10(wanted))
    return float(digit * np.round(wanted / digit))
