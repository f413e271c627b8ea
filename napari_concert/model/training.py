"""Training as a generator of :class:`Epoch` records.

One epoch is one round of coordinate ascent, each block by the best step there is:

1. decoder weights of all genes: a step of Fisher scoring, with priors learned by adaptive shrinkage;
2. latent cell state: a Newton step on every spot's reading, joined by the global posterior; kernel of the factors:
   Adam on the evidence;
3. ranges, directions, cut-offs of the field and the MLPs: Adam on the quadratic model that the same scores and Fisher
   weights give for the features they make;
4. dispersions: a Newton step of each gene.

All are sums over spots. In the first epochs the attributes and the field are fitted alone, so that they have the first
claim on differences between states; then the latents start at the principal axes of what is left. Closing the generator
cancels; the best state so far is kept.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_concert.model import svgp
from napari_concert.model.adam import Adam
from napari_concert.model.attributes import Codes, encode, field_pairs
from napari_concert.model.config import Epoch, ModelConfig
from napari_concert.model.data import SpotArrays, Vocabulary
from napari_concert.model.decoder import Information, WeightPosterior, refresh_prior, scoring_step
from napari_concert.model.encoder import Encoder, Latents, Reading, Spots, prior_latents
from napari_concert.model.field import Pairs
from napari_concert.model.heldout import hide
from napari_concert.model.likelihood import working
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.start import start_latents
from napari_concert.model.steps import Steps, part_of
from napari_concert.model.summary import Summary

REPORT_EVERY = 0.2  # seconds between reports within a long epoch
TOLERANCE = 2e-4  # relative gain in held-out loss that counts
FLAT = 1e-6  # prior precision of the intercept
FIRST = 1.0  # prior precision of all other weights before it is learned
SETTLING = 6  # epochs that the latents get before convergence is looked for
SETTLED = 2  # epochs before priors are learned


def build(arrays: SpotArrays, vocabulary: Vocabulary, config: ModelConfig, seed: int) -> ConcertNetwork:
    """Return an untrained network whose intercept is the log mean expression of every gene."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ConcertNetwork(vocabulary, config)
    total = np.asarray(arrays.counts.sum(axis=0)).ravel()
    network.weights[0] = torch.from_numpy(np.log((total + 0.5) / arrays.size.sum()))
    return network


class Trainer:
    """State of one training.

    Attributes
    ----------
    network
        What is trained.
    spots, codes, pairs
        The data on the device.
    latents, precision, information
        Current latent cell state, prior precision (Q, G) of the weights, and what the counts last said of them.
    """

    def __init__(self, network: ConcertNetwork, arrays: SpotArrays, seed: int, device: str) -> None:
        config = network.config
        self.network = network.to(device)
        hidden = hide(arrays, config.heldout_fraction, seed)
        self.spots = Spots.of(
            arrays, config.inducing_points, config.batch_entries, hidden, device, precision=torch.float32
        )
        self.codes = Codes(*(code.to(device) for code in encode(arrays, network.vocabulary)))
        self.pairs = Pairs(*(part.to(device) for part in field_pairs(arrays, network.vocabulary, config.reach)))
        self.latents = prior_latents(self.spots, config)
        self.precision = torch.full_like(network.weights, FIRST)
        self.precision[0] = FLAT
        self.information = Information.zeros(len(network.weights), len(network.vocabulary.genes), device)
        self.epochs = 0
        self.field_adam = Adam(network.attributes.parameters(), config.learning_rate)
        self.gp_adam = Adam([network.gp_log_metric, network.gp_log_alpha], config.learning_rate)
        self.train_loss = self.heldout_loss = float("nan")

    @property
    def with_latents(self) -> bool:
        """Whether the latent cell state is fitted already."""
        return self.epochs >= self.network.config.warm_up

    @torch.no_grad()
    def features(self) -> Tensor:
        """Return the attribute features (N, Qa) at the current kernels."""
        result: Tensor = self.network.attributes(self.codes, self.pairs)
        return result

    def epoch(self) -> Iterator[float]:
        """Run one epoch; yield the share of it that is done, often."""
        features = self.features()
        yield 0.02
        encoder = Encoder(self.network, self.spots, features)
        if self.epochs == self.network.config.warm_up:
            self.latents = yield from part_of(start_latents(encoder, self.latents), 0.02, 0.2)
        yield from part_of(self._fit_weights(encoder), 0.2, 0.4)
        if self.with_latents:
            yield from part_of(self._fit_latents(encoder), 0.4, 0.7)
        yield from part_of(self._fit_field_and_dispersion(encoder), 0.7, 1.0)
        self.epochs += 1

    @torch.no_grad()
    def _information(self, encoder: Encoder) -> Steps[Information]:
        """Go through all spots and sum the statistics of all genes."""
        network, kind = self.network, self.spots.precision
        n_features, n_genes = network.weights.shape
        total = Information.zeros(n_features, n_genes, str(self.spots.device))
        theta, mean = network.log_theta.to(kind), network.weights.to(kind)
        for rows, counts in self.spots.chunks():
            here = working(counts, encoder.eta(rows, self.latents), self.spots.log_size[rows], theta)
            seen = self.spots.observed[rows, None].to(kind)
            features = torch.cat([encoder.features[rows], self.latents.mean[rows]], dim=1).to(kind)
            variance = torch.cat([torch.zeros_like(encoder.features[rows]), self.latents.variance[rows]], dim=1)
            total.add(features, variance.to(kind), here.score * seen, here.weight * seen, mean)
            yield min(1.0, rows.stop / len(self.spots))
        return total

    def _fit_weights(self, encoder: Encoder) -> Steps[None]:
        """Take one scoring step of all genes, then learn the priors from the new estimates."""
        self.information = yield from self._information(encoder)
        posterior = scoring_step(self.network.weights, self.information, self.precision)
        self.network.weights.copy_(posterior.mean)
        yield 1.0
        if self.epochs >= SETTLED:
            yield from self._learn_priors(posterior)

    def _learn_priors(self, posterior: WeightPosterior) -> Steps[None]:
        """Learn the priors of all rows that are fitted so far, each from its own estimates."""
        for row in range(1, len(self.precision) if self.with_latents else self.network.n_attributes):
            learned = refresh_prior(posterior, slice(row, row + 1))[0]
            # halfway in the logarithm: correlated rows would otherwise take turns at being shrunk, epoch by epoch
            self.precision[row] = (self.precision[row] * learned).sqrt()
            yield 1.0

    def _fit_latents(self, encoder: Encoder) -> Steps[None]:
        """Take a Newton step of the latents, put them on their prior's scale, and improve their kernel."""
        moved, reading = yield from part_of(encoder.step(self.latents), 0.0, 0.5)
        moved = yield from part_of(encoder.spread(moved, reading), 0.5, 0.6)
        scale = (moved.mean.square() + moved.variance).mean(0).sqrt().clamp(0.5, 2.0)
        self.network.weights[self.network.n_attributes :] *= scale[:, None]
        whitened = moved.whitened / scale[: self.network.config.spatial_factors]
        self.latents = Latents(moved.mean / scale, moved.variance / scale.square(), whitened, moved.posterior)
        yield from part_of(self._fit_kernel(reading.scaled(scale)), 0.6, 1.0)

    def _fit_kernel(self, reading: Reading) -> Steps[None]:
        """Take an Adam step of the spatial kernel on the evidence of the current readings, factor by factor."""
        k, spots, at = self.network.config.spatial_factors, self.spots, self.spots.inducing
        precision = reading.precision[:, :k]
        values = self.latents.mean[:, :k] + reading.score[:, :k] / precision.clamp(min=1e-8)
        self.gp_adam.clear()
        basis = self.network.basis(spots.coords, spots.place, spots.coords[at], spots.place[at])
        features = basis.detach().requires_grad_()
        for factor in range(k):
            one = slice(factor, factor + 1)
            _backward(-svgp.evidence(features, values[:, one], precision[:, one]))
            yield (factor + 1) / (k + 1)
        if features.grad is not None:
            basis.backward(features.grad)  # type: ignore[no-untyped-call]
        _backward(self.network.kernel_penalty())
        self.gp_adam.step()
        yield 1.0

    def _fit_field_and_dispersion(self, encoder: Encoder) -> Steps[None]:
        """Take the remaining steps, and measure both losses, in one look at the counts."""
        summary = Summary(encoder, self.latents, moves_theta=self.epochs % 3 == 1)
        yield from part_of(summary.collect(), 0.0, 0.6)
        self.train_loss, self.heldout_loss = summary.losses()
        if summary.columns:
            yield from part_of(self._fit_field(encoder.features, summary), 0.6, 1.0)
        if summary.moves_theta:
            self.network.log_theta += summary.theta_step()

    def _fit_field(self, start: Tensor, summary: Summary) -> Steps[None]:
        """Move kernels and MLPs uphill on the quadratic model of the likelihood in the features they make."""
        columns, steps = summary.columns, self.network.config.kernel_steps
        for step in range(steps):
            self.field_adam.clear()
            change = self.network.attributes(self.codes, self.pairs)[:, columns] - start[:, columns]
            gain = (summary.score * change).sum() - 0.5 * torch.einsum("nk,nkj,nj->", change, summary.curvature, change)
            yield (step + 0.5) / steps
            _backward(self.network.attributes.field.penalty() - gain)
            self.field_adam.step()
            yield (step + 1) / steps

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of everything that is learned."""
        state = copy.deepcopy(self.network.state_dict())
        kept = {name: getattr(self, name) for name in ("latents", "information", "epochs")}  # never changed in place
        return {"network": state, "precision": self.precision.clone(), **kept}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Return to a snapshot."""
        self.network.load_state_dict(snapshot["network"])
        self.precision = snapshot["precision"].clone()
        for name in ("latents", "information", "epochs"):
            setattr(self, name, snapshot[name])

    def settle(self) -> Steps[None]:
        """Give hidden spots back, settle the weights on all spots, and measure their covariance."""
        self.spots.observed.fill_(1.0)
        encoder = Encoder(self.network, self.spots, self.features())
        for part in (0.0, 0.4):
            if self.with_latents:
                moved, reading = yield from part_of(encoder.step(self.latents), part, part + 0.2)
                self.latents = yield from part_of(encoder.spread(moved, reading), part + 0.2, part + 0.3)
            yield from part_of(self._fit_weights(encoder), part + 0.3, part + 0.4)
        self.information = yield from part_of(self._information(encoder), 0.8, 1.0)
        self.measure_covariance()

    def measure_covariance(self) -> None:
        """Take what intervals are made of from what the counts last said: estimates and covariance under a wide prior.

        Means are shrunk, intervals are not: shrunken ones miss too many of the genes that do respond. The estimates
        are one scoring step away from the shrunk weights.
        """
        wide = self.precision.clone()
        wide[1 : self.network.n_attributes].clamp_(max=FIRST)
        posterior = scoring_step(self.network.weights, self.information, wide)
        self.network.unshrunk.copy_(posterior.mean)
        self.network.covariance.copy_(posterior.covariance)


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
        for fraction in trainer.settle():
            if time.perf_counter() - last > REPORT_EVERY:
                yield _report(trainer, epoch.index, epoch.index, started, min(fraction, 0.999))
                last = time.perf_counter()
        settled = True
    finally:  # also on close(): a cancelled training leaves its best state
        if not settled:
            trainer.restore(best)
            trainer.measure_covariance()


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


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]
