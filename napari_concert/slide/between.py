"""A section that was never cut: positions at a height between two measured sections of a registered stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError
from napari_concert.slide.levels import Levels, levels_of

if TYPE_CHECKING:
    from napari_concert.slide.core import Slide

Floats = npt.NDArray[np.float64]

ON_SECTION = 1e-3  # pitches that a z may be off a measured section's and still be the same
BESIDE = 1.0  # pitches within which the farther section must have a spot: there is tissue in both
_ALIGN = (
    "align its sections first (napari-concert register, or Align in the Slide step), or say that they are registered"
)


@dataclass(frozen=True, eq=False)
class Gap:
    """Two neighbouring sections, and a height between them.

    Attributes
    ----------
    z
        The height, in the slide's units.
    lower, upper
        Names of the sections below and above.
    below, above
        Their heights.
    nearer, farther
        Which of :class:`.Levels` is the nearer one (the lower one where both are as near), and which the other.
    """

    z: float
    lower: str
    upper: str
    below: float
    above: float
    nearer: int
    farther: int


def gap_at(slide: Slide, z: float, levels: Levels | None = None) -> Gap:
    """Return the sections between which a height lies.

    Parameters
    ----------
    z
        In the slide's units.
    levels
        The slide's sections, where they are at hand.

    Raises
    ------
    ConcertError
        If the slide is no stack in one frame, or nothing is to be predicted at that height.
    """
    levels = _stack(slide, levels if levels is not None else levels_of(slide))
    unit, heights = slide.units.name, levels.heights
    nearest = int(np.argmin(np.abs(heights - z)))
    if abs(heights[nearest] - z) <= ON_SECTION * slide.pitch:
        raise ConcertError(
            f"Section {levels.names[nearest]} was measured at z = {heights[nearest]:g} {unit}, so nothing is to be "
            "predicted there; choose a z between two sections."
        )
    if not heights[0] < z < heights[-1]:
        raise ConcertError(
            f"z = {z:g} {unit} is outside of the stack, which goes from {heights[0]:g} to {heights[-1]:g} {unit}; "
            "choose a z between two of its sections."
        )
    upper = int(np.searchsorted(heights, z))
    lower = upper - 1
    is_low = z - heights[lower] <= heights[upper] - z
    nearer, farther = (lower, upper) if is_low else (upper, lower)
    below, above = float(heights[lower]), float(heights[upper])
    return Gap(float(z), levels.names[lower], levels.names[upper], below, above, nearer, farther)


def positions_between(slide: Slide, z: float, levels: Levels | None = None) -> tuple[Gap, Floats]:
    """Return where the spots of a section at a height would lie.

    They lie as those of the nearer section do, where the farther one has tissue too.

    Parameters
    ----------
    z
        In the slide's units.
    levels
        The slide's sections, where they are at hand.

    Returns
    -------
    gap
        Between which sections it is.
    positions
        (n, 3) x, y, z in the slide's units.

    Raises
    ------
    ConcertError
        As :func:`gap_at`; or if the two sections do not overlap.
    """
    levels = levels if levels is not None else levels_of(slide)
    gap = gap_at(slide, z, levels)
    assert levels is not None
    near, far = (_spots(slide, levels, level) for level in (gap.nearer, gap.farther))
    apart = cKDTree(far).query(near)[0] if len(far) else np.full(len(near), np.inf)
    both = near[apart <= BESIDE * slide.pitch]
    if not len(both):
        raise ConcertError(
            f"Sections {gap.lower} and {gap.upper} have no tissue above each other, so no section between them can be "
            "predicted; align them first, or choose a z between others."
        )
    return gap, np.column_stack([both, np.full(len(both), gap.z)])


def _stack(slide: Slide, levels: Levels | None) -> Levels:
    """Return the sections of a slide, if they are two or more in one frame."""
    if levels is None:
        raise ConcertError(f"{slide.name} has no z: a section in between needs sections above each other, so {_ALIGN}.")
    if len(levels) < 2:
        raise ConcertError(f"{slide.name} is a single section, so there is nothing between its sections.")
    if len(np.unique(levels.places)) > 1:
        raise ConcertError(f"The sections of {slide.name} are not in one frame: {_ALIGN}.")
    return levels


def _spots(slide: Slide, levels: Levels, level: int) -> Floats:
    """Return x, y (k, 2) of the measured spots of a section."""
    return slide.coords[(levels.of == level) & slide.usable, :2]
