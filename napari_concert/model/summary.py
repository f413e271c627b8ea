"""One look at the counts under the current weights: losses, what the counts say of the field, and dispersions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from napari_concert.model.heldout import Predicted, evidence_bound
from napari_concert.model.likelihood import expected_kernel, working
from napari_concert.model.network import INITIAL_LOG_THETA
from napari_concert.model.steps import Steps

if TYPE_CHECKING:
    from napari_concert.model.decoder import WeightPosterior
    from napari_concert.model.encoder import Encoder, Latents

THETA_STEP = 0.3
SHOWN, HIDDEN = 0, 1
PRIOR_THETA = 1.5  # prior standard deviation of a log dispersion


class Summary:
    """Sums over all spots that the field's and the dispersions' steps need.

    Parameters
    ----------
    encoder, latents
        Network, spots and features; current latent cell state.
    moves_theta
        Whether the dispersions are to be moved: it costs two more evaluations.
    """

    def __init__(self, encoder: Encoder, latents: Latents, moves_theta: bool, posterior: WeightPosterior) -> None:
        self.encoder, self.latents, self.moves_theta = encoder, latents, moves_theta
        self.network, self.spots = network, spots = encoder.network, encoder.spots
        blocks = network.attributes.blocks
        learned = tuple(blocks.slice_of(name) for name in ("continuous", "field", "niche"))
        self.columns = [q for block in learned for q in range(block.start, block.stop)]
        size, kind = len(self.columns), spots.precision
        self.weights = network.level_weights[self.columns].to(kind)
        spread = posterior.covariance[:, self.columns]  # (G, K, Q)
        self.spread = spread.flatten(1).to(kind)
        both = spread[:, :, self.columns].permute(1, 2, 0).to(kind)
        self.products = (self.weights[:, None] * self.weights[None] + both).flatten(0, 1)
        zeros = spots.coords.new_zeros
        self.score = zeros(len(spots), size)
        self.curvature = zeros(len(spots), size, size)
        self.theta_values = zeros(3, network.weights.shape[1])
        self.totals = zeros(2)

    @torch.no_grad()
    def collect(self) -> Steps[None]:
        """Go through all spots; yield the share done."""
        for rows, counts in self.spots.chunks():
            eta = self.encoder.eta(rows, self.latents)
            self._add_field(rows, counts, eta)
            self._add_likelihood(rows, counts, eta)
            yield min(1.0, rows.stop / len(self.spots))
        self._add_normalisers()

    def _add_field(self, rows: slice, counts: Tensor, eta: Tensor) -> None:
        """Add score and curvature of the learned columns, expected over the weights' posterior."""
        if not self.columns:
            return
        network, spots, seen = self.network, self.spots, self.spots.observed[rows]
        here = working(counts, eta, spots.log_size[rows], network.log_theta.to(eta.dtype))
        score, curvature = here.score @ self.weights.mT, here.weight @ self.products.mT
        spread = (here.weight @ self.spread).view(len(eta), len(self.columns), -1).to(seen.dtype)
        features = torch.cat([self.encoder.features[rows], self.latents.mean[rows]], dim=1)
        uncertain = torch.einsum("nkq,nq->nk", spread, features)
        self.score[rows] = (score.to(seen.dtype) - uncertain) * seen[:, None]
        self.curvature[rows] = curvature.view(spread.shape[0], spread.shape[1], -1).to(seen.dtype) * seen[:, None, None]

    def _add_likelihood(self, rows: slice, counts: Tensor, eta: Tensor) -> None:
        shown = self.spots.observed[rows].bool()
        variance = self._variance(rows, slice(None), eta.dtype)
        if bool(shown.any()):
            part = (counts[shown], eta[shown], variance[shown], self.spots.log_size[rows][shown])
            values = self._expected(*part, shift=0.0)
            self.totals[SHOWN] += values.sum()
            if self.moves_theta:
                self.theta_values[1] += values
                self.theta_values[0] += self._expected(*part, shift=-THETA_STEP)
                self.theta_values[2] += self._expected(*part, shift=THETA_STEP)
        if not bool(shown.all()):
            self.totals[HIDDEN] += self._bound(rows, ~shown, counts, eta).to(self.totals.dtype)

    def _variance(self, rows: slice, latents: slice, dtype: torch.dtype) -> Tensor:
        """Return the variance (n, G) of the linear predictor that some of the latents make."""
        weights = self.network.latent_weights[latents].to(dtype)
        return self.latents.variance[rows, latents].to(dtype) @ weights.square()

    def _bound(self, rows: slice, hidden: Tensor, counts: Tensor, eta: Tensor) -> Tensor:
        """Return the bound on the log probability of hidden spots; before any latent was inferred, it is exact."""
        k, network = self.network.config.spatial_factors, self.network
        own = network.latent_weights[k:] if self.latents.posterior is not None else network.latent_weights[:0]
        predicted = Predicted(
            eta[hidden],
            self._variance(rows, slice(k), eta.dtype)[hidden],
            self.spots.log_size[rows][hidden],
            network.log_theta.to(eta.dtype),
        )
        return evidence_bound(counts[hidden], predicted, own.to(eta.dtype))

    def _expected(self, counts: Tensor, eta: Tensor, variance: Tensor, log_size: Tensor, *, shift: float) -> Tensor:
        theta = (self.network.log_theta + shift).to(eta.dtype)
        return expected_kernel(counts, eta, variance, log_size, theta).to(self.totals.dtype)

    def _add_normalisers(self) -> None:
        """Add what the likelihood of the shown spots holds beside its kernel."""
        table, log_theta = self.spots.shown, self.network.log_theta
        here = table.normaliser(log_theta)
        self.totals[SHOWN] += here.sum()
        if self.moves_theta:
            low, high = (table.normaliser(log_theta + shift) for shift in (-THETA_STEP, THETA_STEP))
            self.theta_values += torch.stack([low, here, high])

    def of(self, *names: str) -> tuple[Tensor, Tensor]:
        """Return score (N, K) and curvature (N, K, K) of some blocks of columns."""
        blocks = self.network.attributes.blocks
        wanted = [q for name in names for q in range(blocks.slice_of(name).start, blocks.slice_of(name).stop)]
        at = [self.columns.index(q) for q in wanted]
        return self.score[:, at], self.curvature[:, at][:, :, at]

    def losses(self) -> tuple[float, float]:
        """Return the negative evidence lower bound of shown spots and the held-out loss, per spot and gene."""
        n_genes, n_shown = self.network.weights.shape[1], float(self.spots.observed.sum())
        n_hidden = len(self.spots) - n_shown
        divergence = self.latents.divergence(self.network.config.spatial_factors)
        train = (divergence - float(self.totals[SHOWN])) / (n_shown * n_genes)
        return train, -float(self.totals[HIDDEN]) / (n_hidden * n_genes) if n_hidden else float("nan")

    def theta_step(self) -> Tensor:
        """Return the Newton step of the log dispersions, from three values of each gene's log posterior."""
        low, here, high = self.theta_values
        offset = self.network.log_theta - INITIAL_LOG_THETA
        slope = (high - low) / (2 * THETA_STEP) - offset / PRIOR_THETA**2
        bend = (high - 2 * here + low) / THETA_STEP**2 - 1 / PRIOR_THETA**2
        step: Tensor = (slope / bend.clamp(max=-1e-3).abs()).clamp(-1.0, 1.0)
        return step
