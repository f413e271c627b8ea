"""How a new selection joins the one that is there."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.errors import UnknownName
from napari_concert.patches import as_rows

Rows: TypeAlias = npt.NDArray[np.int64]


class Mode(StrEnum):
    """What happens to the spots that are found."""

    ADD = "add"
    SUBTRACT = "subtract"
    INTERSECT = "intersect"
    INVERT = "invert"


_JOINED: MappingProxyType[Mode, Callable[[Rows, Rows], Rows]] = MappingProxyType(
    {
        Mode.ADD: np.union1d,
        Mode.SUBTRACT: lambda current, found: np.setdiff1d(current, found, assume_unique=True),
        Mode.INTERSECT: lambda current, found: np.intersect1d(current, found, assume_unique=True),
        Mode.INVERT: lambda current, found: np.setxor1d(current, found, assume_unique=True),
    }
)


def combine(current: npt.ArrayLike, found: npt.ArrayLike, mode: Mode | str) -> Rows:
    """Join two selections.

    Parameters
    ----------
    current, found
        Rows in any order, or masks with one entry per spot.
    mode
        "add" gives the spots of either, "subtract" those of ``current`` alone, "intersect" those of both, "invert"
        those of exactly one.

    Returns
    -------
    (m,) int64
        Sorted rows.

    Raises
    ------
    UnknownName
        If there is no such mode.
    ConcertError
        If the rows are not whole non-negative numbers.
    """
    if mode not in tuple(Mode):
        raise UnknownName("selection mode", str(mode), Mode)
    return _JOINED[Mode(mode)](as_rows(current), as_rows(found)).astype(np.int64)
