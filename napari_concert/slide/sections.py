"""A first guess of how sections lie in space: by the file's own z, or by their names and one pitch apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_concert.errors import ConcertError
from napari_concert.slide.stack import Stack

if TYPE_CHECKING:
    from napari_concert.slide.core import Slide


def stack_of(slide: Slide) -> Stack:
    """Return how a slide's sections are stacked, or a guess where nobody said: a pitch apart, in the order of names.

    Raises
    ------
    ConcertError
        If no column tells sections.
    """
    if slide.stack is not None:
        return slide.stack
    if not slide.sections:
        raise ConcertError("No column tells the sections of this slide; choose one (section) first.")
    return _by_height(slide) or Stack.spaced(slide.sections, slide.pitch, assumed=True)


def _by_height(slide: Slide) -> Stack | None:
    """Return the sections by their z in the file; None where it has none, or two sections share one."""
    column = slide.columns.section
    if not slide.has_z or column is None:
        return None
    labels = slide.labels(column)
    middle = {name: float(np.nanmedian(slide.coords[labels == name, 2])) for name in slide.sections}
    order = sorted(middle, key=lambda name: middle[name])
    heights = tuple(middle[name] for name in order)
    known = np.isfinite(heights).all() and (np.diff(heights) > 0).all()
    return Stack(tuple(order), heights) if known else None
