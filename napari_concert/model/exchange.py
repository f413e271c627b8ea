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

Around a single large patch of a state neither its field, which has a hole there, nor the state alone is smooth. Both
together are: a factor's hill is taken for an own effect with a spill-over. So both give at once, along
``1[state] + κ u`` with the κ that factors follow best. That is for states in a single patch that the spots around tell
from its place (what others differ in is theirs, see :mod:`.claim`), and once, when the factors are new: what they do to
genes may later follow the effects, which would then go to them altogether.
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
MOST_SHARE = 1.5  # of the own effect that a spill-over gives with it, at one pitch
ANCHOR = 30.0  # pseudo-genes at 0 for what all genes share: a handful of genes does not move it


class Directions(NamedTuple):
    """What an effect may lose: directions over genes (D, G), with quadratic and linear costs (D,) of their amounts.

    Of two effects at once, genes are those of the one, then those of the other (D, 2 G).
    """

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
    told
        Which states with an own effect (P,) give it together with their spill-over.
    """

    encoder: Encoder
    latents: Latents
    precision: Tensor
    told: Tensor

    @property
    def loadings(self) -> Tensor:
        """What factors do to genes (K, G)."""
        return self.encoder.network.latent_weights[: self.encoder.n_spatial]

    def directions(self, row: int) -> tuple[Directions, Tensor]:
        """Return the directions of an attribute's feature, and its followers ``β`` (M, K)."""
        basis, feature = self.encoder.basis, self._feature(row)
        follower = self._follower(feature)
        missed = (self.precision * (feature - basis.mT @ follower).square()).sum(0)
        quadratic = 1 + follower.square().sum(0) + missed
        return Directions(self.loadings, quadratic, (self.latents.whitened * follower).sum(0)), follower

    def directions_together(self, own: int, spill: int) -> tuple[Directions, Tensor]:
        """Return the directions of an own effect and its spill-over at once, and the followers ``β`` (M, K)."""
        features = self._feature(own), self._feature(spill)
        followers = [self._follower(each) for each in features]
        onto, ring = (self._cost(each, features[1], followers[1]) for each in features)
        weight = self.loadings.square().mean(1)
        share = -(onto @ weight) / (ring @ weight).clamp(min=1e-12)  # κ
        share = share.clamp(0, MOST_SHARE)
        follower = followers[0] + share * followers[1]
        quadratic = 1 + self._cost(features[0], features[0], followers[0]) + 2 * share * onto + share.square() * ring
        loadings = torch.cat([self.loadings, share * self.loadings], dim=1)
        return Directions(loadings, quadratic, (self.latents.whitened * follower).sum(0)), follower

    def _feature(self, row: int) -> Tensor:
        return self.encoder.features[:, row, None].expand_as(self.precision)

    def _follower(self, feature: Tensor) -> Tensor:
        return svgp.posterior(self.encoder.basis, feature, self.precision, self.encoder.spots.parts).mean.mT

    def _cost(self, one: Tensor, other: Tensor, follower: Tensor) -> Tensor:
        """Return ``Σ_i J_il x_i (y_i - V_iᵀβ_l)`` (K,); of a feature with itself, ``‖β_l‖²`` and what is missed."""
        return (self.precision * one * (other - self.encoder.basis.mT @ follower)).sum(0)

    def take(self, amount: Tensor, follower: Tensor) -> None:
        """Add ``amount`` (K,) of a feature's followers (M, K) to the factors."""
        self.latents = self.encoder.at(self.latents, self.latents.whitened + amount * follower)


def common(error: Tensor) -> Directions:
    """Return the direction of what all genes share."""
    cost = ANCHOR * error.square().reciprocal().median()
    return Directions(torch.ones_like(error)[None], cost[None], torch.zeros_like(cost)[None])


def common_of_each(errors: Tensor) -> Directions:
    """Return the directions of what all genes share of each of several effects with standard errors (E, G)."""
    each = [common(error) for error in errors]
    loadings = torch.eye(len(errors), dtype=errors.dtype, device=errors.device).repeat_interleave(errors.shape[1], 1)
    return Directions(loadings, *(torch.cat(parts) for parts in zip(*(one[1:] for one in each), strict=True)))


def joined(first: Directions, second: Directions) -> Directions:
    """Return the directions of both."""
    return Directions(*(torch.cat(parts) for parts in zip(first, second, strict=True)))


def exchanged(estimate: Tensor, error: Tensor, directions: Directions) -> Tensor:
    """Return how much (D,) effects lose in each direction.

    Parameters
    ----------
    estimate, error
        ``ê`` and ``s``, (G,) of one effect or (E, G) of several.
    directions
        First what all genes share of each effect.
    """
    loadings, quadratic, linear = directions
    estimates, errors = (part.reshape(-1, part.shape[-1]) for part in (estimate, error))
    amount = torch.zeros_like(quadratic)
    # many standard errors away, a start at 0 takes all genes for responding
    amount[: len(estimates)] = estimates.median(dim=1).values
    for _ in range(ROUNDS):
        left = estimates - (amount @ loadings).view_as(estimates)
        certain = torch.cat([_certain(each, s) for each, s in zip(left, errors, strict=True)])
        system = (loadings * certain) @ loadings.mT + torch.diag(quadratic)
        amount = torch.linalg.solve(system, loadings @ (certain * estimates.flatten()) - linear)
    return amount


def _certain(left: Tensor, error: Tensor) -> Tensor:
    """Return the precision (G,) of every gene's estimate about what its effect may be."""
    components = around_zero(left.device)
    return precisions(left, error, components, mixture_weights(left, error, components, rounds=5))
