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
    one, other = pairs.T
    vote = np.where(inside, 1, -1)
    votes = vote + np.bincount(one, vote[other], len(vote)) + np.bincount(other, vote[one], len(vote))
    return np.asarray((votes > 0) | ((votes == 0) & inside), dtype=bool)


def _holes(points: Floats, inside: Mask, pairs: Pairs, step: float) -> Mask:
    """Give which spots (n,) outside the patch belong to a hole: a group of which each spot is surrounded."""
    outside = ~inside
    if not outside.any():
        return outside
    between = pairs[outside[pairs].all(axis=1)]
    group = groups(len(points), between)
    neighbours = np.bincount(pairs.ravel(), minlength=len(points))
    is_open = np.bincount(group, outside & (neighbours < 3)) > 0  # cheap, and settles most groups
    asked = outside & ~is_open[group]
    is_open[group[asked & ~_surrounded(points, asked, pairs, step)]] = True
    return outside & ~is_open[group]


def _surrounded(points: Floats, asked: Mask, pairs: Pairs, step: float) -> Mask:
    """Give which of the spots ``asked`` (n,) have neighbours all around, each at most ``step`` from the next."""
    both = np.concatenate([pairs[asked[pairs[:, 0]]], pairs[asked[pairs[:, 1]]][:, ::-1]])
    x, y = (points[both[:, 1]] - points[both[:, 0]])[:, :2].T
    both, x, y = both[apart := (x != 0) | (y != 0)], x[apart], y[apart]
    turn = np.arctan2(y, x) / (2 * np.pi) + 0.5
    order = np.argsort(2 * both[:, 0] + turn)
    spot, neighbour, turn = both[order, 0], both[order, 1], turn[order]
    starts = np.flatnonzero(np.diff(spot, prepend=-1))
    ends = np.append(starts[1:], len(spot))[: len(starts)] - 1
    following = np.arange(1, len(spot) + 1)
    following[ends] = starts
    gap = turn[following] - turn
    gap[ends] += 1.0
    hop = np.linalg.norm(points[neighbour[following]] - points[neighbour], axis=1)
    broken = (gap > _STRAIGHT) | (hop > step * (1 + SLACK))
    counted = np.bincount(spot, minlength=len(points))
    return np.asarray(asked & (counted >= 3) & (np.bincount(spot, broken, len(points)) == 0), dtype=np.bool_)
