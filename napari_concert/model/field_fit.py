"""How the field is learned: Levenberg–Marquardt on what the likelihood says of it.

With the weights held, the log-likelihood is, to second order in the field, ``sᵀΔu - ½ Δuᵀ C Δu`` with the score ``s``
(N, P) and the curvature ``C`` (N, P, P) of the counts in the field at each spot (:mod:`.summary`). The field is a
smooth function of few parameters (:attr:`PropagatedField.shape`), so Gauss–Newton steps with the log prior are close::

    (Σ_i Jᵢᵀ Cᵢ Jᵢ + Λ + damping) δ = Σ_i Jᵢᵀ (sᵢ - Cᵢ Δuᵢ) - Λ (φ - φ₀)          Jᵢ = ∂uᵢ/∂φ

Each state's field depends on its own parameters alone, so one column serves all states (:mod:`.field_slope`). The
amplitude of each field is free during the steps and then dropped: how large the effects are is for the weights to say,
and shrunken weights must not be made up for by another form.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from napari_concert.model.attributes import Codes
from napari_concert.model.field import PropagatedField
from napari_concert.model.field_slope import FieldSlope
from napari_concert.model.neighbours import Pairs
from napari_concert.model.steps import Steps, part_of

LONGEST = 1.0  # of a parameter in one step
TRIES = 8
LEAST_DAMPING = 1e-4  # so that as many tries can reach a step short enough
AMPLITUDE = 1.0  # prior sd of the log amplitude


class Evidence(NamedTuple):
    """Field (N, P) at which the counts were read, and their score (N, P) and curvature (N, P, P) there."""

    field: Tensor
    score: Tensor
    curvature: Tensor


class FieldFit:
    """Fits the field of all states.

    Parameters
    ----------
    field, pairs, codes
        What is fitted, and where.
    evidence
        What the counts say.
    """

    def __init__(self, field: PropagatedField, pairs: Pairs, codes: Codes, own: Tensor, evidence: Evidence) -> None:
        self.field, self.pairs, self.codes, self.evidence = field, pairs, codes, evidence
        self.own = own
        self.last_precision = torch.diag(self.field.prior_sd.new_ones(field.shape.numel() + len(field.shape)))
        self.usual = (own / own.sum(0).clamp(min=1.0)).mT
        self.mean = torch.cat([field.prior_mean, field.prior_mean.new_zeros(1)])
        self.precision = torch.cat([field.prior_sd, field.prior_sd.new_full((1,), AMPLITUDE)]).square().reciprocal()

    def values(self, shape: Tensor) -> Tensor:
        """Return the field (N, P) of some shape (P, K + 1), whose last column is the log amplitude."""
        with self._shaped(shape):
            values: Tensor = self.field(self.pairs, self.codes.propagating, self.codes.tissue)
        return self._felt(values, shape)

    @contextmanager
    def _shaped(self, shape: Tensor) -> Iterator[None]:
        """Give the field a shape (P, K + 1) for a while."""
        kept = self.field.shape
        self.field.shape = shape[:, :-1]
        try:
            yield
        finally:
            self.field.shape = kept

    def _felt(self, values: Tensor, shape: Tensor) -> Tensor:
        """Return what is felt of a field (N, P): less what is usual of the state, times the amplitude."""
        return (values - self.own @ (self.usual @ values)) * shape[:, -1].exp()

    def gain(self, shape: Tensor, values: Tensor) -> float:
        """Return the log joint (nats) of a shape and its field, against that at which the counts were read."""
        change = values - self.evidence.field
        quadratic = torch.einsum("np,npq,nq->", change, self.evidence.curvature, change)
        prior = (self.precision * (shape - self.mean).square()).sum()
        return float((self.evidence.score * change).sum() - 0.5 * quadratic - 0.5 * prior)

    def jacobian(self, shape: Tensor, values: Tensor) -> Steps[Tensor]:
        """Find ``∂u/∂φ`` (N, P, K + 1); that of the log amplitude is the field itself."""
        columns: list[Tensor] = []
        with self._shaped(shape):
            slopes = FieldSlope(self.field, self.pairs, self.codes.propagating, self.codes.tissue)
            yield 0.0
            for column in slopes.columns():
                columns.append(self._felt(column, shape))
                yield len(columns) / shape.shape[1]
        return torch.stack([*columns, values], dim=2)

    def curvature(self, jacobian: Tensor) -> Tensor:
        """Return the Gauss–Newton precision (P·K, P·K) of the shape, its prior included."""
        n_states, size = jacobian.shape[1:]
        likelihood = torch.einsum("npk,npq,nql->pkql", jacobian, self.evidence.curvature, jacobian)
        return likelihood.reshape(n_states * size, -1) + torch.diag(self.precision.repeat(n_states))

    @property
    def covariance(self) -> Tensor:
        """Posterior covariance (P, K, K) of each state's shape, given all but its amplitude, before the last step."""
        n_states, size = self.field.shape.shape
        blocks = torch.linalg.inv(self.last_precision).view(n_states, size + 1, n_states, size + 1)
        return torch.stack([blocks[p, :-1, p, :-1] for p in range(n_states)])

    def improve(self, rounds: int) -> Steps[Tensor]:
        """Take up to ``rounds`` steps, none of which lowers the log joint; give the shape that was reached."""
        shape, damping = torch.nn.functional.pad(self.field.shape, (0, 1)), 1e-3
        values = self.values(shape)
        gain = self.gain(shape, values)
        for done in range(rounds):
            jacobian = yield from part_of(self.jacobian(shape, values), done / rounds, (done + 0.8) / rounds)
            residual = self.evidence.score - torch.einsum(
                "npq,nq->np", self.evidence.curvature, values - self.evidence.field
            )
            slope = torch.einsum("npk,np->pk", jacobian, residual) - self.precision * (shape - self.mean)
            precision = self.last_precision = self.curvature(jacobian)
            for _ in range(TRIES):
                damped = precision + damping * torch.diag(precision.diagonal())
                step = torch.linalg.solve(damped, slope.flatten()).view_as(shape).clamp(-LONGEST, LONGEST)
                there = self.values(shape + step)
                yield (done + 0.9) / rounds
                better = self.gain(shape + step, there)
                if better > gain:
                    shape, values, gain, damping = shape + step, there, better, max(damping / 5, LEAST_DAMPING)
                    break
                damping *= 5
            else:
                break
        return shape[:, :-1]
