"""One open slide and what was done on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_concert.brush import SpotIndex
from napari_concert.patches import Patch, Target, WhatIf
from napari_concert.session.hidden_spots import Look
from napari_concert.session.painting import Painting
from napari_concert.session.results import Result
from napari_concert.session.shown import Colour
from napari_concert.slide import Columns, Slide, Stack
from napari_concert.slide.levels import Levels, levels_of

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.concert.checks import Pair
    from napari_concert.prediction import Prediction
    from napari_concert.registration import PairScore, Registration
    from napari_concert.session.checking import Checked
    from napari_concert.session.filled import Swept
    from napari_concert.session.predicted import Predicted
    from napari_concert.simulate import TrueChange
    from napari_concert.slide.filling import Places


@dataclass(frozen=True, eq=False)
class Kept:
    """A what-if that is kept to be compared: its name, and the patches as they were."""

    name: str
    patches: tuple[Patch, ...]

    @property
    def what_if(self) -> WhatIf:
        """The intervention that the patches ask for."""
        return what_if_of(self.patches)


@dataclass(frozen=True, eq=False)
class Live:
    """What a stroke that goes on asks for, and the answer, without any table."""

    what_if: WhatIf
    prediction: Prediction


@dataclass(eq=False)
class Workspace:
    """A slide, the patches on it and what they become, and the last prediction.

    Attributes
    ----------
    slide
        As its columns are read now; replaced when the user reads them otherwise.
    painting
        Patches with their undo history.
    colour
        What colours the spots.
    result, live
        The last prediction, and that of a stroke that goes on; None where there is none.
    truth
        On simulated slides: the true change under the last what-if of which it was computed.
    kept, recalled
        What-ifs to compare, and the position of the one that was last put on the slide.
    compared, answers, answered_by
        Those that are set side by side, what is predicted of them, and by which model.
    labelled
        Columns that the user painted, by name: they are not in the file.
    own_model
        The last model that fitted this slide, with its name.
    hidden_sections
        Names of sections of a stack that are not shown.
    earlier, registration, scores
        How sections lay before (stack, registered), the registration that put them where they are, and how well
        neighbours agree since the last move.
    predicted
        Spots where nothing was measured, by their kind (see :class:`.PredictedSpots`).
    checked, look
        The last quality check with the model that was in use then, and how its hidden spots are seen.
    swept, gaps
        Where tools were drawn, for holes, and the places of new spots there.
    """

    slide: Slide
    painting: Painting = field(init=False)
    colour: Colour | None = None
    result: Result | None = None
    live: Live | None = None
    truth: TrueChange | None = None
    kept: list[Kept] = field(default_factory=list)
    recalled: int = 0
    compared: tuple[Kept, ...] = ()
    answers: dict[Kept, Prediction] = field(default_factory=dict)
    answered_by: Concert | None = None
    _asked: tuple[tuple[Patch, ...], WhatIf] = field(default=((), WhatIf()), repr=False)
    labelled: list[str] = field(default_factory=list)
    own_model: tuple[Concert, str] | None = None
    hidden_sections: frozenset[str] = frozenset()
    earlier: list[tuple[Stack | None, bool]] = field(default_factory=list)
    registration: Registration | None = None
    scores: tuple[PairScore, ...] = ()
    predicted: dict[str, Predicted] = field(default_factory=dict)
    checked: Checked | None = None
    look: Look = Look.SLIDE
    swept: list[Swept] = field(default_factory=list)
    gaps: Places | None = None

    def __post_init__(self) -> None:
        self.painting = Painting(self.slide.n_spots, default_target(self.slide))
        self.colour = default_colour(self.slide)

    @cached_property
    def index(self) -> SpotIndex:
        """Spots by position, in their places; for rings."""
        return SpotIndex(self.slide.coords, self.slide.places)

    @cached_property
    def levels(self) -> Levels | None:
        """The sections of a stack; None where the slide has no z."""
        return levels_of(self.slide)

    @cached_property
    def pairs(self) -> set[Pair]:
        """Pairs of state and tissue measured on this slide."""
        from napari_concert.concert.checks import seen_pairs  # brings torch, which the window must not wait for

        return seen_pairs((self.slide,))

    def take(self, result: Result | None) -> None:
        """Take in a prediction, or that there is none; the last truth stays until that of the new one is known."""
        self.result, self.live = result, None
        if result is None or result.is_whole:
            self.truth = result.truth if result is not None else None

    def read_as(self, slide: Slide) -> None:
        """Read the same spots otherwise: other columns, units or sections. What was painted stays."""
        old, self.slide = self.slide, slide
        for name in ("index", "levels", "pairs"):
            self.__dict__.pop(name, None)
        self.result = self.live = self.truth = None
        self.answers.clear()
        self.predicted.clear()
        self.swept.clear()
        self.gaps = None
        if _roles(old.columns) != _roles(slide.columns) or (old.states, old.tissues) != (slide.states, slide.tissues):
            self.painting.retarget(default_target(slide))

    @property
    def target(self) -> Target:
        """What the active patch becomes: attribute → value; without any, what the next one will."""
        current = self.painting.current
        return self.painting.target if current is None else current.target

    @property
    def what_if(self) -> WhatIf:
        """The intervention that the patches ask for: hidden ones left out, and each spot the last one's alone."""
        patches = self.painting.patches
        if self._asked[0] != patches:  # patches are values: the same objects ask for the same
            self._asked = patches, what_if_of(patches)
        return self._asked[1]


def what_if_of(patches: Sequence[Patch]) -> WhatIf:
    """Return the intervention that patches in order ask for: each spot is the last one's that is not hidden."""
    shown, own = [patch for patch in patches if not patch.hidden], list[Patch]()
    taken = np.zeros(1 + max((int(patch.spots.max(initial=-1)) for patch in shown), default=-1), dtype=bool)
    for patch in reversed(shown):
        own.append(replace(patch, spots=patch.spots[~taken[patch.spots]]))
        taken[patch.spots] = True
    return WhatIf(*(patch for patch in reversed(own) if not patch.changes_nothing))


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
