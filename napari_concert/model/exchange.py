"""What an effect may exchange with the rest of the model, because the counts hardly tell them apart.

What all genes share of an effect can be the size of the spots, which divides by totals that the effect itself changes.
And the field around a nodule is smooth, as the spatial factors are: where factors can follow it, ``u ≈ Vᵀβ``, counts
are explained alike by ::

    f_l, w_u          and          f_l + c_l u, w_u - Σ_l c_l w_l

Coordinate ascent hardly moves along such a valley: weights wait for latents, and latents for weights. So the step along
it is taken at once. Priors decide: that of effects is sparse (most genes don't respond), that of factors is the
Gaussian process::

    max_c  Σ_g log Σ_k π_k N(ê_g - c_0 - Σ_l c_l w_lg | 0, σ_k² + s_g²) - ½ q_0 c_0²
           - ½ Σ_l (c_l² + ‖m_l + c_l β_l‖² + c_l² Σ_i J_il (u_i - V_iᵀβ_l)²)

with ``ê, s`` the effect's estimates, ``m`` the factors' whitened mean, ``J`` what the counts say of them, and ``β_l``,
which follows ``u`` best: its posterior mean under ``J``. ``q_0`` is worth 30 genes at 0. The maximum is found by
expectation–maximisation, a weighted regression in each round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from napari_concert.model import svgp
from napari_concert.model.encoder import Encoder, Latents
from napari_concert.model.shrinkage import around_zero, mixture_weights, precisions

ROUNDS = 20
ANCHOR = 30.0  # pseudo-genes at 0 for what all genes share: a handful of genes does not move it


class Directions(NamedTuple):
    """What an effect may lose: directions over genes (D, G), with quadratic and linear costs (D,) of their amounts."""

    loadings: Tensor
    quadratic: Tensor
    linear: Tensor


@dataclass
class Smooth:
    """Spatial factors as they are, and what may be exchanged with them.

    Attributes
    ----------
    encoder
        Its basis ``V`` and the attribute features.
    latents
        Latent cell state; replaced as it moves.
    precision
        What the counts say of each spatial factor at every spot, ``J`` (N, K).
    """

    encoder: Encoder
    latents: Latents
    precision: Tensor

    def directions(self, row: int) -> tuple[Directions, Tensor]:
        """Return the directions of an attribute's feature, and its followers ``β`` (M, K)."""
        basis, feature = self.encoder.basis, self.encoder.features[:, row, None].expand_as(self.precision)
        follower = svgp.posterior(basis, feature, self.precision).mean.mT
        missed = (self.precision * (feature - basis.mT @ follower).square()).sum(0)
        loadings = self.encoder.network.latent_weights[: self.encoder.n_spatial]
        quadratic = 1 + follower.square().sum(0) + missed
        return Directions(loadings, quadratic, (self.latents.whitened * follower).sum(0)), follower

    def take(self, amount: Tensor, follower: Tensor) -> None:
        """Add ``amount`` (K,) of a feature's followers (M, K) to the factors."""
        self.latents = self.encoder.at(self.latents, self.latents.whitened + amount * follower)


def common(error: Tensor) -> Directions:
    """Return the direction of what all genes share."""
    cost = ANCHOR * error.square().reciprocal().median()
    return Directions(torch.ones_like(error)[None], cost[None], torch.zeros_like(cost)[None])


def joined(first: Directions, second: Directions) -> Directions:
    """Return the directions of both."""
    return Directions(*(torch.cat(parts) for parts in zip(first, second, strict=True)))


def exchanged(estimate: Tensor, error: Tensor, directions: Directions) -> Tensor:
    """Return how much (D,) an effect with estimates ``ê`` and standard errors ``s`` (G,) loses in each direction."""
    loadings, quadratic, linear = directions
    components = around_zero(estimate.device)
    amount = torch.zeros_like(quadratic)
    amount[0] = estimate.median()  # many standard errors away, a start at 0 takes all genes for responding
    for _ in range(ROUNDS):
        left = estimate - amount @ loadings
        weights = mixture_weights(left, error, components, rounds=5)
        certain = precisions(left, error, components, weights)
        system = (loadings * certain) @ loadings.mT + torch.diag(quadratic)
        amount = torch.linalg.solve(system, loadings @ (certain * estimate) - linear)
    return amount
