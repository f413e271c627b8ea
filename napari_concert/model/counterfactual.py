"""What-ifs: swap attributes, recompute the field, hold cell state and position.

Latents and posterior stay as inferred from the observed states; the counts of a painted spot are never read again under
its new label. Baseline and what-if share every weight, so their difference has a closed form::

    change_ig = (a'_i - a_i)ᵀ w_g        Var = (a'_i - a_i)ᵀ Σ_g (a'_i - a_i)

which is the limit of infinitely many draws shared between both. It has two parts: what a spot would do if it alone were
changed, and what changing the others adds. The field is a sum over sources: a painted spot adds
its terms to those as observed. Where a source is taken away its receivers are summed anew: next to it, a difference of
sums would lose all digits.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_concert.model.attributes import Codes, encode, field_pairs
from napari_concert.model.data import UNKNOWN, SpotArrays
from napari_concert.model.neighbours import Neighbours
from napari_concert.model.network import ConcertNetwork

UNREACHED = 0.01  # change of the field below which a spot counts as unchanged


class Swapped(NamedTuple):
    """Spots that a what-if may change: their rows (n,), ascending, and their features (n, Qa).

    ``alone`` (n, Qa) are the features that a spot would have if nothing but the spot itself were changed.
    """

    rows: NDArray[np.int64]
    features: NDArray[np.float64]
    alone: NDArray[np.float64]


@torch.no_grad()
def attribute_features(network: ConcertNetwork, arrays: SpotArrays) -> NDArray[np.float64]:
    """Return the attribute features (N, Qa) of spots: codes, MLPs and the propagated field."""
    pairs = field_pairs(arrays, network.vocabulary, network.config.reach)
    features: NDArray[np.float64] = network.attributes(encode(arrays, network.vocabulary), pairs).numpy()
    return features


class Counterfactual:
    """Spots as observed, and what they would be under any what-if.

    Parameters
    ----------
    network, arrays
        Trained model, and the spots (N).

    Attributes
    ----------
    features
        Attribute features (N, Qa) as observed.
    """

    features: NDArray[np.float64]

    @torch.no_grad()
    def __init__(self, network: ConcertNetwork, arrays: SpotArrays) -> None:
        self.network, self.arrays = network, arrays
        self.codes = encode(arrays, network.vocabulary)
        self.near = Neighbours(arrays.coords, arrays.place, network.config.reach)
        field = network.attributes.field
        self.sums = field.sums(self.near.around(_sources(self.codes)), self.codes.propagating, self.codes.tissue)
        self.felt = self._felt(self.sums, self.codes)
        self.features = network.attributes.assemble(self.codes, self.felt).numpy()

    @torch.no_grad()
    def swapped(self, intervened: SpotArrays) -> Swapped:
        """Return what spots are with other attributes; those that feel less than 1 % of it stay as observed."""
        codes = encode(intervened, self.network.vocabulary)
        relabelled = (codes.own != self.codes.own) | (codes.propagating != self.codes.propagating)
        retissued = codes.tissue != self.codes.tissue
        sums, receivers = self._sums(codes, relabelled, retissued)
        renumbered = torch.from_numpy((intervened.continuous != self.arrays.continuous).any(axis=1))
        changed = relabelled | retissued | renumbered
        rows = torch.unique(torch.cat([receivers, changed.nonzero()[:, 0]]))
        alone = self.features[rows.numpy()]
        itself, own_rows = changed[rows], changed.nonzero()[:, 0]
        alone[itself.numpy()] = self._assembled(own_rows, self._alone(codes, own_rows, retissued), codes)
        return Swapped(rows.numpy(), self._assembled(rows, sums[rows], codes), alone)

    def _assembled(self, rows: Tensor, sums: Tensor, codes: Codes) -> NDArray[np.float64]:
        """Return the features (n, Qa) of some rows with sums (n, states); what hardly moves the field does not."""
        codes = Codes(*(code[rows] for code in codes))
        felt, before = self._felt(sums, codes), self.felt[rows]
        felt = torch.where((felt - before).abs() < UNREACHED, before, felt)
        features: NDArray[np.float64] = self.network.attributes.assemble(codes, felt).numpy()
        return features

    def _alone(self, codes: Codes, rows: Tensor, retissued: Tensor) -> Tensor:
        """Return the sums (n, states) of some rows as they would be if only the spot itself had other codes.

        The sources around it are those as observed. In another tissue it hears them otherwise; it then stands as a
        spot of its own behind all others, which keep their tissue.
        """
        sums, moved = self.sums.clone(), retissued.nonzero()[:, 0]
        if len(moved):
            pairs = self.near.onto(moved.numpy(), _sources(self.codes))
            behind = len(retissued) + torch.searchsorted(moved, pairs.receiver)
            state = torch.cat([self.codes.propagating, codes.propagating[moved]])
            tissue = torch.cat([self.codes.tissue, codes.tissue[moved]])
            field = self.network.attributes.field
            sums[moved] = field.sums(pairs._replace(receiver=behind), state, tissue)[len(retissued) :]
        return sums[rows]

    def _sums(self, codes: Codes, relabelled: Tensor, retissued: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums (N, states) under other codes, and the rows of the spots whose sums may differ."""
        field, changed = self.network.attributes.field, relabelled | retissued
        added = self.near.around((changed & (codes.propagating != UNKNOWN)).nonzero()[:, 0].numpy())
        sums = self.sums + field.sums(added, codes.propagating, codes.tissue)
        removed = self.near.around((changed & (self.codes.propagating != UNKNOWN)).nonzero()[:, 0].numpy())
        anew = torch.unique(torch.cat([removed.receiver, retissued.nonzero()[:, 0]]))
        if len(anew):
            pairs = self.near.onto(anew.numpy(), _sources(codes))
            sums[anew] = field.sums(pairs, codes.propagating, codes.tissue)[anew]
        return sums, torch.cat([added.receiver, anew])

    def _felt(self, sums: Tensor, codes: Codes) -> Tensor:
        """Return the field (n, states) as it counts in spots of the given codes."""
        attributes = self.network.attributes
        return attributes.field.joined(sums, codes.propagating) - attributes.own(codes) @ attributes.usual


def _sources(codes: Codes) -> NDArray[np.int64]:
    """Return the rows of the spots that propagate a field."""
    rows: NDArray[np.int64] = (codes.propagating != UNKNOWN).nonzero()[:, 0].numpy()
    return rows
