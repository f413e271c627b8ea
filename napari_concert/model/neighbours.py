"""Which spots are near which: the pairs over which a field propagates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

Rows = NDArray[np.int64]


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
