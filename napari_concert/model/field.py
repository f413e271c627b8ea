"""The propagated perturbation field: how strongly each spot feels each perturbation around it.

For a spot ``i`` and a propagating state ``p``, over the spots ``j`` in that state and in the same place::

    k_p(i, j) = (1 + (Δᵀ exp(A_p) Δ)^γ_p / α_p)^-α_p · m(|Δ| / c_p[tissue_i]) · κ_p^1[tissue_i ≠ tissue_j]
    u_ip      = (Σ_j k_p(i, j)^ρ_p)^(1/ρ_p)                            0 for spots that are in state p themselves

``A_p`` gives range and direction; ``α_p`` and ``γ_p`` the form: Cauchy at 1 and 1, exponential at ∞ and ½, Gaussian at
∞ and 1, nearly a step for large ``γ_p``; it is 1 at a distance of one pitch, so that weights are effects there. ``c``
is the cut-off of the receiving spot (learned per tissue, so that a spot never seen has one), ``κ_p`` is what passes a
tissue border, and ``ρ_p`` runs from the sum of all sources (1) to the nearest alone (∞). The sum inside is additive
over sources, so painting a spot adds its term and nothing else. Distances are in spot pitches.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from napari_concert.model.kernels import mask, metric, quadratic, rational_quadratic
from napari_concert.model.neighbours import Pairs

Normal = tuple[float, float]
"""Mean and standard deviation."""

RANGE: Normal = (math.log(2.0), 1.0)  # pitches
SHEAR: Normal = (0.0, 0.4)
ALPHA: Normal = (0.0, 1.0)
BEND: Normal = (0.0, 0.4)
BORDER: Normal = (3.0, 1.5)
POWER: Normal = (math.log(2.0), 1.0)
CUT: Normal = (1.0, 1.0)


class PropagatedField(nn.Module):
    """Learnable field of each propagating state.

    Parameters
    ----------
    n_states, n_tissues, dimensions
        Propagating states, tissues, and 2 or 3.
    reach
        Largest cut-off, in pitches.

    Attributes
    ----------
    shape
        What is learned (states, K), one column for each of: log range; the traceless part of the log metric in an
        orthonormal basis; log α; log γ; logit of the share that passes a border; log(ρ - 1); logit of cut-off / reach
        for every tissue, and for spots of unknown tissue.
    shape_covariance
        Posterior covariance of each state's shape (states, K, K), by Laplace's approximation.
    prior_mean, prior_sd
        Of the columns (K,). The prior is weak, so that data of any size move it: range around 2 pitches (a factor e
        either way), little anisotropy, Cauchy shape, hardly any loss at borders.
    """

    shape: Tensor
    shape_covariance: Tensor
    prior_mean: Tensor
    prior_sd: Tensor
    shear_basis: Tensor

    def __init__(self, n_states: int, n_tissues: int, dimensions: int, reach: float) -> None:
        super().__init__()
        self.reach = reach
        basis = shear_basis(dimensions)
        self.register_buffer("shear_basis", basis, persistent=False)
        priors = [
            RANGE,
            *[SHEAR] * len(basis),
            ALPHA,
            BEND,
            BORDER,
            POWER,
            *[CUT] * (n_tissues + 1),
        ]
        mean, sd = torch.tensor(priors, dtype=torch.float64).T
        self.register_buffer("prior_mean", mean.clone(), persistent=False)
        self.register_buffer("prior_sd", sd.clone(), persistent=False)
        self.register_buffer("shape", mean.repeat(n_states, 1))
        self.register_buffer("shape_covariance", torch.diag(sd.square()).repeat(n_states, 1, 1))
        self.after_shear = 1 + len(basis)

    @property
    def log_metric(self) -> Tensor:
        """Log metric ``A`` (states, d, d): ``-2·log range`` on the diagonal, plus the traceless part."""
        eye = torch.eye(self.shear_basis.shape[-1], dtype=self.shape.dtype, device=self.shape.device)
        shear = torch.einsum("pk,kab->pab", self.shape[:, 1 : self.after_shear], self.shear_basis)
        return shear - 2 * self.shape[:, :1, None] * eye

    @property
    def alpha(self) -> Tensor:
        """Weight of the kernel's tail (states,): 1 is Cauchy's, large values fall off exponentially."""
        return self.shape[:, self.after_shear].exp()

    @property
    def bend(self) -> Tensor:
        """Exponent γ of the squared scaled distance (states,)."""
        return self.shape[:, self.after_shear + 1].exp()

    @property
    def passes_border(self) -> Tensor:
        """Share (states,) of the field that crosses a tissue border."""
        return torch.sigmoid(self.shape[:, self.after_shear + 2])

    @property
    def power(self) -> Tensor:
        """Exponent ρ (states,) that joins the sources: 1 is their sum, large the nearest alone."""
        return 1 + self.shape[:, self.after_shear + 3].exp()

    @property
    def cut_offs(self) -> Tensor:
        """Cut-offs (states, tissues + 1) in pitches; the last column serves spots of unknown tissue."""
        return self.reach * torch.sigmoid(self.shape[:, self.after_shear + 4 :])

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
        squared = quadratic(pairs.offset, metric(self.log_metric), source_state)
        near = rational_quadratic(squared ** self.bend[source_state], self.alpha[source_state])
        near = near / rational_quadratic((-2 * self.bend * self.shape[:, 0]).exp(), self.alpha)[source_state]
        cut = self.cut_offs[source_state, receiver_tissue]  # -1 picks the column of unknown tissue
        crosses = (receiver_tissue != source_tissue) & (receiver_tissue >= 0) & (source_tissue >= 0)
        border = torch.where(crosses, self.passes_border[source_state], 1.0)
        return near * mask(pairs.offset.norm(dim=1) / cut) * border

    def forward(self, pairs: Pairs, state: Tensor, tissue: Tensor) -> Tensor:
        """Return the field ``u`` (N, states).

        Parameters
        ----------
        state, tissue
            Propagating state and tissue (N,) of every spot, -1 where none.
        """
        return self.joined(self.sums(pairs, state, tissue), state)

    def sums(self, pairs: Pairs, state: Tensor, tissue: Tensor) -> Tensor:
        """Return ``Σ_j k(i, j)^ρ`` (N, states), additive over pairs."""
        source_state = state[pairs.source]
        n_spots, n_states = len(state), len(self.shape)
        terms = self.weights(pairs, source_state, tissue) ** self.power[source_state]
        flat = torch.zeros(n_spots * n_states, dtype=terms.dtype, device=terms.device)
        return flat.index_add(0, pairs.receiver * n_states + source_state, terms).view(n_spots, n_states)

    def joined(self, sums: Tensor, state: Tensor) -> Tensor:
        """Return the field (n, states) of spots in propagating ``state`` (n,) with sums (n, states)."""
        own = torch.nn.functional.one_hot(state + 1, len(self.shape) + 1)[:, 1:].to(sums.dtype)
        return sums ** (1 / self.power) * (1 - own)

    def penalty(self) -> Tensor:
        """Return the negative log prior density, up to a constant."""
        return 0.5 * ((self.shape - self.prior_mean) / self.prior_sd).square().sum()


def shear_basis(dimensions: int) -> Tensor:
    """Return an orthonormal basis (K, d, d) of the symmetric matrices without trace: no direction is special."""
    pieces = []
    for a in range(dimensions):
        for b in range(a + 1, dimensions):
            off = torch.zeros(dimensions, dimensions, dtype=torch.float64)
            off[a, b] = off[b, a] = 0.5**0.5
            pieces.append(off)
    for a in range(1, dimensions):
        level = torch.tensor([1.0] * a + [-float(a)] + [0.0] * (dimensions - a - 1), dtype=torch.float64)
        pieces.append(torch.diag(level / level.norm()))
    return torch.stack(pieces) if pieces else torch.zeros(0, dimensions, dimensions, dtype=torch.float64)
