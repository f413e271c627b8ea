"""Training as a generator of :class:`Epoch` records.

In the first epochs (see :mod:`.trainer` for what one does) the attributes and the field are fitted alone; then the
latents start at the principal axes of what is left. Closing the generator cancels; the best state so far is kept.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from napari_concert.model.config import Epoch, ModelConfig
from napari_concert.model.data import SpotArrays, Vocabulary
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.niches import niches
from napari_concert.model.steps import part_of, to_end
from napari_concert.model.trainer import Trainer

REPORT_EVERY = 0.2  # seconds between reports within a long epoch
TOLERANCE = 2e-4  # relative gain in held-out loss that counts
SETTLING = 6  # epochs that the latents get before convergence is looked for


def build(arrays: SpotArrays, vocabulary: Vocabulary, config: ModelConfig, seed: int) -> ConcertNetwork:
    """Return an untrained network whose intercept is the log mean expression of every gene."""
    vocabulary = replace(vocabulary, niches=niches(arrays, vocabulary))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ConcertNetwork(vocabulary, config)
    total = np.asarray(arrays.counts.sum(axis=0)).ravel()
    network.weights[0] = torch.from_numpy(np.log((total + 0.5) / arrays.size.sum()))
    return network


def prepare(arrays: SpotArrays, vocabulary: Vocabulary, config: ModelConfig, seed: int, device: str) -> Trainer:
    """Return a training that is ready to start; the seed draws the MLPs' start and the hidden spots."""
    network = build(arrays, vocabulary, config, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Trainer(network, arrays, seed, device)


def train(trainer: Trainer, max_epochs: int) -> Generator[Epoch, None, None]:
    """Train until the held-out loss has converged or ``max_epochs`` are over; yield a record an epoch.

    A long epoch reports within itself as well (``fraction`` below 1), so that the caller gets control often, and so
    does the settling of the weights after the last one. Closing the generator keeps the best state so far, at once.
    """
    started, best, settled = time.perf_counter(), trainer.snapshot(), False
    last = started
    try:
        for epoch, snapshot in _epochs(trainer, max_epochs, started):
            best = snapshot or best
            if epoch.fraction == 1 or time.perf_counter() - last > REPORT_EVERY:
                yield epoch
                last = time.perf_counter()
        trainer.restore(best)
        trainer.measure_covariance()
        done, last = 0.0, float("-inf")  # that the weights settle is said once, however quick it is
        for fraction in _finish(trainer):
            done = max(done, min(fraction, 0.999))
            if time.perf_counter() - last > REPORT_EVERY:
                yield _report(trainer, epoch.index, epoch.index, started, done)
                last = time.perf_counter()
        settled = True
    finally:  # also on close(): a cancelled training leaves its best state
        if not settled:
            trainer.restore(best)
            trainer.measure_covariance()
            to_end(trainer.calibrate())


def _finish(trainer: Trainer) -> Iterator[float]:
    """Calibrate intervals while the hidden spots are hidden, then give them back; yield the share done."""
    yield from part_of(trainer.calibrate(), 0.0, 0.2)
    yield from part_of(trainer.settle(), 0.2, 1.0)


def _epochs(trainer: Trainer, max_epochs: int, started: float) -> Iterator[tuple[Epoch, dict[str, Any] | None]]:
    """Yield reports, each with a snapshot where it is the best state so far, until there is nothing to gain."""
    config, best_loss, waited = trainer.network.config, float("inf"), 0
    for index in range(1, max_epochs + 1):
        done = 0.0
        for fraction in trainer.epoch():
            done = max(done, fraction)  # a halved step of the latents is read again
            if done < 1:
                yield _report(trainer, index, max_epochs, started, done), None
        score = trainer.train_loss if np.isnan(trainer.heldout_loss) else trainer.heldout_loss
        waited = 0 if score < best_loss * (1 - np.sign(best_loss) * TOLERANCE) else waited + 1
        better = score < best_loss
        best_loss = min(score, best_loss)
        yield _report(trainer, index, max_epochs, started, 1.0, better), trainer.snapshot() if better else None
        if index <= config.warm_up + SETTLING:
            waited = 0
        if waited >= config.patience:
            break


def _report(
    trainer: Trainer, index: int, max_epochs: int, started: float, fraction: float, better: bool = False
) -> Epoch:
    seconds = time.perf_counter() - started
    left = seconds / (index - 1 + fraction) * (max_epochs - index + 1 - fraction)
    return Epoch(index, max_epochs, trainer.train_loss, trainer.heldout_loss, seconds, left, better, fraction)
