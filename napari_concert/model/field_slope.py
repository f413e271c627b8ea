"""How the field moves with its shape (see :mod:`.field`), in closed form.

With ``s = Δᵀ exp(A) Δ``, ``q = s^γ`` and ``n(q) = -α log(1 + q/α)``, so that
``log k = n(q) - n(q at one pitch) + log m + border``::

    ∂n/∂log q = -q / (1 + q/α)               ∂log q/∂log γ = log q        ∂s/∂A along B = Δᵀ Dexp(A)[B] Δ
    ∂n/∂log α = n(q) + q / (1 + q/α)         ∂log q/∂log range = -2γ
    S_ip = Σ_j k^ρ,   u = S^(1/ρ)            ∂u = u (∂S / S - log S ∂ρ / ρ) / ρ

All columns share one look at the pairs. Difference quotients took one each, a third of an epoch on large stacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from napari_concert.model.field import PropagatedField
from napari_concert.model.kernels import mask, mask_slope, metric, quadratic
from napari_concert.model.neighbours import Pairs

NEAREST = 1e-300  # squared distance: spots on each other have no logarithm


class Form(NamedTuple):
    """``n``, ``∂n/∂log q``, ``∂n/∂log α`` and ``log q``, of pairs (E,) or states (P,)."""

    value: Tensor
    by_log_q: Tensor
    by_log_alpha: Tensor
    log_q: Tensor

    @classmethod
    def of(cls, log_q: Tensor, alpha: Tensor) -> Form:
        """Return the form at ``log q``."""
        q = log_q.exp()
        value, slope = -alpha * torch.log1p(q / alpha), -q / (1 + q / alpha)
        return cls(value, slope, value - slope, log_q)


class FieldSlope:
    """The field (N, states) as it is, and its slopes.

    Parameters
    ----------
    field, pairs
        What is differentiated, and over which pairs.
    state, tissue
        Propagating state and tissue (N,) of every spot, -1 where none.
    """

    def __init__(self, field: PropagatedField, pairs: Pairs, state: Tensor, tissue: Tensor) -> None:
        self.field, self.pairs, self.state = field, pairs, state
        self.source = source = state[pairs.source]
        self.slot = pairs.receiver * len(field.shape) + source
        self.tissue, source_tissue = tissue[pairs.receiver], tissue[pairs.source]
        self.crosses = (self.tissue != source_tissue) & (self.tissue >= 0) & (source_tissue >= 0)
        self.squared = quadratic(pairs.offset, metric(field.log_metric), source).clamp(min=NEAREST)
        self.form = Form.of(field.bend[source] * self.squared.log(), field.alpha[source])
        self.one_pitch = Form.of(-2 * field.bend * field.shape[:, 0], field.alpha)
        self.power = field.power[source]
        self.ratio = pairs.offset.norm(dim=1) / field.cut_offs[source, self.tissue]
        border = torch.where(self.crosses, field.passes_border[source], 1.0)
        self.log_weight = self.form.value - self.one_pitch.value[source] + (mask(self.ratio) * border).log()
        self.terms = (self.power * self.log_weight).exp()
        self.sums = self._total(self.terms)
        self.values = field.joined(self.sums, state)

    def columns(self) -> Iterator[Tensor]:
        """Yield ``∂u/∂φ`` (N, states) for each column of the shape, in order."""
        of_weights = (self._metric, self._form, self._border)
        for slope in (slope for part in of_weights for slope in part()):
            yield self._joined(self._total(self.power * self.terms * slope))
        yield self._by_power()
        for slope in self._cut_offs():
            yield self._joined(self._total(self.power * self.terms * slope))

    def _metric(self) -> Iterator[Tensor]:
        """Yield ``∂log k`` (E,) along the log range and the traceless part."""
        field, own = self.field, self.form.by_log_q
        yield -2 * field.bend[self.source] * (own - self.one_pitch.by_log_q[self.source])
        for direction in field.shear_basis:
            moved = quadratic(self.pairs.offset, _exponential_slope(field.log_metric, direction), self.source)
            yield field.bend[self.source] * own * moved / self.squared

    def _form(self) -> Iterator[Tensor]:
        """Yield ``∂log k`` (E,) along log α and log γ."""
        here, one = self.form, self.one_pitch
        yield here.by_log_alpha - one.by_log_alpha[self.source]
        yield here.by_log_q * here.log_q - (one.by_log_q * one.log_q)[self.source]

    def _border(self) -> Iterator[Tensor]:
        yield torch.where(self.crosses, 1 - self.field.passes_border[self.source], 0.0)

    def _cut_offs(self) -> Iterator[Tensor]:
        """Yield ``∂log k`` (E,) along the cut-off logit of each tissue, and of unknown ones."""
        inside = mask(self.ratio)
        rising = -self.ratio * mask_slope(self.ratio) / inside.clamp(min=NEAREST)
        free = 1 - self.field.cut_offs / self.field.reach
        n_cuts = free.shape[1]
        for column in range(n_cuts):
            here = self.tissue == (column if column < n_cuts - 1 else -1)
            yield torch.where(here & (inside > 0), rising * free[self.source, column], 0.0)

    def _by_power(self) -> Tensor:
        """Return ``∂u/∂log(ρ - 1)``."""
        known = self.terms > 0
        slope = self._total(torch.where(known, self.terms * self.log_weight, 0.0))
        power = self.field.power
        own = torch.where(self.sums > 0, self.sums.clamp(min=NEAREST).log(), 0.0) / power
        return (power - 1) * (self._joined(slope) - self.values * own / power)

    def _joined(self, slope: Tensor) -> Tensor:
        """Return the slope of ``u`` for that of the sums (N, states)."""
        felt = torch.where(self.sums > 0, self.values / self.sums.clamp(min=NEAREST), 0.0)
        return felt * slope / self.field.power

    def _total(self, terms: Tensor) -> Tensor:
        """Return sums (N, states) over pairs."""
        shape = len(self.state), len(self.field.shape)
        return terms.new_zeros(shape[0] * shape[1]).index_add(0, self.slot, terms).view(shape)


def _exponential_slope(log_metric: Tensor, direction: Tensor) -> Tensor:
    """Return the derivative (states, d, d) of ``exp(A)`` along ``B``.

    It is the upper right block of ``exp [[A, B], [0, A]]`` (Higham 2008, eq. 3.16).
    """
    size = direction.shape[-1]
    upper = torch.cat([log_metric, direction.expand_as(log_metric)], dim=2)
    lower = torch.cat([torch.zeros_like(log_metric), log_metric], dim=2)
    slope: Tensor = torch.linalg.matrix_exp(torch.cat([upper, lower], dim=1))[:, :size, size:]
    return slope
