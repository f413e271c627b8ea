"""From attributes to the decoder's features: embeddings, MLPs and the propagated field.

Every row of the decoder's weights is the embedding, in gene space, of one thing that can be swapped: a tissue, a batch,
a state's own effect, a state's spill-over. The features say how much of each a spot has, in the order ::

    intercept | tissue | batch | continuous (MLPs) | own state | field u | u in some tissues

A low-dimensional embedding followed by a linear decoder is the same model with a rank constraint; with a handful of
states the constraint buys nothing and would hide which gene follows which state.

Of a spot in state ``p`` itself the field counts as it differs from what is usual in that state, ``u - ū_p``: what all
spots of a state have in common belongs to its own effect.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_concert.model.data import UNKNOWN, SpotArrays, Vocabulary
from napari_concert.model.field import PropagatedField
from napari_concert.model.neighbours import Pairs, pairs_within


class Blocks(NamedTuple):
    """Number of features of each kind, in their order."""

    intercept: int
    tissue: int
    batch: int
    continuous: int
    own: int
    field: int
    niche: int

    def slice_of(self, name: str) -> slice:
        """Return the columns of block ``name``."""
        position = self._fields.index(name)
        start = sum(self[:position])
        return slice(start, start + self[position])


class Codes(NamedTuple):
    """Attributes of all spots as tensors (N,), with ``continuous`` (N, C)."""

    own: Tensor
    propagating: Tensor
    tissue: Tensor
    batch: Tensor
    continuous: Tensor


def encode(arrays: SpotArrays, vocabulary: Vocabulary) -> Codes:
    """Return the attributes as codes into the model's embeddings."""
    return Codes(
        own=_through(vocabulary.own_of_state, arrays.state),
        propagating=_through(vocabulary.propagating_of_state, arrays.state),
        tissue=torch.as_tensor(arrays.tissue),
        batch=torch.as_tensor(arrays.batch),
        continuous=torch.as_tensor(arrays.continuous),
    )


def _through(table: NDArray[np.int64], codes: NDArray[np.int64]) -> Tensor:
    """Return ``table[codes]``; unknown codes stay unknown."""
    return torch.from_numpy(np.append(table, UNKNOWN)[codes])  # UNKNOWN, -1, picks the appended entry


def field_pairs(arrays: SpotArrays, vocabulary: Vocabulary, reach: float) -> Pairs:
    """Return the pairs over which the states of ``arrays`` propagate."""
    codes = encode(arrays, vocabulary).propagating.numpy()
    return pairs_within(arrays.coords, arrays.place, (codes != UNKNOWN).nonzero()[0], reach)


class ContinuousFeatures(nn.Module):
    """Small MLP of one standardised attribute: the attribute itself, and smooth bends of it."""

    def __init__(self, n_features: int, hidden: int = 16) -> None:
        super().__init__()
        self.bend = nn.Sequential(nn.Linear(1, hidden), nn.Tanh(), nn.Linear(hidden, n_features - 1), nn.Tanh())

    def forward(self, value: Tensor) -> Tensor:
        """Return features (N, n_features) of values (N,)."""
        column = value[:, None]
        return torch.cat([column, self.bend(column)], dim=1)


class Attributes(nn.Module):
    """The perturbation module: turns attributes and positions into features.

    Attributes
    ----------
    field
        The propagated field of every propagating state.
    usual
        Mean field of each propagating state over the spots of each state with an own effect, (own, states).
    """

    usual: Tensor

    def __init__(self, vocabulary: Vocabulary, reach: float, continuous_features: int) -> None:
        super().__init__()
        self.n_tissues, self.n_batches = len(vocabulary.tissues), len(vocabulary.batches)
        self.n_own, n_states = len(vocabulary.own), len(vocabulary.propagating)
        self.field = PropagatedField(n_states, self.n_tissues, vocabulary.dimensions, reach)
        self.continuous = nn.ModuleList(ContinuousFeatures(continuous_features) for _ in vocabulary.continuous)
        self.niches = vocabulary.niche_codes
        self.own_of = torch.tensor([vocabulary.own.index(state) for state in vocabulary.propagating], dtype=torch.int64)
        self.register_buffer("usual", torch.zeros(self.n_own, n_states))
        self.blocks = Blocks(
            intercept=1,
            tissue=self.n_tissues,
            batch=self.n_batches if self.n_batches > 1 else 0,
            continuous=continuous_features * len(vocabulary.continuous),
            own=self.n_own,
            field=n_states,
            niche=len(self.niches),
        )

    @property
    def own_row(self) -> dict[int, int]:
        """Row of the own effect that belongs to each row of a spill-over."""
        own, field = self.blocks.slice_of("own").start, self.blocks.slice_of("field").start
        return {field + p: own + int(q) for p, q in enumerate(self.own_of)}

    @property
    def swapped(self) -> slice:
        """Rows of own effects and spill-overs."""
        return slice(self.blocks.slice_of("own").start, self.blocks.slice_of("field").stop)

    def own(self, codes: Codes) -> Tensor:
        """Return indicators (N, own) of the states with an own effect."""
        return _one_hot(codes.own, self.n_own, self.usual.dtype)

    def learn_usual(self, codes: Codes, pairs: Pairs) -> None:
        """Take the mean field over the spots of each state, as it is now."""
        own, field = self.own(codes), self.field(pairs, codes.propagating, codes.tissue)
        self.usual = (own.mT @ field) / own.sum(0)[:, None].clamp(min=1.0)

    def felt(self, codes: Codes, pairs: Pairs) -> Tensor:
        """Return the field (N, states) as it counts: in the spots of a state, what differs from the usual there."""
        field: Tensor = self.field(pairs, codes.propagating, codes.tissue)
        return field - self.own(codes) @ self.usual

    def forward(self, codes: Codes, pairs: Pairs) -> Tensor:
        """Return the features (N, Q)."""
        return self.assemble(codes, self.felt(codes, pairs))

    def assemble(self, codes: Codes, felt: Tensor) -> Tensor:
        """Return the features (N, Q) of spots that feel a field (N, states)."""
        dtype = self.usual.dtype
        parts = [torch.ones(len(codes.own), 1, dtype=dtype, device=codes.own.device)]
        parts.append(_one_hot(codes.tissue, self.n_tissues, dtype))
        if self.blocks.batch:
            parts.append(_one_hot(codes.batch, self.n_batches, dtype))
        parts.extend([self.bent(codes), self.own(codes), felt])
        parts.extend(felt[:, [p]] * (codes.tissue == t)[:, None] for p, t in self.niches)
        return torch.cat(parts, dim=1)

    def bent(self, codes: Codes) -> Tensor:
        """Return the features (N, continuous) of the continuous attributes."""
        values = codes.continuous.to(self.usual.dtype)
        parts = [mlp(values[:, c]) for c, mlp in enumerate(self.continuous)]
        return torch.cat(parts, dim=1) if parts else values.new_zeros(len(values), 0)

    def by_field(self, codes: Codes) -> Tensor:
        """Return ``∂ features / ∂ felt`` (N, states + niches, states)."""
        n_states = self.blocks.field
        eye = torch.eye(n_states, dtype=self.usual.dtype, device=codes.own.device)
        parts = [eye.expand(len(codes.own), n_states, n_states)]
        parts.extend(((codes.tissue == t)[:, None] * eye[p])[:, None] for p, t in self.niches)
        return torch.cat(parts, dim=1)


def _one_hot(codes: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """Return indicator columns (N, size); an unknown code (-1) has none set."""
    return nn.functional.one_hot(codes + 1, size + 1)[:, 1:].to(dtype)
