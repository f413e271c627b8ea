"""The encoder: from a spot's expression to its latent cell state, given its attributes and field.

A spot owns no free code. Its latents are read from its counts through the decoder's own weights (a tied encoder), and
joined by the prior: the global Gaussian process for spatial factors, N(0, 1) for intrinsic ones. With score ``r`` and
curvature ``W`` of :mod:`.likelihood` at the current η, one Newton step solves ::

    s_il  = Σ_g w_lg r_ig            J_i,lk = Σ_g w_lg w_kg W_ig             what the counts say of spot i
    f     = Vᵀ μ̃                                                             whitened posterior mean of the factors
    (I + V J Vᵀ) δμ̃ = V s - μ̃        (I + J) δz = s - z                      coupled through J, solved together

by conjugate gradients, preconditioned with each latent's own system. The log joint is concave and no step may lower it,
so the steps end at its only mode. Variances are those of the Gaussian (Laplace) approximation with the diagonal of
``J``. Unseen spots and new slides of the same genes need no training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_concert.model import svgp
from napari_concert.model.claim import FIRM, Claim
from napari_concert.model.config import ModelConfig
from napari_concert.model.data import SpotArrays
from napari_concert.model.likelihood import CountTable, curved, kernel
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.newton import NewtonSystem
from napari_concert.model.steps import Steps, part_of, to_end

MOST_STEPS, MOST_HALVINGS = 40, 12
ROUNDING = 1e-6  # of the log joint: less is no loss
CONVERGED = 1e-6  # largest move of a latent, in prior standard deviations
LONGEST = 3.0  # and the most it may move in one step
SPACE, IN_SPACE, MOST_INDUCING = 3, 2, 512  # dimensions of space; sections' worth of inducing points in it; most of all


@dataclass(frozen=True)
class Spots:
    """The tensors of one set of spots on a device, and the dense counts, chunk by chunk.

    Attributes
    ----------
    coords, place, log_size
        Positions (N, d) in pitches, places (N,), log size factors (N,).
    inducing, observed
        Rows (M,) of the inducing points; 1.0 for spots whose counts are read, 0.0 for hidden ones (N,).
    """

    arrays: SpotArrays
    coords: Tensor
    place: Tensor
    log_size: Tensor
    inducing: Tensor
    observed: Tensor
    chunk: int
    precision: torch.dtype = torch.float64

    @classmethod
    def of(
        cls,
        arrays: SpotArrays,
        config_inducing: int,
        batch_entries: int,
        hidden: NDArray[np.bool_] | None = None,
        device: str = "cpu",
        precision: torch.dtype = torch.float64,
    ) -> Spots:
        """Return the tensors of ``arrays``; ``precision`` is that of spots x genes (sums and solves are double)."""
        chosen = svgp.inducing_points(arrays.coords, arrays.place, inducing_count(arrays, config_inducing))
        observed = np.ones(len(arrays)) if hidden is None else 1.0 - hidden
        return cls(
            arrays,
            torch.from_numpy(arrays.coords).to(device),
            torch.from_numpy(arrays.place).to(device),
            torch.from_numpy(np.log(arrays.size)).to(device, precision),
            torch.from_numpy(chosen).to(device),
            torch.from_numpy(observed).to(device),
            max(64, batch_entries // max(1, arrays.counts.shape[1])),
            precision,
        )

    def __len__(self) -> int:
        return len(self.arrays)

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return self.coords.device

    @cached_property
    def shown(self) -> CountTable:
        """How often each count occurs among the observed spots, as they are when this is first asked for."""
        return CountTable.of(self.arrays.counts[self.observed.cpu().numpy() > 0], self.device)

    @cached_property
    def parts(self) -> svgp.Parts:
        """Which inducing points and spots belong together."""
        return svgp.parts(self.place[self.inducing], self.place)

    def chunks(self) -> Iterator[tuple[slice, Tensor]]:
        """Yield rows and their dense counts (n, G)."""
        for start in range(0, len(self), self.chunk):
            rows = slice(start, start + self.chunk)
            dense = self.arrays.counts[rows].toarray()
            yield rows, torch.from_numpy(dense).to(self.device, self.precision)


def inducing_count(arrays: SpotArrays, largest: int) -> int:
    """Return how many inducing points to use: one for eight spots, at most ``largest`` a place and 512 in all.

    Where sections are in one space, there are twice as many: with no more points than for a single section, factors
    are too smooth, and what they miss is read as an effect with too narrow an interval (docs/model.md).
    """
    n_places = len(np.unique(arrays.place))
    sections = IN_SPACE if arrays.coords.shape[1] == SPACE else 1
    return max(min(len(arrays), 16 * n_places), min(len(arrays) // 8, largest * n_places * sections, MOST_INDUCING))


@dataclass
class Latents:
    """Latent cell state: mean and variance (N, L) of spatial factors, then intrinsic ones.

    ``whitened`` (M, L_s) is the whitened posterior mean of the spatial factors; ``posterior`` adds its precision.
    """

    mean: Tensor
    variance: Tensor
    whitened: Tensor
    posterior: svgp.Posterior | None = None

    def divergence(self, n_spatial: int) -> float:
        """Return the Kullback–Leibler divergence of all latents from their prior (nats); 0 before any was inferred."""
        if self.posterior is None:
            return 0.0
        mean, variance = self.mean[:, n_spatial:], self.variance[:, n_spatial:]
        own = 0.5 * (mean.square() + variance - 1 - variance.log()).sum()
        return float(svgp.kl_divergence(self.posterior) + own)


def prior_latents(spots: Spots, config: ModelConfig) -> Latents:
    """Return latents at their prior mean, without uncertainty."""
    n_latents = config.spatial_factors + config.intrinsic_factors
    zeros = torch.zeros(len(spots), n_latents, dtype=spots.coords.dtype, device=spots.device)
    return Latents(zeros, zeros, zeros.new_zeros(len(spots.inducing), config.spatial_factors))


class Reading(NamedTuple):
    """What the counts say of the latents: score (N, L) and curvature (N, L, L); 0 for hidden spots.

    ``value`` is the log-likelihood of all observed spots, up to a constant of the latents.
    """

    score: Tensor
    information: Tensor
    value: float

    @property
    def precision(self) -> Tensor:
        """Information on each latent alone (N, L)."""
        return self.information.diagonal(dim1=1, dim2=2)

    def scaled(self, scale: Tensor) -> Reading:
        """Return what the counts say of the latents divided by ``scale`` (L,)."""
        return Reading(self.score * scale, self.information * scale[:, None] * scale, self.value)


class Encoder:
    """Reads latents through a network's weights.

    Parameters
    ----------
    network, spots
        Where to read, and with which weights.
    features
        Attribute features (N, Qa) of the *observed* states.
    """

    def __init__(self, network: ConcertNetwork, spots: Spots, features: Tensor) -> None:
        self.network, self.spots, self.features = network, spots, features
        at = spots.inducing
        self.basis = network.basis(spots.coords, spots.place, spots.coords[at], spots.place[at]).detach()
        self.n_spatial = network.config.spatial_factors

    def eta(self, rows: slice, latents: Latents) -> Tensor:
        """Return the linear predictor (n, G) of ``rows``, in the working precision."""
        network, kind = self.network, self.spots.precision
        weights = network.level_weights[: network.n_attributes]
        own = self.features[rows].to(kind) @ weights.to(kind)
        return own + latents.mean[rows].to(kind) @ network.latent_weights.to(kind)

    def read(self, latents: Latents) -> Steps[Reading]:
        """Find what the counts of all observed spots say at the current latents."""
        spots, kind = self.spots, self.spots.precision
        weights, theta = self.network.latent_weights.to(kind), self.network.log_theta.to(kind)
        size = len(weights)
        products = (weights[:, None] * weights[None]).flatten(0, 1)
        score, information = torch.zeros_like(latents.mean), latents.mean.new_zeros(len(spots), size, size)
        value = latents.mean.new_zeros(len(spots))
        for rows, counts in spots.chunks():
            eta = self.eta(rows, latents)
            here = curved(counts, eta, spots.log_size[rows], theta)
            value[rows] = kernel(counts, eta, spots.log_size[rows], theta).sum(1).to(score.dtype)
            score[rows] = (here.score @ weights.mT).to(score.dtype)
            information[rows] = (here.weight @ products.mT).view(-1, size, size).to(score.dtype)
            yield min(1.0, rows.stop / len(spots))
        seen = spots.observed
        return Reading(score * seen[:, None], information * seen[:, None, None], float(value @ seen))

    def step(
        self, latents: Latents, reading: Reading | None = None, claim: Claim | None = None
    ) -> Steps[tuple[Latents, Reading]]:
        """Take one Newton step, and read the counts where it ends; the variance is left as it was.

        A step that would lower the log joint is halved until it does not: counts can be far from what was expected.
        """
        reading, k = reading or (yield from part_of(self.read(latents), 0.0, 0.4)), self.n_spatial
        own, height = latents.mean[:, k:], self._height(latents, reading, claim)
        score = reading.score if claim is None else reading.score - FIRM * claim.means.mT @ claim.excess(latents.mean)
        target = (self.basis @ score[:, :k] - latents.whitened, score[:, k:] - own)
        means = None if claim is None else claim.means
        solving = NewtonSystem(self.basis, reading.information, k, means, self.spots.parts).solve(target)
        whitened, intrinsic = yield from part_of(solving, 0.4, 0.5)
        largest = torch.maximum(_largest(self.basis.mT @ whitened), _largest(intrinsic))
        share = float((LONGEST / largest.clamp(min=1e-12)).clamp(max=1.0))
        for _ in range(MOST_HALVINGS):
            moved = self._at(latents.whitened + share * whitened, own + share * intrinsic, latents.variance)
            there = yield from part_of(self.read(moved), 0.5, 1.0)
            if self._height(moved, there, claim) >= height - ROUNDING * abs(height):
                break
            share /= 2
        return moved, there

    def _height(self, latents: Latents, reading: Reading, claim: Claim | None) -> float:
        """Return the log joint of counts and latents, up to a constant."""
        prior = latents.whitened.square().sum() + latents.mean[:, self.n_spatial :].square().sum()
        if claim is not None:
            prior = prior + FIRM * claim.excess(latents.mean).square().sum()
        return reading.value - 0.5 * float(prior)

    def spread(self, latents: Latents, reading: Reading) -> Steps[Latents]:
        """Give latents the variance and posterior of their Laplace approximation, from their own reading."""
        precision, k = reading.precision, self.n_spatial
        # readings play no part in the precision; the mean is the mode that was found
        post = svgp.posterior(self.basis, torch.zeros_like(precision[:, :k]), precision[:, :k], self.spots.parts)
        yield 0.5
        post = svgp.Posterior(latents.whitened.mT, post.precision_root)
        _, variance = svgp.marginals(post, self.basis, self.spots.parts)
        yield 1.0
        both = torch.cat([variance, 1 / (1 + precision[:, k:])], dim=1)
        return Latents(latents.mean, both, latents.whitened, post)

    def infer(self) -> Latents:
        """Return the posterior of the latent cell state."""
        latents = prior_latents(self.spots, self.network.config)
        reading = to_end(self.read(latents))
        for _ in range(MOST_STEPS):
            moved, reading = to_end(self.step(latents, reading))
            largest = float(_largest(moved.mean - latents.mean))
            latents = moved
            if largest < CONVERGED:
                break
        return to_end(self.spread(latents, reading))

    def here(self, latents: Latents) -> Latents:
        """Return latents whose factors are those of their whitened mean under the kernel as it is now."""
        return self.at(latents, latents.whitened)

    def at(self, latents: Latents, whitened: Tensor) -> Latents:
        """Return latents whose factors have another whitened mean (M, K)."""
        return self._at(whitened, latents.mean[:, self.n_spatial :], latents.variance)

    def _at(self, whitened: Tensor, intrinsic: Tensor, variance: Tensor) -> Latents:
        return Latents(torch.cat([self.basis.mT @ whitened, intrinsic], dim=1), variance, whitened)


def _largest(values: Tensor) -> Tensor:
    return values.abs().amax() if values.numel() else values.new_zeros(())


@torch.no_grad()
def infer_latents(network: ConcertNetwork, arrays: SpotArrays, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the posterior mean (N, L) of the latent cell state of observed spots, in double precision.

    Parameters
    ----------
    network
        Trained, in double precision on the CPU.
    features
        Attribute features (N, Qa) of the observed states.
    """
    spots = Spots.of(arrays, network.config.inducing_points, network.config.batch_entries)
    latents: NDArray[np.float64] = Encoder(network, spots, torch.from_numpy(features)).infer().mean.numpy()
    return latents
