"""In-painting: what a spot would count at a position where there is none.

At a new position ``x`` the model of :mod:`.network` holds, and each of its parts is told by what was measured around::

    η = aᵀ w + f(x)ᵀ w^spatial + zᵀ w^intrinsic
    a       attributes; the field comes from the measured spots; state and tissue are given, or pairs c of them have
            the probabilities p_c of :mod:`.labels`
    f(x)    N(f̄, diag v), the global posterior of the spatial factors (:mod:`.svgp`)
    z       N(0, I): what the spot would have of its own is not known
    w       N(ŵ, Σ_g)

With ``X = (a_c, f, z)`` the log mean of component ``c`` is taken as normal, with ::

    v_lat = Σ_l v_l w_l² + Σ_n w_n²                 v_w = tr(Σ_g E[X Xᵀ])           (given c; exact second moments)
    mean  = a_cᵀ ŵ + f̄ᵀ ŵ - v_w/2                   variance = v_lat + v_w

so that the expected count is ``exp(a_cᵀ ŵ + f̄ᵀ ŵ + v_lat/2)``: latents are integrated out, while ``Σ_g``, which is wide
on purpose, widens the interval and moves no expectation. The mixture over ``c`` is that of :mod:`.mixture`.

New positions are independent of each other, so that their number and order change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from napari_concert.model import mixture, svgp
from napari_concert.model.attributes import encode
from napari_concert.model.conformal import Bands
from napari_concert.model.data import UNKNOWN, SpotArrays
from napari_concert.model.encoder import Encoder, Latents, Spots
from napari_concert.model.labels import Labelled, Where, given, infer_pairs
from napari_concert.model.neighbours import Pairs, pairs_within
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.steps import to_end

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

LEVEL = 0.95  # of the intervals that are written
NEGLIGIBLE = 0.001  # probability of a pair that is left out
EVERY = slice(None)
BATCH_ENTRIES = 200_000  # spots × pairs × genes that are held at a time


class Measured(NamedTuple):
    """Measured spots: their attributes (those of a what-if, if there is one), and what was inferred as observed.

    Attributes
    ----------
    arrays
        The spots (N).
    features, latents
        Attribute features (N, Qa) of the observed states, and mean (N, L) of the latent cell state.
    """

    arrays: SpotArrays
    features: Floats
    latents: Floats


class Factors(NamedTuple):
    """Posterior mean and variance (n, L_s) of the spatial factors."""

    mean: Floats
    variance: Floats


@dataclass(frozen=True, eq=False)
class Imputed:
    """What new spots would count, at the median library size.

    Attributes
    ----------
    labels
        Pairs of state and tissue, and their probabilities.
    expected, sd, lower, upper
        Expected count, and standard deviation and 95 % interval of a count (n, G).
    known
        Share (n,) of the spatial variation, 0 to 1, that the measured spots tell.
    """

    labels: Labelled
    expected: NDArray[np.float32]
    sd: NDArray[np.float32]
    lower: NDArray[np.float32]
    upper: NDArray[np.float32]
    known: Floats


class Parts(NamedTuple):
    """Components of new spots: weights (n, C), attribute features (n, C, Qa), and the spatial factors."""

    weight: Floats
    features: Floats
    factors: Factors

    def of(self, rows: Codes) -> Parts:
        """Return some of the spots, without components that none of them has."""
        live = (self.weight[rows] > 0).any(axis=0)
        factors = Factors(*(part[rows] for part in self.factors))
        return Parts(self.weight[rows][:, live], self.features[rows][:, live], factors)


@dataclass(frozen=True, eq=False)
class Told:
    """What the measured spots tell of new ones, before any gene is decoded.

    Attributes
    ----------
    network
        Trained, in double precision on the CPU.
    labels, known
        As in :class:`Imputed`.
    parts
        Components of the new spots.
    bands
        How intervals are calibrated.
    """

    network: ConcertNetwork
    labels: Labelled
    parts: Parts
    known: Floats
    bands: Bands

    def moments(self, gene: int) -> tuple[Floats, Floats]:
        """Return expected count and standard deviation of a count (n,) of one gene, by its position."""
        expected, sd = mixture.moments(log_mean(self.network, self.parts, np.array([gene])))
        return expected[:, 0], sd[:, 0]

    def interval(self, row: int, gene: int, level: float = LEVEL) -> tuple[float, float]:
        """Return the interval of a count of one gene at one new spot."""
        mixed = log_mean(self.network, self.parts.of(np.array([row])), np.array([gene]))
        low, high = (float(bound[0, 0]) for bound in self.bands.interval(mixed, level))
        return low, high

    def mixture(self, genes: Codes | slice = EVERY) -> mixture.Mixture:
        """Return what log means of some genes follow, at the median library size."""
        return log_mean(self.network, self.parts, genes)

    def decoded(self, genes: Codes | None = None) -> Imputed:
        """Return all genes, or those at some positions."""
        weight, chosen = self.parts.weight, np.arange(self.network.weights.shape[1]) if genes is None else genes
        found = np.empty((4, len(weight), len(chosen)), dtype=np.float32)
        for rows in _batches(weight, len(chosen)):
            mixed = log_mean(self.network, self.parts.of(rows), chosen)
            found[:, rows] = [*mixture.moments(mixed), *self.bands.interval(mixed, LEVEL)]
        expected, sd, lower, upper = found
        return Imputed(self.labels, expected, sd, lower, upper, self.known)


def tell(network: ConcertNetwork, measured: Measured, new: SpotArrays, bands: Bands | None = None) -> Told:
    """Return what the measured spots tell of new ones.

    Parameters
    ----------
    network
        Trained, in double precision on the CPU.
    measured
        The spots around.
    new
        New spots (n); what is ``UNKNOWN`` of their labels is inferred. Their counts are not read.
    bands
        How intervals are calibrated; by default as the network is, on spots that were hidden one by one.
    """
    labels = given(infer_pairs(measured.arrays, Where.of(new)), new.state, new.tissue)
    factors = spatial_factors(network, measured, Where.of(new))
    weight, pair = likely(labels.probability)
    features = pair_features(network, measured.arrays, new, labels.codes)
    parts = Parts(weight, features[pair, np.arange(len(new))[:, None]], factors)
    return Told(network, labels, parts, _known(network, factors), network.bands if bands is None else bands)


def impute(network: ConcertNetwork, measured: Measured, new: SpotArrays) -> Imputed:
    """Return what new spots would count; the parameters are those of :func:`tell`."""
    return tell(network, measured, new).decoded()


@torch.no_grad()
def spatial_factors(network: ConcertNetwork, measured: Measured, at: Where) -> Factors:
    """Return the posterior of the spatial factors at new positions.

    The measured spots' latents are at their mode, where the whitened mean is ``V s`` (see :mod:`.encoder`): one look
    at the counts gives it back, with its precision.
    """
    config, mean = network.config, torch.from_numpy(measured.latents)
    spots = Spots.of(measured.arrays, config.inducing_points, config.batch_entries)
    encoder = Encoder(network, spots, torch.from_numpy(measured.features))
    nothing = mean.new_zeros(len(spots.inducing), config.spatial_factors)
    reading = to_end(encoder.read(Latents(mean, mean, nothing)))
    whitened = encoder.basis @ reading.score[:, : config.spatial_factors]
    posterior = to_end(encoder.spread(Latents(mean, mean, whitened), reading)).posterior
    assert posterior is not None
    coords, place = (torch.from_numpy(part) for part in at)
    basis = network.basis(coords, place, spots.coords[spots.inducing], spots.place[spots.inducing])
    return Factors(*(part.numpy() for part in svgp.marginals(posterior, basis)))


def likely(probability: Floats) -> tuple[Floats, Codes]:
    """Return weights (n, C) and positions (n, C) of the pairs that matter, the likeliest first; 0 fills rows up."""
    kept = (probability > NEGLIGIBLE) | (probability == probability.max(axis=1, keepdims=True))
    weight = np.where(kept, probability, 0.0)
    pair = np.argsort(-weight, axis=1, kind="stable")[:, : int(kept.sum(axis=1).max())]
    chosen = np.take_along_axis(weight, pair, axis=1)
    return chosen / chosen.sum(axis=1, keepdims=True), pair


@torch.no_grad()
def pair_features(network: ConcertNetwork, arrays: SpotArrays, new: SpotArrays, codes: Codes) -> Floats:
    """Return the attribute features (C, n, Qa) that new spots would have in each pair (C, 2) of state and tissue.

    Only measured spots propagate a field.
    """
    both, sources = _together(arrays, new), encode(arrays, network.vocabulary).propagating.numpy() != UNKNOWN
    pairs = pairs_within(both.coords, both.place, np.flatnonzero(sources), network.config.reach)
    felt = pairs.receiver >= len(arrays)
    pairs = Pairs(*(part[felt] for part in pairs))
    found = []
    for state, tissue in codes:
        states, tissues = both.state.copy(), both.tissue.copy()
        states[len(arrays) :], tissues[len(arrays) :] = state, tissue
        swapped = both.with_attributes(states, tissues, both.continuous)
        found.append(network.attributes(encode(swapped, network.vocabulary), pairs)[len(arrays) :].numpy())
    return np.stack(found)


def _together(arrays: SpotArrays, new: SpotArrays) -> SpotArrays:
    """Return measured spots, then new ones, without counts."""
    names = [name for name in SpotArrays.__dataclass_fields__ if name != "counts"]
    joined = {name: np.concatenate([getattr(arrays, name), getattr(new, name)]) for name in names}
    return replace(arrays, counts=csr_matrix((len(arrays) + len(new), 0)), **joined)


@torch.no_grad()
def log_mean(network: ConcertNetwork, parts: Parts, genes: Codes | slice = EVERY) -> mixture.Mixture:
    """Return the mixture of normals (n, C, G) that the log mean of new spots follows, for some genes."""
    n_spatial, (n, n_parts, _) = network.config.spatial_factors, parts.features.shape
    weights, covariance = network.level_weights.numpy()[:, genes], network.covariance.numpy()[genes]
    spatial, own = np.split(weights[network.n_attributes :], [n_spatial])
    factors, variance = (np.repeat(part, n_parts, axis=0) for part in parts.factors)
    attributes = parts.features.reshape(n * n_parts, -1)
    mean = np.hstack([attributes, factors, np.zeros((len(attributes), len(own)))])
    spread = np.hstack([np.zeros_like(attributes), variance, np.ones((len(attributes), len(own)))])
    of_latents = variance @ spatial**2 + (own**2).sum(axis=0)
    of_weights = _of_weights(mean, spread, covariance)
    shape = (n, n_parts, len(covariance))
    centre, total = mean @ weights - of_weights / 2, of_latents + of_weights
    theta = network.log_theta.exp().numpy()[genes]
    return mixture.Mixture(parts.weight, centre.reshape(shape), total.reshape(shape), theta)


def _of_weights(mean: Floats, variance: Floats, covariance: Floats) -> Floats:
    """Return ``tr(Σ_g E[X Xᵀ])`` (m, G) of independent features with mean and variance (m, Q)."""
    of_mean = np.einsum("gmq,mq->mg", np.matmul(mean, covariance), mean)
    return np.asarray(of_mean + variance @ np.diagonal(covariance, axis1=1, axis2=2).T)


def _batches(weight: Floats, n_genes: int) -> Iterator[Codes]:
    """Yield rows (m,) that fit into memory together, those with as many components side by side."""
    rows = np.argsort((weight > 0).sum(axis=1), kind="stable")
    size = max(1, BATCH_ENTRIES // max(1, n_genes * weight.shape[1]))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


@torch.no_grad()
def _known(network: ConcertNetwork, factors: Factors) -> Floats:
    """Return which share (n,) of the spatial variation of all genes is told; all of it where genes have none."""
    spatial = network.latent_weights[: network.config.spatial_factors].numpy()
    size = (spatial**2).sum(axis=1)
    told: Floats = 1 - factors.variance @ size / max(float(size.sum()), 1e-12)
    return told
