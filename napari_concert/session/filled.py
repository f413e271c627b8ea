"""Predicted spots within a section: of a hole, between measured ones, or where a table says."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_concert.patches import WhatIf
from napari_concert.session.predicted import Predicted, predicting
from napari_concert.session.shown import View
from napari_concert.slide.filling import Area, Places

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.slide import Slide


@dataclass(frozen=True)
class Swept:
    """Where a tool was drawn over the slide, for the gaps in it.

    Attributes
    ----------
    patch
        Key of the patch that was painted; None where none was.
    area
        What was swept or enclosed.
    is_bare
        Whether there is no spot in it, so that nothing was painted.
    """

    patch: int | None
    area: Area
    is_bare: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class Filled(Predicted):
    """Predicted spots within a section.

    Attributes
    ----------
    how
        What they are, in a few words.
    """

    how: str

    @property
    def name(self) -> str:
        """What they are called."""
        return f"predicted: {self.how}"

    def are_in(self, view: View) -> bool:
        """Return whether a view shows anything of them: what was observed has nothing there."""
        return view is not View.OBSERVED and super().are_in(view)


def filling(
    model: Concert, slide: Slide, find: Callable[[], Places], how: str, what_if: WhatIf
) -> Generator[None, None, Filled]:
    """Find places, and predict spots there, in steps between which it can be cancelled."""
    places = find()
    yield
    as_is, changed = yield from predicting(model, places, what_if)
    return Filled(slide=slide, places=places, model=model, what_if=what_if, as_is=as_is, changed=changed, how=how)
