"""Verbs on stacks of sections: how they are shown, which are hidden, how deep the brush reaches."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection import Depth
from napari_concert.session.preferring import Preferring
from napari_concert.session.stack_view import StackView, stretch_of

if TYPE_CHECKING:
    from napari_concert.slide.levels import Levels


class Stacks(Preferring):
    """Verbs on stacks of sections.

    Attributes
    ----------
    stack_changed
        Another view, or other sections are hidden.
    depth_changed
        The brush reaches deeper or less deep.
    """

    stack_changed = Signal()
    depth_changed = Signal()

    @property
    def stack_view(self) -> StackView:
        """How stacks are shown."""
        return self.preferences.stack

    @property
    def depth(self) -> Depth:
        """How deep the brush reaches into stacks."""
        return self.preferences.depth

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
            self.prefer(stack=view)
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
            self.prefer(depth=depth)
            self.depth_changed.emit()
