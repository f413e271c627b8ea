"""A patch made smoother: bumps and holes go. Growing and shrinking are in :class:`napari_concert.brush.SpotIndex`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.selection.neighbours import Pairs, checked_step, groups, links
from napari_concert.selection.window import SLACK, in_box, located

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

_STRAIGHT = 0.5 - 1e-6  # of a full turn: neighbours that leave as much free are all on one side


def smoothed(index: SpotIndex, rows: npt.ArrayLike, step: float) -> Rows:
    """Give the patch in which each spot is as most of its neighbourhood is: it and its neighbours.

    Small bumps go and small holes close, a straight edge stays. Where half of the neighbourhood is in the patch, the
    spot stays as it is.

    Parameters
    ----------
    index
        The slide's spots.
    rows
        Rows of the patch, or a mask.
    step
        How far neighbours are apart at most, in the slide's units: about 1.5 times the distance between spots.

    Returns
    -------
    (m,) int64
        Sorted rows of spots with coordinates.

    Raises
    ------
    ConcertError
        If a row is not a spot of the slide, or the step is not a positive length.
    """
    found = [spots[_majority(inside, pairs)] for spots, inside, pairs in _windows(index, rows, checked_step(step), 2)]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *found]))


def holes_filled(index: SpotIndex, rows: npt.ArrayLike, step: float) -> Rows:
    """Give the patch with its holes filled.

    A hole is a group of neighbouring spots that a closed chain of patch spots runs around, each at most ``step`` from
    the next. Spots beside a gap in the tissue, or at its edge, are no hole.

    Parameters
    ----------
    index
        The slide's spots. On slides with z the chain is seen from above.
    rows
        Rows of the patch, or a mask.
    step
        How far neighbours are apart at most, in the slide's units: about 1.5 times the distance between spots.

    Returns
    -------
    (m,) int64
        Sorted rows of spots with coordinates.

    Raises
    ------
    ConcertError
        If a row is not a spot of the slide, or the step is not a positive length.
    """
    found = [
        spots[inside | _holes(index.coords[spots], inside, pairs, step)]
        for spots, inside, pairs in _windows(index, rows, checked_step(step), 1)
    ]
    return np.sort(np.concatenate([np.zeros(0, np.int64), *found]))


def _windows(index: SpotIndex, rows: npt.ArrayLike, step: float, margin: int) -> Iterator[tuple[Rows, Mask, Pairs]]:
    """Give, a place at a time, spots as far as ``margin`` steps around the patch, which are in it, and links."""
    chosen = located(index, rows)
    member = np.zeros(index.n_spots, dtype=bool)
    member[chosen] = True
    for place in np.unique(index.places[chosen]):
        corners = index.coords[chosen[index.places[chosen] == place], :2]
        around = (margin + SLACK) * step
        spots = in_box(index, corners.min(axis=0) - around, corners.max(axis=0) + around, int(place))
        yield spots, member[spots], links(index.coords[spots], step)


def _majority(inside: Mask, pairs: Pairs) -> Mask:
    """Give which spots (n,) have most of their neighbourhood inside."""
    one, other = pairs
    vote = np.where(inside, 1, -1)
    votes = vote + np.bincount(one, vote[other], len(vote)) + np.bincount(other, vote[one], len(vote))
    return np.asarray((votes > 0) | ((votes == 0) & inside), dtype=bool)


def _holes(points: Floats, inside: Mask, pairs: Pairs, step: float) -> Mask:
    """Give which spots (n,) outside the patch belong to a hole: a group of which each spot is surrounded."""
    outside = ~inside
    if not outside.any():
        return outside
    one, other = pairs
    both = outside[one] & outside[other]
    group = groups(len(points), (one[both], other[both]))
    neighbours = np.bincount(one, minlength=len(points)) + np.bincount(other, minlength=len(points))
    is_open = np.bincount(group, outside & (neighbours < 3)) > 0  # cheap, and settles most groups
    asked = outside & ~is_open[group]
    is_open[group[asked & ~_surrounded(points, asked, pairs, step)]] = True
    return outside & ~is_open[group]


def _surrounded(points: Floats, asked: Mask, pairs: Pairs, step: float) -> Mask:
    """Give which of the spots ``asked`` (n,) have neighbours all around, each at most ``step`` from the next."""
    one, other = pairs
    forth, back = asked[one], asked[other]
    spot, neighbour = np.concatenate([one[forth], other[back]]), np.concatenate([other[forth], one[back]])
    x, y = (points[neighbour, axis] - points[spot, axis] for axis in (0, 1))
    turn = np.where((x != 0) | (y != 0), np.arctan2(y, x) / (2 * np.pi) + 0.5, np.nan)
    order = np.argsort(2 * spot + turn)[: np.isfinite(turn).sum()]  # what lies at the same x, y is in no direction
    spot, neighbour, turn = spot[order], neighbour[order], turn[order]
    starts = np.flatnonzero(np.diff(spot, prepend=-1))
    ends = np.append(starts[1:], len(spot))[: len(starts)] - 1
    following = np.arange(1, len(spot) + 1)
    following[ends] = starts
    gap = turn[following] - turn
    gap[ends] += 1.0
    ring = points[neighbour]
    hop = np.sqrt(((ring[following] - ring) ** 2).sum(axis=1))
    broken = (gap > _STRAIGHT) | (hop > step * (1 + SLACK))
    counted = np.bincount(spot, minlength=len(points))
    return np.asarray(asked & (counted >= 3) & (np.bincount(spot, broken, len(points)) == 0), dtype=np.bool_)
