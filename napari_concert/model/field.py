"""The propagated perturbation field: how strongly each spot feels each perturbation around it.

For a spot ``i`` and a propagating state ``p``, over the spots ``j`` in that state and in the same place::

    k_p(i, j) = (1 + Δᵀ exp(A_p) Δ / α_p)^-α_p · wendland(|Δ| / c_p[tissue_i]) · κ_p^1[tissue_i ≠ tissue_j]
    u_ip      = (Σ_j k_p(i, j)^ρ_p)^(1/ρ_p)                            0 for spots that are in state p themselves

``A_p`` gives range and direction, ``c`` is the cut-off of the receiving spot (learned per tissue, so that a spot never
seen has one), ``κ_p`` is what passes a tissue border, and ``ρ_p`` runs from the sum of all sources (1) to the nearest
alone (∞). The sum inside is additive over sources, so painting a spot adds its term and nothing else. Distances are in
spot pitches.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor, nn

from napari_concert.model.kernels import metric, rational_quadratic, wendland

INITIAL_RANGE = 2.0
INITIAL_POWER = 3.0
_TINY = 1e-6


class Pairs(NamedTuple):
    """Receiving spot, source spot and offset (d,) of every pair within reach; arrays of length E."""

    receiver: Tensor
    source: Tensor
    offset: Tensor


def pairs_within(
    coords: NDArray[np.float64], place: NDArray[np.int64], sources: NDArray[np.int64], reach: float
) -> Pairs:
    """Return all pairs (spot, source) of one place that are nearer than ``reach``, a spot with itself left out.

    Parameters
    ----------
    coords, place
        Positions (N, d) in pitches, and places (N,).
    sources
        Rows of the spots that propagate.
    reach
        Largest distance in pitches.
    """
    if len(sources) == 0:
        none = torch.zeros(0, dtype=torch.int64)
        return Pairs(none, none, torch.zeros(0, coords.shape[1], dtype=torch.float64))
    apart = np.column_stack([coords, place * (4.0 * reach + 1.0)])  # places are out of reach of each other
    near = cKDTree(apart).sparse_distance_matrix(cKDTree(apart[sources]), reach, output_type="ndarray")
    receiver, source = near["i"].astype(np.int64), sources[near["j"]]
    order = np.lexsort((source, receiver))
    receiver, source = receiver[order], source[order]
    other = receiver != source
    receiver, source = receiver[other], source[other]
    offset = coords[receiver] - coords[source]
    return Pairs(torch.from_numpy(receiver), torch.from_numpy(source), torch.from_numpy(offset))


class PropagatedField(nn.Module):
    """Learnable field of each propagating state.

    Parameters
    ----------
    n_states, n_tissues, dimensions
        Propagating states, tissues, and 2 or 3.
    reach
        Largest cut-off, in pitches.
    """

    def __init__(self, n_states: int, n_tissues: int, dimensions: int, reach: float) -> None:
        super().__init__()
        self.reach = reach
        start = -2 * float(np.log(INITIAL_RANGE)) * torch.eye(dimensions)
        self.log_metric = nn.Parameter(start.repeat(n_states, 1, 1))
        self.log_alpha = nn.Parameter(torch.zeros(n_states))
        self.cut_logit = nn.Parameter(torch.ones(n_states, n_tissues + 1))  # last: unknown tissue
        self.border_logit = nn.Parameter(torch.full((n_states,), 3.0))
        self.log_power = nn.Parameter(torch.full((n_states,), float(np.log(INITIAL_POWER - 1))))

    @property
    def cut_offs(self) -> Tensor:
        """Cut-offs (states, tissues + 1) in pitches; the last column serves spots of unknown tissue."""
        return self.reach * torch.sigmoid(self.cut_logit)

    @property
    def passes_border(self) -> Tensor:
        """Share (states,) of the field that crosses a tissue border."""
        return torch.sigmoid(self.border_logit)

    @property
    def power(self) -> Tensor:
        """Exponent ρ (states,) that joins the sources: 1 is their sum, large the nearest alone."""
        return 1 + self.log_power.exp()

    def weights(self, pairs: Pairs, source_state: Tensor, tissue: Tensor) -> Tensor:
        """Return the kernel weight (E,) of every pair.

        Parameters
        ----------
        source_state
            Propagating state (E,) of each pair's source.
        tissue
            Tissue codes (N,) of all spots.
        """
        receiver_tissue, source_tissue = tissue[pairs.receiver], tissue[pairs.source]
        offset = pairs.offset.to(self.log_metric.dtype)
        squared = torch.einsum("ea,eab,eb->e", offset, metric(self.log_metric)[source_state], offset)
        near = rational_quadratic(squared, self.log_alpha.exp()[source_state])
        cut = self.cut_offs[source_state, receiver_tissue]  # -1 picks the column of unknown tissue
        crosses = (receiver_tissue != source_tissue) & (receiver_tissue >= 0) & (source_tissue >= 0)
        border = torch.where(crosses, self.passes_border[source_state], 1.0)
        return near * wendland(offset.norm(dim=1) / cut) * border

    def forward(self, pairs: Pairs, state: Tensor, tissue: Tensor) -> Tensor:
        """Return the field ``u`` (N, states).

        Parameters
        ----------
        state, tissue
            Propagating state and tissue (N,) of every spot, -1 where none.
        """
        source_state = state[pairs.source]
        n_spots, n_states = len(state), len(self.log_alpha)
        power, floor = self.power, _TINY**self.power  # keeps gradients finite at 0
        terms = (self.weights(pairs, source_state, tissue) + _TINY) ** power[source_state] - floor[source_state]
        flat = torch.zeros(n_spots * n_states, dtype=terms.dtype, device=terms.device)
        summed = flat.index_add(0, pairs.receiver * n_states + source_state, terms).view(n_spots, n_states)
        field = ((summed + floor) ** (1 / power) - floor ** (1 / power)).clamp(min=0)  # rounding may fall below
        own = torch.nn.functional.one_hot(state + 1, n_states + 1)[:, 1:].to(field.dtype)
        return field * (1 - own)

    def penalty(self) -> Tensor:
        """Return the negative log prior density (up to a constant): weak, so that data of any size move it.

        Range around 2 pitches (a factor e either way), little anisotropy, Cauchy shape, no loss at borders.
        """
        size = self.log_metric.shape[-1]
        trace = self.log_metric.diagonal(dim1=-2, dim2=-1).mean(-1)
        shear = self.log_metric - trace[:, None, None] * torch.eye(size, device=trace.device, dtype=trace.dtype)
        terms = (
            ((trace + 2 * float(np.log(INITIAL_RANGE))) / 2).square().sum(),
            (shear / 0.4).square().sum(),
            self.log_alpha.square().sum(),
            (self.cut_logit - 1).square().sum(),
            ((self.border_logit - 3) / 1.5).square().sum(),
            (self.log_power - float(np.log(INITIAL_POWER - 1))).square().sum() * 4,
        )
        return 0.5 * torch.stack(terms).sum()
