"""Which spots are near which: the pairs over which a field propagates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from torch import Tensor

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

GAP = 2.5  # pitches between spots of one patch, at most
MAIN = 0.9  # of the spots that a state has in a place, the least that make its patch there a single one


class Pairs(NamedTuple):
    """Receiving spot, source spot and offset (d,) of every pair within reach; arrays of length E."""

    receiver: Tensor
    source: Tensor
    offset: Tensor


class Neighbours:
    """Finds pairs of spots of one place that are nearer than a reach.

    Parameters
    ----------
    coords, place
        Positions (N, d) in pitches, and places (N,).
    reach
        Largest distance in pitches.
    """

    def __init__(self, coords: NDArray[np.float64], place: Rows, reach: float) -> None:
        self.coords, self.reach = coords, reach
        self.apart = np.column_stack([coords, place * (4.0 * reach + 1.0)])  # places are out of reach of each other
        self.tree = cKDTree(self.apart)

    def around(self, sources: Rows) -> Pairs:
        """Return all pairs whose source is one of some rows, a spot with itself left out."""
        return self._between(np.arange(len(self.coords)), self.tree, sources)

    def onto(self, receivers: Rows, sources: Rows) -> Pairs:
        """Return all pairs of a receiver and a source."""
        return self._between(receivers, cKDTree(self.apart[receivers]) if len(receivers) else self.tree, sources)

    def _between(self, receivers: Rows, tree: cKDTree, sources: Rows) -> Pairs:
        if not len(receivers) or not len(sources):
            none = torch.zeros(0, dtype=torch.int64)
            return Pairs(none, none, torch.zeros(0, self.coords.shape[1], dtype=torch.float64))
        near = tree.sparse_distance_matrix(cKDTree(self.apart[sources]), self.reach, output_type="ndarray")
        receiver, source = receivers[near["i"]], sources[near["j"]]
        order = np.lexsort((source, receiver))
        receiver, source = receiver[order], source[order]
        other = receiver != source
        receiver, source = receiver[other], source[other]
        offset = self.coords[receiver] - self.coords[source]
        return Pairs(torch.from_numpy(receiver), torch.from_numpy(source), torch.from_numpy(offset))


def pairs_within(coords: NDArray[np.float64], place: Rows, sources: Rows, reach: float) -> Pairs:
    """Return all pairs (spot, source) of one place that are nearer than ``reach``, a spot with itself left out."""
    return Neighbours(coords, place, reach).around(sources)


def single_patches(coords: NDArray[np.float64], place: Rows, members: Mask) -> Mask:
    """Return which states (P,) lie in a single patch, but for strays, in every place where they are at all.

    Parameters
    ----------
    coords, place
        Positions (N, d) in pitches, and places (N,).
    members
        Which spots are in each state (P, N).
    """
    return np.array([_is_single(coords[rows], place[rows]) for rows in members], dtype=bool)


def _is_single(coords: NDArray[np.float64], place: Rows) -> bool:
    """Whether the spots of one state are a patch a place."""
    pairs = cKDTree(np.column_stack([coords, place * (4.0 * GAP)])).query_pairs(GAP, output_type="ndarray")
    links = coo_matrix((np.ones(len(pairs)), pairs.T), (len(coords), len(coords)))
    patch = connected_components(links, directed=False)[1]
    largest = [np.bincount(patch[place == each]).max() for each in np.unique(place)]
    return bool(len(coords) and sum(largest) >= MAIN * len(coords))
