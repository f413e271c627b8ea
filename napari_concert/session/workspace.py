"""One open slide and what was done on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from napari_concert.brush import SpotIndex
from napari_concert.patches import Patch, WhatIf
from napari_concert.session.painting import Painting
from napari_concert.session.results import Result
from napari_concert.session.shown import Colour
from napari_concert.slide import Columns, Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.concert.checks import Pair

PATCH_NAME = "patch"


@dataclass(eq=False)
class Workspace:
    """A slide, its painted spots, what they become, and the last prediction.

    Attributes
    ----------
    slide
        As its columns are read now; replaced when the user reads them otherwise.
    painting
        Painted spots with their undo history.
    target
        What the painted spots become: attribute → value.
    colour
        What colours the spots.
    result
        The last prediction, or None.
    labelled
        Columns that the user painted, by name: they are not in the file.
    own_model
        The last model that fitted this slide, with its name.
    """

    slide: Slide
    painting: Painting = field(init=False)
    target: dict[str, str | float] = field(default_factory=dict)
    colour: Colour | None = None
    result: Result | None = None
    labelled: list[str] = field(default_factory=list)
    own_model: tuple[Concert, str] | None = None

    def __post_init__(self) -> None:
        self.painting = Painting(self.slide.n_spots)
        self.target = default_target(self.slide)
        self.colour = default_colour(self.slide)

    @cached_property
    def index(self) -> SpotIndex:
        """Spots by position, in their places; for rings."""
        return SpotIndex(self.slide.coords, self.slide.places)

    @cached_property
    def pairs(self) -> set[Pair]:
        """Pairs of state and tissue measured on this slide."""
        from napari_concert.concert.checks import seen_pairs  # brings torch, which the window must not wait for

        return seen_pairs((self.slide,))

    def read_as(self, slide: Slide) -> None:
        """Read the same spots otherwise: other columns, units or sections. What was painted stays."""
        old, self.slide = self.slide, slide
        for name in ("index", "pairs"):
            self.__dict__.pop(name, None)
        self.result = None
        if _roles(old.columns) != _roles(slide.columns) or (old.states, old.tissues) != (slide.states, slide.tissues):
            self.target = default_target(slide)

    @property
    def patch(self) -> Patch:
        """The painted spots with their target."""
        return Patch(self.painting.rows, self.target, PATCH_NAME)

    @property
    def what_if(self) -> WhatIf:
        """The intervention that the painted spots ask for."""
        patch = self.patch
        return WhatIf() if patch.changes_nothing else WhatIf(patch)


def _roles(columns: Columns) -> tuple[str | None, str | None]:
    return columns.perturbation, columns.tissue


def default_target(slide: Slide) -> dict[str, str | float]:
    """Return the first state that is not a control, where there is a state to switch to."""
    if len(slide.states) < 2:
        return {}
    others = [state for state in slide.states if state not in slide.columns.control]
    return {"perturbation": (others or list(slide.states))[0]}


def default_colour(slide: Slide) -> Colour:
    """Return what a slide is first coloured by: its perturbation or tissue, else the gene seen in most spots."""
    for column in (slide.columns.perturbation, slide.columns.tissue):
        if column is not None:
            return Colour("column", column)
    return Colour("gene", str(slide.genes[int(slide.counts.getnnz(axis=0).argmax())]))
