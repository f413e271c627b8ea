"""Calibration of intervals on a sample of hidden counts, large enough to tell and small enough to be quick."""

from __future__ import annotations

import copy
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_concert.model.conformal import Bands, Pit
from napari_concert.model.data import SpotArrays
from napari_concert.model.encoder import Latents
from napari_concert.model.imputation import Factors, Parts, log_mean
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.steps import Steps

Rows = NDArray[np.int64]

MOST_SPOTS, MOST_ENTRIES = 400, 40_000
AT_ONCE = 5_000  # entries between two reports


class HiddenSample(NamedTuple):
    """Counts of some spots (n) and genes (G), as positions, and the spots' log size factors (n,)."""

    spots: Rows
    genes: Rows
    counts: NDArray[np.float64]
    log_size: NDArray[np.float64]

    def pit(self, network: ConcertNetwork, parts: Parts) -> Steps[Pit]:
        """Find where the counts lie in what a network on the CPU predicts of the spots, some genes at a time."""
        found: list[Pit] = []
        for start in range(0, len(self.genes), step := max(1, AT_ONCE // max(1, len(self.spots)))):
            some = slice(start, start + step)
            mixed = log_mean(network, parts, self.genes[some])
            sized = mixed._replace(mean=mixed.mean + self.log_size[:, None, None])
            found.append(Pit.of(sized, self.counts[:, some]))
            yield min(1.0, some.stop / len(self.genes))
        return Pit.joined(found)


def hidden_sample(arrays: SpotArrays, rows: Rows) -> HiddenSample:
    """Return a sample of some spots' counts: spots evenly by position, genes evenly by how much is counted of them."""
    canonical = rows[np.lexsort((*arrays.coords[rows].T, arrays.place[rows]))]
    spots = evenly(canonical, MOST_SPOTS)
    total = np.asarray(arrays.counts.sum(axis=0)).ravel()
    genes = np.sort(evenly(np.argsort(total, kind="stable"), MOST_ENTRIES // max(1, len(spots))))
    counts = arrays.counts[spots][:, genes].toarray().astype(np.float64)
    return HiddenSample(spots, genes, counts, np.log(arrays.size[spots]))


@torch.no_grad()
def calibrate(
    network: ConcertNetwork, arrays: SpotArrays, hidden: Rows, features: Tensor, latents: Latents
) -> Steps[None]:
    """Learn how wide intervals of counts must be to hold what hidden spots count.

    Parameters
    ----------
    network
        Weights and their covariance, learned without the hidden spots; its bands are set.
    hidden
        Rows of ``arrays``; without any, the predictive distribution is trusted.
    features, latents
        Of all spots, (N, Qa) and (N, L); those of hidden spots are predicted from the others.
    """
    bands = Bands.plain()
    if len(hidden):
        at = hidden_sample(arrays, hidden)
        here, k = torch.from_numpy(at.spots).to(features.device), network.config.spatial_factors
        factors = Factors(*(part[here, :k].cpu().numpy() for part in (latents.mean, latents.variance)))
        parts = Parts(np.ones((len(at.spots), 1)), features[here].cpu().numpy()[:, None], factors)
        bands = Bands.fit((yield from at.pit(copy.deepcopy(network).cpu(), parts)))
        yield 1.0
    network.tails.copy_(torch.from_numpy(bands.tails))
    network.calibrated_on.copy_(torch.from_numpy(bands.entries))


def evenly(values: Rows, count: int) -> Rows:
    """Return at most ``count`` of some values, evenly spaced."""
    at = np.linspace(0, len(values) - 1, min(count, len(values))).round().astype(np.int64)
    return np.asarray(values[at], dtype=np.int64)
