"""Calibration of a trained model to a slide it was not trained on: codes of its batches, with all weights held.

A new section or animal has genes that are all a bit higher or lower for reasons of its own. Each of its batches gets a
row of offsets ``b_g``, and nothing else of the model moves. In turn,

- the encoder reads the latent cell state at the current offsets (one Newton step);
- every offset takes a scoring step, ``b̂_g = b_g + Σ_i r_ig / Σ_i W_ig`` with standard error ``(Σ_i W_ig)^-½``, and is
  shrunk by the mixture that all genes' offsets say (:mod:`.shrinkage`);

until no offset moves any more. Effects of states are those that were learned, so the change that a what-if makes is
the same with any offsets: what is calibrated is the expression that it starts from.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_concert.model.counterfactual import attribute_features
from napari_concert.model.data import SpotArrays
from napari_concert.model.encoder import Encoder, Latents, Spots, prior_latents
from napari_concert.model.likelihood import working
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.shrinkage import around_zero, learned_prior
from napari_concert.model.steps import to_end

ROUNDS = 12
CONVERGED = 2e-3  # natural log: largest move of an offset that matters no more
ROWS = ("weights", "unshrunk", "size_shift")  # of a network, whose first axis is the decoder's features


@torch.no_grad()
def calibrated(
    network: ConcertNetwork, arrays: SpotArrays, labels: NDArray[np.object_]
) -> tuple[ConcertNetwork, SpotArrays]:
    """Return a model that knows the batches of a slide, and the slide with their codes.

    Parameters
    ----------
    network
        Trained; it stays as it is.
    arrays
        The slide's spots (N), with codes of the network's vocabulary.
    labels
        Names (N,) of their batches.
    """
    names, of = np.unique(labels.astype(str), return_inverse=True)
    wide = extended(network, tuple(map(str, names)))
    arrays = replace(arrays, batch=len(network.vocabulary.batches) + of.ravel())
    _fit(wide, arrays, torch.from_numpy(of.ravel()), len(names))
    return wide, arrays


def extended(network: ConcertNetwork, names: tuple[str, ...]) -> ConcertNetwork:
    """Return a network with more batches, whose offsets are 0; trained ones with the same name get another."""
    old = network.vocabulary
    batches = tuple(f"{name} (trained on)" if name in names else name for name in old.batches)
    wide = ConcertNetwork(replace(old, batches=batches + names), network.config)
    rows = _rows(network, wide)
    state = network.state_dict()
    for name in ROWS:
        target = torch.zeros_like(wide.state_dict()[name])
        target[rows[: len(state[name])]] = state[name]
        state[name] = target
    covariance = torch.zeros_like(wide.covariance)
    covariance[:, rows[:, None], rows] = network.covariance
    wide.load_state_dict(state | {"covariance": covariance})
    return wide.eval()


def _rows(network: ConcertNetwork, wide: ConcertNetwork) -> Tensor:
    """Return where each of the network's features is in the wide one."""
    found, old, new = [], network.attributes.blocks, wide.attributes.blocks
    for name in old._fields:
        start = new.slice_of(name).start
        found.append(torch.arange(start, start + getattr(old, name)))
    found.append(torch.arange(wide.n_attributes, len(wide.weights)))
    return torch.cat(found)


def _fit(network: ConcertNetwork, arrays: SpotArrays, of: Tensor, count: int) -> None:
    """Fit the last ``count`` batches' offsets, in place."""
    rows = slice(
        network.attributes.blocks.slice_of("batch").stop - count, network.attributes.blocks.slice_of("batch").stop
    )
    config, features = network.config, torch.from_numpy(attribute_features(network, arrays))
    spots = Spots.of(arrays, config.inducing_points, config.batch_entries)
    encoder, latents = Encoder(network, spots, features), prior_latents(spots, config)
    for _ in range(ROUNDS):
        latents, _ = to_end(encoder.step(latents))
        moved, variance = _offsets(encoder, latents, of, network.weights[rows])
        largest = (moved - network.weights[rows]).abs().amax()
        network.weights[rows], network.unshrunk[rows] = moved, moved
        network.covariance[:, range(rows.start, rows.stop), range(rows.start, rows.stop)] = variance.mT
        if largest < CONVERGED:
            break


def _offsets(encoder: Encoder, latents: Latents, of: Tensor, current: Tensor) -> tuple[Tensor, Tensor]:
    """Return offsets (batches, G) after a scoring step and shrinkage, and their variance."""
    network, spots = encoder.network, encoder.spots
    score, information = torch.zeros_like(current), torch.zeros_like(current)
    for rows, counts in spots.chunks():
        here = working(counts, encoder.eta(rows, latents), spots.log_size[rows], network.log_theta)
        score.index_add_(0, of[rows], here.score)
        information.index_add_(0, of[rows], here.weight)
    information = information.clamp(min=1e-6)
    estimate, error = current + score / information, information.rsqrt()
    moved, variance = torch.empty_like(current), torch.empty_like(current)
    for batch in range(len(current)):
        prior = learned_prior(estimate[batch], error[batch], around_zero())
        variance[batch] = 1 / (information[batch] + prior.precision)
        moved[batch] = variance[batch] * (information[batch] * estimate[batch] + prior.precision * prior.centre)
    return moved, variance
