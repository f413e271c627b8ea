"""Settings of the model and of its training, with sensible defaults for every one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class ModelConfig:
    """Size of the model and of its fit. Lengths are in spot pitches, so the coordinates' unit never matters.

    Attributes
    ----------
    spatial_factors, intrinsic_factors
        Latent cell state: factors with a Gaussian-process prior, and factors of the single spot.
    inducing_points
        Most inducing points of the sparse Gaussian process, for each place; twice as many where sections share a
        space.
    reach
        Pitches beyond which no perturbation is propagated (the largest cut-off that can be learned).
    continuous_features
        Features that the MLP of each continuous attribute offers to the decoder.
    learning_rate, kernel_steps
        Adam's step for the kernel of the spatial factors and for the MLPs; steps of the field and the MLPs an epoch.
    max_epochs, patience, warm_up
        Most epochs; epochs without a better held-out loss after which training has converged; first epochs, in which
        only the attributes and the field are fitted.
    heldout_fraction
        Share of spots hidden from training to follow the held-out loss.
    batch_entries
        Most spots x genes that are held densely at a time. It changes memory, never the result.
    """

    spatial_factors: int = 10
    intrinsic_factors: int = 2
    inducing_points: int = 128
    reach: float = 10.0
    continuous_features: int = 4
    learning_rate: float = 0.05
    kernel_steps: int = 2
    max_epochs: int = 60
    patience: int = 4
    warm_up: int = 6
    heldout_fraction: float = 0.08
    batch_entries: int = 1_000_000

    def to_json(self) -> dict[str, Any]:
        """Return the settings as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Epoch:
    """What one step of :meth:`Concert.training` reports.

    Attributes
    ----------
    index, max_epochs
        This epoch (1-based) and the most there can be.
    train_loss
        Negative evidence lower bound of the shown spots (expected negative log-likelihood plus the divergence of the
        latent cell state from its prior), per spot and gene (nats).
    heldout_loss
        Upper bound on the negative log probability of hidden spots given their neighbours and attributes, what a spot
        has of its own integrated out, per spot and gene (nats). NaN where the slide has too few spots to hide any.
    seconds, seconds_left
        Elapsed, and estimated until ``max_epochs`` (convergence may come earlier).
    best
        Whether the weights of this epoch are the best so far.
    fraction
        Share of this epoch that is done: 1 at its end; less for reports within a long epoch, and after the last epoch
        while the weights settle on all spots (then ``max_epochs`` is that epoch).
    """

    index: int
    max_epochs: int
    train_loss: float
    heldout_loss: float
    seconds: float
    seconds_left: float
    best: bool
    fraction: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON object; JSON has no NaN, so a missing loss is null."""
        return {name: None if value != value else value for name, value in asdict(self).items()}  # noqa: PLR0124

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Epoch:
        """Return the record that :meth:`to_json` stored."""
        values: dict[str, Any] = {name: float("nan") if value is None else value for name, value in stored.items()}
        return cls(**values)
