"""State of one training, and what an epoch does to it.

An epoch is one step of coordinate ascent on the log posterior of everything that is learned; none samples, so the same
start gives the same model:

1. decoder weights of all genes: a step of Fisher scoring, what effects exchange with the rest, and priors learned by
   adaptive shrinkage;
2. latent cell state: a Newton step given the weights, in which the states keep their first claim, and the evidence of
   the spatial kernel;
3. field: Levenberg–Marquardt, and the MLPs of continuous attributes by Adam, both on what the likelihood says of the
   features they make;
4. dispersions: a Newton step of each gene.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from napari_concert.model import svgp
from napari_concert.model.adam import Adam
from napari_concert.model.attributes import Codes, encode, field_pairs
from napari_concert.model.claim import Claim, averages, claim
from napari_concert.model.continuous_fit import fit_continuous
from napari_concert.model.data import SpotArrays
from napari_concert.model.decoder import Information, WeightPriors, scoring_step
from napari_concert.model.encoder import Encoder, Latents, Reading, Spots, prior_latents
from napari_concert.model.exchange import Smooth
from napari_concert.model.field_fit import Evidence, FieldFit
from napari_concert.model.heldout import hide
from napari_concert.model.hidden import calibrate
from napari_concert.model.likelihood import working
from napari_concert.model.neighbours import Pairs, single_patches
from napari_concert.model.network import ConcertNetwork
from napari_concert.model.priors import PriorFit
from napari_concert.model.start import start_latents
from napari_concert.model.steps import Steps, part_of
from napari_concert.model.summary import Summary

FLAT = 1e-6  # prior precision of the intercept
FIRST = 1.0  # prior precision of all other weights before it is learned
FIELD_STEPS = 1  # of the field in an epoch: with more, nothing is gained
SETTLED = 2  # epochs before priors are learned
WIDEN = 1.05  # of standard errors, for what the weights' covariance leaves out: latents, ranges and cut-offs
KERNEL_ENTRIES = 150_000  # inducing points × spots that the kernel's gradient goes through at a time
KEPT = ("latents", "information", "epochs", "claim", "reading")  # of a snapshot: never changed in place


class Trainer:
    """State of one training.

    Attributes
    ----------
    network
        What is trained.
    spots, codes, pairs
        The data on the device.
    latents, priors, information
        Current latent cell state, priors of the weights, and what the counts last said of them.
    claim
        What the states have the first claim on.
    reading
        Precision (N, K) with which the counts last told the spatial factors; None before they did.
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
        self.priors = WeightPriors(torch.full_like(network.weights, FIRST), torch.zeros_like(network.weights))
        self.priors.precision[0] = FLAT
        self.information = Information.zeros(len(network.weights), len(network.vocabulary.genes), device)
        self.claim: Claim | None = None
        self.reading: Tensor | None = None
        self.means = averages(self.codes.own, self.network.attributes.n_own, self.spots.observed)
        self.single = torch.from_numpy(single_patches(arrays.coords, arrays.place, self.means.cpu().numpy() > 0))
        self.single = self.single.to(device)
        self.epochs = 0
        self.bend_adam = Adam(network.attributes.continuous.parameters(), config.learning_rate)
        self.gp_adam = Adam([network.gp_log_metric, network.gp_log_alpha], config.learning_rate)
        self.train_loss = self.heldout_loss = float("nan")

    @property
    def with_latents(self) -> bool:
        """Whether the latent cell state is fitted already."""
        return self.epochs >= self.network.config.warm_up

    @torch.no_grad()
    def features(self) -> Tensor:
        """Return the attribute features (N, Qa) at the current kernels."""
        self.network.attributes.learn_usual(self.codes, self.pairs)
        result: Tensor = self.network.attributes(self.codes, self.pairs)
        return result

    def epoch(self) -> Iterator[float]:
        """Run one epoch; yield the share of it that is done, often."""
        encoder = Encoder(self.network, self.spots, self.features())
        yield 0.02
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
        self.information = yield from part_of(self._information(encoder), 0.0, 0.6)
        posterior = self.posterior = scoring_step(self.network.weights, self.information, self.priors)
        self.network.weights.copy_(posterior.mean)
        yield 0.7
        if self.epochs >= SETTLED:
            rows = len(self.network.weights) if self.with_latents else self.network.n_attributes
            smooth = None if self.reading is None else Smooth(encoder, self.latents, self.reading, self._told())
            fit = PriorFit(self.network, posterior, self._place_variance(own_gap=False), smooth)
            yield from part_of(fit.refresh(self.priors, rows), 0.7, 1.0)
            self.latents = self.latents if smooth is None else smooth.latents

    def _fit_latents(self, encoder: Encoder) -> Steps[None]:
        """Take a Newton step of the latents, put them on their prior's scale, and improve their kernel."""
        moved, reading = yield from part_of(self._step_latents(encoder), 0.0, 0.5)
        moved = yield from part_of(encoder.spread(moved, reading), 0.5, 0.6)
        scale = (moved.mean.square() + moved.variance).mean(0).sqrt().clamp(0.5, 2.0)
        self.network.weights[self.network.n_attributes :] *= scale[:, None]
        whitened = moved.whitened / scale[: self.network.config.spatial_factors]
        reading = reading.scaled(scale)
        self.claim = None if self.claim is None else self.claim.scaled(scale)
        self.reading = reading.precision[:, : encoder.n_spatial]
        self.latents = Latents(moved.mean / scale, moved.variance / scale.square(), whitened, moved.posterior)
        yield from part_of(self._fit_kernel(encoder, reading), 0.6, 1.0)

    def _step_latents(self, encoder: Encoder) -> Steps[tuple[Latents, Reading]]:
        """Take a Newton step in which the states keep what they have a claim on."""
        self.latents = encoder.here(self.latents)  # the kernel has moved since
        reading = yield from part_of(encoder.read(self.latents), 0.0, 0.4)
        self.reading = reading.precision[:, : encoder.n_spatial]
        self.claim = self._claim(encoder, reading)
        return (yield from part_of(encoder.step(self.latents, reading, self.claim), 0.4, 1.0))

    def _claim(self, encoder: Encoder, reading: Reading) -> Claim | None:
        """Predict the means of the latents over the states from the control spots."""
        k, precision = encoder.n_spatial, reading.precision.clamp(min=1e-8)
        values = self.latents.mean + reading.score / precision
        outside = (self.codes.own < 0) * self.spots.observed
        found = claim(encoder.basis, values[:, :k], precision[:, :k], self.means, outside, self.spots.parts)
        if found is None:
            return None
        share = self.network.latent_weights[:k].square().mean(1)
        return found.of_territories(share).with_own(values.shape[1] - k)

    def _told(self) -> Tensor:
        """Return which states (P,) may give factors their own effect as well: single patches without a claim.

        Once, as soon as factors were read: what they do to genes is then still what effects left unexplained.
        """
        first = self.epochs == self.network.config.warm_up + 1
        return self.single & (~self.claim.means.any(1) if first and self.claim is not None else False)

    def _place_variance(self, own_gap: bool) -> Tensor:
        """Return the variance (own + states, G) that not knowing the place's part adds to effects and spill-overs.

        Parameters
        ----------
        own_gap
            Whether what the surroundings say of place, but not well enough to be believed, counts for own effects.
        """
        network = self.network
        if self.claim is None:
            return torch.zeros_like(network.place_variance)
        spread = self.claim.variance @ network.latent_weights.square()
        gap = (self.claim.gap @ network.latent_weights).square()
        own = spread + gap if own_gap else spread
        return torch.cat([own, (spread + gap)[network.attributes.own_of]])

    def _fit_kernel(self, encoder: Encoder, reading: Reading) -> Steps[None]:
        """Take an Adam step of the spatial kernel on the evidence of the readings, by factors, then by some spots."""
        k, spots, at = self.network.config.spatial_factors, self.spots, self.spots.inducing
        precision, slope = reading.precision[:, :k], torch.zeros_like(encoder.basis)
        values = self.latents.mean[:, :k] + reading.score[:, :k] / precision.clamp(min=1e-8)
        for factor in range(k):
            one = slice(factor, factor + 1)
            slope += svgp.evidence(encoder.basis, values[:, one], precision[:, one], spots.parts)[1]
            yield 0.6 * (factor + 1) / k
        self.gp_adam.clear()
        for start in range(0, len(spots), step := max(1, KERNEL_ENTRIES // len(at))):
            some = slice(start, start + step)
            basis = self.network.basis(spots.coords[some], spots.place[some], spots.coords[at], spots.place[at])
            basis.backward(-slope[:, some])  # type: ignore[no-untyped-call]
            yield 0.6 + 0.4 * start / len(spots)
        _backward(self.network.kernel_penalty())
        self.gp_adam.step()

    def _fit_field_and_dispersion(self, encoder: Encoder) -> Steps[None]:
        """Take the remaining steps, and measure both losses, in one look at the counts."""
        summary = Summary(encoder, self.latents, moves_theta=self.epochs % 3 == 1, posterior=self.posterior)
        yield from part_of(summary.collect(), 0.0, 0.6)
        self.train_loss, self.heldout_loss = summary.losses()
        if summary.columns:
            yield from part_of(self._fit_field(encoder.features, summary), 0.6, 1.0)
        if summary.moves_theta:
            self.network.log_theta += summary.theta_step()

    def _fit_field(self, features: Tensor, summary: Summary) -> Steps[None]:
        """Move kernels and MLPs uphill on the quadratic model of the likelihood in the features they make."""
        attributes, config = self.network.attributes, self.network.config
        if attributes.blocks.field and self.with_latents:  # before, it would take what is smooth for a spill-over
            score, curvature = summary.of("field", "niche")
            by_field = attributes.by_field(self.codes)
            evidence = Evidence(
                features[:, attributes.blocks.slice_of("field")],
                torch.einsum("nkp,nk->np", by_field, score),
                by_field.mT @ curvature @ by_field,
            )
            fit = FieldFit(attributes.field, self.pairs, self.codes, attributes.own(self.codes), evidence)
            attributes.field.shape.copy_((yield from fit.improve(FIELD_STEPS)))
            attributes.field.shape_covariance.copy_(fit.covariance)
        if attributes.blocks.continuous:
            fit_continuous(attributes, self.codes, self.bend_adam, summary, config.kernel_steps)

    def snapshot(self) -> dict[str, Any]:
        """Return a copy of everything that is learned."""
        state = copy.deepcopy(self.network.state_dict())
        kept = {name: getattr(self, name) for name in KEPT}  # never changed in place
        return {"network": state, "priors": self.priors.clone(), **kept}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Return to a snapshot."""
        self.network.load_state_dict(snapshot["network"])
        self.priors = snapshot["priors"].clone()
        for name in KEPT:
            setattr(self, name, snapshot[name])

    def settle(self) -> Steps[None]:
        """Give hidden spots back, settle the weights on all spots, and measure their covariance."""
        self.spots.observed.fill_(1.0)
        encoder = Encoder(self.network, self.spots, self.features())
        for part in (0.0, 0.4):
            if self.with_latents:
                moved, reading = yield from part_of(self._step_latents(encoder), part, part + 0.2)
                self.latents = yield from part_of(encoder.spread(moved, reading), part + 0.2, part + 0.3)
            yield from part_of(self._fit_weights(encoder), part + 0.3, part + 0.4)
        self.information = yield from part_of(self._information(encoder), 0.8, 1.0)
        self.measure_covariance()

    def measure_covariance(self) -> None:
        """Take what intervals are made of from what the counts last said: estimates and covariance under a wide prior.

        Means are shrunk, intervals are not: shrunken ones miss too many of the genes that do respond. The estimates
        are one scoring step away from the shrunk weights.
        """
        wide, attributes = self.priors.clone(), slice(1, self.network.n_attributes)
        wide.precision[attributes].clamp_(max=FIRST)
        wide.centre[attributes] = 0.0
        posterior = scoring_step(self.network.weights, self.information, wide)
        self.network.unshrunk.copy_(posterior.mean)
        self.network.covariance.copy_(WIDEN**2 * posterior.covariance)
        if not self.with_latents:  # their weights are 0, and what was never fitted makes no interval wider
            latents = slice(self.network.n_attributes, None)
            self.network.covariance[:, latents], self.network.covariance[:, :, latents] = 0.0, 0.0
        self.network.place_variance.copy_(self._place_variance(own_gap=True))
        swapped = self.network.attributes.swapped
        self.network.covariance.diagonal(dim1=1, dim2=2)[:, swapped] += self.network.place_variance.mT

    def calibrate(self) -> Steps[None]:
        """Learn how wide intervals of counts must be to hold the hidden spots, which nothing else has seen yet."""
        hidden = np.flatnonzero(self.spots.observed.cpu().numpy() == 0)
        yield from calibrate(self.network, self.spots.arrays, hidden, self.features(), self.latents)


def _backward(loss: Tensor) -> None:
    loss.backward()  # type: ignore[no-untyped-call]
