"""Which state and tissue a position likely has where nobody looked: the labels around it, weighed by simple kriging.

A pair ``c`` of state and tissue is an indicator ``Y_c`` that is 1 in the spots that have it. Its best linear guess at
a position ``x`` (indicator kriging; Journel 1983) ::

    p_c(x) = π_c + k(x)ᵀ (K + ν I)⁻¹ (Y_c - π_c)         K_ij = 1[same place] · wendland(|r_i - r_j| / c)

falls back to the pair's share ``π_c`` of the slide far from any spot, and counts neighbours that say the same thing in
the same direction as one: the edge of a hole has witnesses on one side only. A spot's own label is not certain either
(``ν``). Values are clipped at 0 and made to sum to 1, and a small share of ``π`` keeps any pair possible. The range
``c`` is the one that best predicts, in log probability, measured labels that are hidden in patches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, identity
from scipy.sparse.linalg import cg
from scipy.spatial import cKDTree

from napari_concert.model.data import UNKNOWN, SpotArrays
from napari_concert.model.kernels import wendland
from napari_concert.model.svgp import inducing_points

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

RANGES = (3.0, 4.5, 6.5, 9.5)  # pitches
USUAL = 6.5  # where there are too few spots to choose
NUGGET = 0.1
FLOOR = 0.02
PATCHES, PATCH = 32, 4.0  # patches to hide, and their radius in pitches: as large as the holes that are filled
SEEN = 6.0  # pitches around a patch from which it is predicted
SOLVED, DENSE = 1e-10, 500  # relative residual; spots up to which a dense solution is the faster one


class Where(NamedTuple):
    """Positions (n, d) in pitches and places (n,)."""

    coords: Floats
    place: Codes

    @classmethod
    def of(cls, arrays: SpotArrays) -> Where:
        """Return where spots are."""
        return cls(arrays.coords, arrays.place)

    def take(self, rows: Codes) -> Where:
        """Return some of the positions."""
        return Where(self.coords[rows], self.place[rows])

    def apart(self, reach: float) -> cKDTree:
        """Return a tree in which places are out of reach of each other."""
        return cKDTree(np.column_stack([self.coords, self.place * (4.0 * reach + 1.0)]))


class Labelled(NamedTuple):
    """Pairs of state and tissue as codes (C, 2), and the probability (n, C) of each at every position."""

    codes: Codes
    probability: Floats


def correlation(one: Where, other: Where, reach: float) -> csr_matrix:
    """Return ``K`` (n, m), sparse."""
    near = one.apart(reach).sparse_distance_matrix(other.apart(reach), reach, output_type="ndarray")
    values = wendland(torch.from_numpy(near["v"] / reach)).numpy()
    return csr_matrix((values, (near["i"], near["j"])), shape=(len(one.place), len(other.place)))


def krige(seen: Where, values: Floats, mean: Floats, at: Where, reach: float = USUAL) -> Floats:
    """Return the best linear guess (n, C) of values at new positions.

    Parameters
    ----------
    seen, values
        Where values were measured, and which (N, C).
    mean
        What to expect far from all of them (C,).
    at, reach
        New positions, and the distance in pitches beyond which values are not correlated.
    """
    system = correlation(seen, seen, reach) + NUGGET * identity(len(values), format="csr")
    guess: Floats = mean + correlation(at, seen, reach) @ _solve(system, values - mean)
    return guess


def _solve(system: csr_matrix, target: Floats) -> Floats:
    """Return the solution (N, C) of a sparse positive-definite system: of few unknowns directly, else by iteration."""
    if len(target) <= DENSE:
        return np.linalg.solve(system.toarray(), target)
    return np.column_stack([cg(system, column, rtol=SOLVED)[0] for column in target.T])


def proper(guess: Floats, share: Floats) -> Floats:
    """Return guesses (n, C) as probabilities that leave every pair possible."""
    positive = np.maximum(guess, 0.0)
    total = positive.sum(axis=1, keepdims=True)  # guesses sum to 1, so clipped ones to no less
    probability: Floats = (1 - FLOOR) * positive / total + FLOOR * share
    return probability


def seen_pairs(arrays: SpotArrays) -> tuple[Codes, Codes, Codes]:
    """Return pairs (C, 2) that occur, the spots that tell (m,), and the pair (m,) that each of them has.

    Spots that lack a label of which others have one tell nothing, unless every spot lacks one.
    """
    both = np.column_stack([arrays.state, arrays.tissue])
    told = ((both != UNKNOWN) | (both == UNKNOWN).all(axis=0)).all(axis=1)
    rows = np.flatnonzero(told if told.any() else np.ones(len(both), dtype=bool))
    codes, which = np.unique(both[rows], axis=0, return_inverse=True)
    return codes, rows, which.ravel()


def infer_pairs(arrays: SpotArrays, at: Where) -> Labelled:
    """Return which pairs of state and tissue new positions likely have.

    Parameters
    ----------
    arrays
        Measured spots with their labels.
    at
        New positions.
    """
    codes, rows, which = seen_pairs(arrays)
    told, indicator = Where.of(arrays).take(rows), np.eye(len(codes))[which]
    share = indicator.mean(axis=0)
    guess = krige(told, indicator, share, at, best_range(told, indicator, share))
    return Labelled(codes, proper(guess, share))


def best_range(told: Where, indicator: Floats, share: Floats) -> float:
    """Return the range, in pitches, that best predicts labels hidden in patches."""
    if indicator.shape[1] == 1:
        return USUAL
    tree = told.apart(SEEN + PATCH)
    middles = tree.data[inducing_points(told.coords, told.place, PATCHES)]
    hidden, around = (tree.query_ball_point(middles, radius) for radius in (PATCH, PATCH + SEEN))
    patches = [(np.array(h), np.setdiff1d(a, h)) for h, a in zip(hidden, around, strict=True)]
    usable = [(h, a) for h, a in patches if len(a)]
    gain = [sum(_log_probability(told, indicator, share, reach, h, a) for h, a in usable) for reach in RANGES]
    return RANGES[int(np.argmax(gain))] if usable else USUAL


def _log_probability(
    told: Where, indicator: Floats, share: Floats, reach: float, hidden: Codes, around: Codes
) -> float:
    """Return the log probability of hidden labels given those around them."""
    guess = krige(told.take(around), indicator[around], share, told.take(hidden), reach)
    return float(np.log((proper(guess, share) * indicator[hidden]).sum(axis=1)).sum())


def given(pairs: Labelled, state: Codes, tissue: Codes) -> Labelled:
    """Return the pairs given what is known of new positions.

    What is known holds; what is not is inferred among the pairs that agree with it, or where none was ever seen among
    all.

    Parameters
    ----------
    state, tissue
        Known codes (n,), ``UNKNOWN`` where not.
    """
    known = np.column_stack([state, tissue])
    kinds, of_kind = np.unique(known, axis=0, return_inverse=True)
    parts = [_agreeing(pairs, kind, np.flatnonzero(of_kind.ravel() == k)) for k, kind in enumerate(kinds)]
    codes, column = np.unique(np.concatenate([part[0] for part in parts]), axis=0, return_inverse=True)
    probability, start = np.zeros((len(state), len(codes))), 0
    for replaced, rows, values in parts:
        where = column.ravel()[start : start + len(replaced)]
        np.add.at(probability, (rows[:, None], where[None, :]), values)
        start += len(replaced)
    return Labelled(codes, probability)


def _agreeing(pairs: Labelled, kind: Codes, rows: Codes) -> tuple[Codes, Codes, Floats]:
    """Return the pairs with what is known put in, the rows it is known of, and their probabilities."""
    agrees = ((kind == UNKNOWN) | (pairs.codes == kind)).all(axis=1)
    values = pairs.probability[rows] * (agrees if agrees.any() else 1.0)
    return np.where(kind == UNKNOWN, pairs.codes, kind), rows, values / values.sum(axis=1, keepdims=True)
