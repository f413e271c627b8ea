"""What a task asks, what its answer is held against, and the slide that methods may see: one without the latter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from napari_concert.patches import WhatIf
from napari_concert.slide import Slide
from napari_concert.slide.counts import Counts

Rows: TypeAlias = npt.NDArray[np.int64]
Kind: TypeAlias = Literal["patch", "border", "niche", "cross-niche"]

KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, eq=False)
class Question:
    """A what-if, and where its answer is wanted.

    Attributes
    ----------
    kind
        Kind of task.
    source, target
        State that the switched spots are in, and the one that they become.
    tissue
        Tissue of the scored spots; None where no column tells tissues.
    patch
        Spots that are switched.
    scored
        Spots whose expression is asked for: the patch, or the core that it surrounds.
    like
        Measured spots that are in the situation that is asked for (in the target state, or surrounded by it).
    """

    kind: Kind
    source: str
    target: str
    tissue: str | None
    patch: Rows
    scored: Rows
    like: Rows

    @property
    def is_switched(self) -> bool:
        """Whether the scored spots themselves are switched."""
        return self.kind != "niche"

    @property
    def what_if(self) -> WhatIf:
        """The patch, set to its target."""
        return WhatIf((self.patch, {"perturbation": self.target}))


@dataclass(frozen=True, eq=False)
class Task:
    """A question on a whole slide, and the real spots that its answer is held against.

    Attributes
    ----------
    question
        With rows of the whole slide.
    slide, size, seed
        Name of the slide, spots asked for, and what drew the place.
    reference
        Held-out spots that really are in the situation that is asked for.
    origin
        Held-out spots in the situation in which the scored spots are now: a measured change runs from them to the
        reference. Were it measured from the scored spots, whose counts methods see, then their noise would be in both
        the measured and the predicted change and count as agreement.
    said
        In words.
    """

    question: Question
    slide: str
    size: int
    seed: int
    reference: Rows
    origin: Rows
    said: str

    @property
    def hidden(self) -> Rows:
        """All spots that methods must not see, in ascending order."""
        return np.union1d(self.reference, self.origin)

    def cut_out(self, slide: Slide) -> tuple[Slide, Question]:
        """Return the slide without its hidden spots, and the question with rows of that slide."""
        kept = np.setdiff1d(np.arange(slide.n_spots), self.hidden)
        at = np.full(slide.n_spots, -1)
        at[kept] = np.arange(len(kept))
        question = self.question
        moved = {name: at[getattr(question, name)] for name in ("patch", "scored", "like")}
        return with_spots(slide, kept), replace(question, **moved)


def with_spots(slide: Slide, rows: Rows) -> Slide:
    """Return a slide that has only some of the spots, its columns and units read as before."""
    measured = slide.measured
    return replace(
        slide,
        adata=slide.adata[rows].copy(),
        measured=Counts(measured.matrix[rows], measured.spot_names[rows], measured.genes, measured.source),
        raw_coords=slide.raw_coords[rows],
        left_out=np.flatnonzero(np.isin(rows, slide.left_out)),
        image=None,
    )
