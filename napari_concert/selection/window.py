"""The spots in an upright box, and checks of what is asked about a slide's spots."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError
from napari_concert.patches import as_rows

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

SLACK = 1e-9  # relative: a spot on the edge counts, whatever the rounding


def in_box(index: SpotIndex, low: npt.ArrayLike, high: npt.ArrayLike, place: int | None = None) -> Rows:
    """Give the spots whose x, y lies between two corners, the edges included.

    Parameters
    ----------
    index
        The slide's spots.
    low, high
        (2,) lowest and highest x, y, in the slide's units; may be infinite.
    place
        Only spots of this place; all places by default.

    Returns
    -------
    (m,) int64
        Sorted rows of spots with coordinates.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    inside = np.full(index.n_spots, fill_value=True) if place is None else index.places == place
    with np.errstate(invalid="ignore"):
        for axis, values in enumerate(index.coords.T):
            inside &= np.isfinite(values)
            if axis < 2:
                inside &= (values >= low[axis]) & (values <= high[axis])
    return np.flatnonzero(inside).astype(np.int64)


def located(index: SpotIndex, rows: npt.ArrayLike, place: int | None = None) -> Rows:
    """Give those of ``rows`` (or of a mask) that have coordinates and lie in ``place``.

    Raises
    ------
    ConcertError
        If a row is not a spot of the slide.
    """
    chosen = as_rows(rows)
    if chosen.size and chosen[-1] >= index.n_spots:
        raise ConcertError(
            f"Spot row {int(chosen[-1])} is beyond the slide's {index.n_spots} spots. Rows of another slide?"
        )
    if place is not None:
        chosen = chosen[index.places[chosen] == place]
    return chosen[np.isfinite(index.coords[chosen]).all(axis=1)]


def as_point(point: npt.ArrayLike, name: str) -> Floats:
    """Give the x, y (2,) of a point (2,) or (3,).

    Raises
    ------
    ConcertError
        If it is not a point, or not finite.
    """
    values = np.asarray(point, dtype=np.float64)
    if values.shape not in {(2,), (3,)} or not np.isfinite(values).all():
        raise ConcertError(f"{name} must be x, y in the slide's units, not {values.tolist()}.")
    return values[:2]
