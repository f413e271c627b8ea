"""Spots that belong together by what is known of them: a label, a range of values."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection.neighbours import checked_step, groups, links
from napari_concert.selection.window import in_box, located

Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Labels: TypeAlias = npt.NDArray[np.object_]

_LOOKS = 12, 48  # steps to each side that are looked at before the whole place is: small regions are found at once


def same_region(index: SpotIndex, labels: npt.ArrayLike, row: int, step: float) -> Rows:
    """Give the spots with the label of one spot that are connected to it through such neighbours.

    Parameters
    ----------
    index
        The slide's spots.
    labels
        (n_spots,) label of each spot, None where missing. Spots without a label are a region of their own.
    row
        The spot to start from.
    step
        How far neighbours are apart at most, in the slide's units: about 1.5 times the distance between spots.

    Returns
    -------
    (m,) int64
        Sorted rows, all of one place; none if the spot has no coordinates.

    Raises
    ------
    ConcertError
        If there is no such spot, the labels are not one per spot, or the step is not a positive length.
    """
    values, step = _labels(labels, index.n_spots), checked_step(step)
    start = located(index, [row])
    if not start.size:
        return start
    place, centre = int(index.places[row]), index.coords[row, :2]
    for reach in (*(look * step for look in _LOOKS), np.inf):
        near = in_box(index, centre - reach, centre + reach, place)
        near = near[_alike(values[near], values[row])]
        group = groups(len(near), links(index.coords[near], step))
        region: Rows = near[group == group[np.searchsorted(near, row)]]
        # nothing more lies beyond the box where a whole step of it was left free
        if np.abs(index.coords[region, :2] - centre).max() + 2 * step <= reach:
            break
    return region


def with_label(labels: npt.ArrayLike, wanted: Any) -> Rows:
    """Give all spots with a label.

    Parameters
    ----------
    labels
        (n_spots,) label of each spot, None where missing.
    wanted
        The label, or None for the spots without one.

    Returns
    -------
    (m,) int64
        Sorted rows. Labels do not tell which spots have coordinates: :func:`located` keeps those.

    Raises
    ------
    UnknownName
        If no spot has that label.
    """
    values = _labels(labels)
    rows = np.flatnonzero(_alike(values, wanted)).astype(np.int64)
    if not rows.size and not _is_missing(wanted):
        raise UnknownName("label", str(wanted), sorted({str(label) for label in values if not _is_missing(label)}))
    return rows


def in_range(values: npt.ArrayLike, low: float | None = None, high: float | None = None) -> Rows:
    """Give all spots with a value from ``low`` to ``high``, both included.

    Parameters
    ----------
    values
        (n_spots,) in any unit; spots with NaN are never in a range.
    low, high
        In the values' unit; None leaves that side open.

    Returns
    -------
    (m,) int64
        Sorted rows. Values do not tell which spots have coordinates: :func:`located` keeps those.

    Raises
    ------
    ConcertError
        If the values are not a flat list of numbers, or there is nothing from ``low`` to ``high``.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != 1:
        raise ConcertError(f"A range needs one value per spot, not an array of shape {numbers.shape}.")
    lowest, highest = -np.inf if low is None else low, np.inf if high is None else high
    if not lowest <= highest:
        raise ConcertError(f"There is no range from {lowest:g} to {highest:g}. Give two numbers, the lower first.")
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((numbers >= lowest) & (numbers <= highest)).astype(np.int64)


def _labels(labels: npt.ArrayLike, n_spots: int | None = None) -> Labels:
    values = np.asarray(labels, dtype=object)
    if values.ndim != 1 or (n_spots is not None and len(values) != n_spots):
        expected = "one per spot" if n_spots is None else f"{n_spots}, one per spot"
        raise ConcertError(f"Labels have shape {values.shape}; expected {expected}.")
    return values


def _is_missing(label: Any) -> bool:
    return label is None or (isinstance(label, float | np.floating) and bool(np.isnan(label)))


def _alike(values: Labels, wanted: Any) -> Mask:
    if _is_missing(wanted):
        return np.array([_is_missing(value) for value in values], dtype=np.bool_)
    return np.asarray(np.equal(values, wanted), dtype=np.bool_)
