"""How far one state's effect on its surroundings reaches, as a value to draw and to put in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, eq=False)
class Reach:
    """The learned reach of one state; lengths in the unit of the slides' coordinates.

    Attributes
    ----------
    state, unit
        Which state, and the unit's name.
    long, short
        Distance from one perturbed spot at which its influence has fallen to half of that at one pitch, along the axis
        on which it reaches farthest and least far: value, and both ends of its 95 % interval.
    angle
        Direction within the x–y plane in which it reaches farthest, in degrees from x towards y, 0 to 180; NaN where
        all are alike.
    cut_off
        Distance at which it ends: the median over tissues.
    passes_border
        Share that crosses a tissue border, 0 to 1.
    outline
        (n, 2): where, seen from the spot and within the x–y plane, its influence is that half; closed.
    cut_offs
        Cut-off by tissue of the spot that is reached, the last for spots of unknown tissue: ``cut_off``, ``lower``,
        ``upper`` (95 %), ``told``: share of the prior's variance that the data took away.
    farthest
        Largest cut-off that can be learned.
    is_found
        Whether any gene surely spills over; else the reach is that of next to nothing.
    """

    state: str
    unit: str
    long: tuple[float, float, float]
    short: tuple[float, float, float]
    angle: float
    cut_off: float
    passes_border: float
    outline: npt.NDArray[np.float64]
    cut_offs: pd.DataFrame
    farthest: float
    is_found: bool

    @property
    def has_direction(self) -> bool:
        """Whether it surely reaches farther along one axis: the intervals of both ranges do not overlap."""
        return self.long[1] > self.short[2]
