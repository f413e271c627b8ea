"""Verbs on stacks of sections: how they are shown, which are hidden, how deep the brush reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection import Depth
from napari_concert.session.base import SessionBase

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


class Stacks(SessionBase):
    """Verbs on stacks of sections.

    Attributes
    ----------
    stack_view, depth
        How stacks are shown, and how deep the brush reaches into them.
    stack_changed
        Another view, or other sections are hidden.
    depth_changed
        The brush reaches deeper or less deep.
    """

    stack_changed = Signal()
    depth_changed = Signal()
    stack_view = StackView()
    depth = Depth()

    @property
    def levels(self) -> Levels | None:
        """The sections of the current slide, lowest first; None where it is not a stack."""
        return self.current.levels if self.current is not None else None

    @property
    def hidden_levels(self) -> frozenset[int]:
        """Which sections of the current slide are hidden."""
        if self.current is None or self.levels is None:
            return frozenset()
        return frozenset(i for i, name in enumerate(self.levels.names) if name in self.current.hidden_sections)

    @property
    def stretch(self) -> float:
        """How many times as far apart as they are sections are drawn in space."""
        slide, levels = self.slide, self.levels
        return 1.0 if slide is None or levels is None else stretch_of(self.stack_view, slide, levels)

    def show_stack(self, **changes: Any) -> None:
        """Show stacks otherwise; the changes are fields of :class:`StackView`.

        Raises
        ------
        ConcertError
            If a value is out of its range.
        """
        view = replace(self.stack_view, **changes)
        if view != self.stack_view:
            self.stack_view = view
            self.stack_changed.emit()

    def hide_sections(self, names: Iterable[str]) -> None:
        """Hide some sections of the current slide, and show all others: tools leave hidden ones alone.

        Raises
        ------
        ConcertError
            If the slide is not a stack, has no such section, or none would be left.
        """
        current, hidden = self._require_slide(), frozenset(names)
        if current.levels is None:
            raise ConcertError(f"{current.slide.name} is not a stack of sections: its spots have no z.")
        for name in hidden.difference(current.levels.names):
            raise UnknownName("section", name, current.levels.names)
        if hidden.issuperset(current.levels.names):
            raise ConcertError("One section at least stays in view.")
        if hidden != current.hidden_sections:
            current.hidden_sections = hidden
            self.stack_changed.emit()

    def set_depth(self, depth: Depth) -> None:
        """Let the brush reach through the sections of a stack."""
        if depth != self.depth:
            self.depth = depth
            self.depth_changed.emit()
