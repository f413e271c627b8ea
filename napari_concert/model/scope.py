"""How far each state's propagated field reaches, in numbers a reader can picture."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from numpy import float64
from numpy.typing import NDArray
from torch import Tensor

from napari_concert.model.field import PropagatedField
from napari_concert.model.kernels import length_scales, mask, metric, rational_quadratic

DIFFERENCE = 1e-5
ALIKE = 1e-6  # relative difference of both axes below which no direction is told
_HALVINGS = 36  # of the interval that holds the answer: 1e-10 pitches, far below what DIFFERENCE moves it by


class Scopes(NamedTuple):
    """Learned reach of every propagating state; each (states,), lengths in spot pitches.

    Attributes
    ----------
    range_long, range_short
        Distance at which one source is felt half as strongly as one pitch away, along the longest and shortest axis.
    cut_off
        Distance beyond which nothing is felt: the median over tissues.
    passes_border
        Share that crosses a tissue border.
    sources
        Exponent that joins sources: 1 is their sum, large the nearest alone.
    angle
        Direction within the plane of the first two coordinates in which it reaches farthest: degrees from the first
        towards the second, 0 to 180; NaN where all are alike.
    """

    range_long: Tensor
    range_short: Tensor
    cut_off: Tensor
    passes_border: Tensor
    sources: Tensor
    angle: Tensor


class ScopeErrors(NamedTuple):
    """Standard errors of the natural log of both ranges (states,), given all other parts of the model."""

    range_long: Tensor
    range_short: Tensor


@torch.no_grad()
def scopes(field: PropagatedField) -> Scopes:
    """Return the learned reach of every state."""
    half, cut_off = _half(field, field.shape)
    return Scopes(half[:, 0], half[:, -1], cut_off, field.passes_border, field.power, _angle(field.log_metric))


@torch.no_grad()
def scope_errors(field: PropagatedField) -> ScopeErrors:
    """Return the standard errors of both ranges, from the covariance of the field's shape by the delta method."""
    n_states, n_columns = field.shape.shape
    moved = field.shape.repeat(n_columns + 1, 1, 1)  # as it is, and each column moved a little: all in one go
    moved[1:] += DIFFERENCE * torch.eye(n_columns, dtype=moved.dtype)[:, None]
    log_half = _half(field, moved.flatten(0, 1))[0].log()
    log_half = log_half.view(n_columns + 1, n_states, log_half.shape[-1])
    slope = ((log_half[1:] - log_half[0]) / DIFFERENCE).permute(1, 2, 0)  # (states, d, K)
    sd = torch.einsum("pdk,pkl,pdl->pd", slope, field.shape_covariance, slope).clamp(min=0).sqrt()
    return ScopeErrors(sd[:, 0], sd[:, -1])


@torch.no_grad()
def half_outline(field: PropagatedField, degrees: NDArray[float64]) -> Tensor:
    """Return the distance (states, n), in pitches, at which one source is felt half as strongly as one pitch away.

    Parameters
    ----------
    degrees
        Directions (n,) within the plane of the first two coordinates, from the first towards the second.
    """
    turn = torch.deg2rad(torch.as_tensor(degrees, dtype=field.shape.dtype))
    toward = torch.stack([turn.cos(), turn.sin()], dim=1)
    stretch = torch.einsum("na,pab,nb->pn", toward, metric(field.log_metric)[:, :2, :2], toward)
    return _half_along(field, stretch.rsqrt(), _cut_off(field))


@torch.no_grad()
def cut_off_errors(field: PropagatedField) -> Tensor:
    """Return the standard errors (states, tissues + 1) of the logits of cut-off / reach; 1 is what the prior has."""
    variance = field.shape_covariance.diagonal(dim1=-2, dim2=-1)
    return variance[:, field.after_shear + 4 :].clamp(min=0).sqrt()


def _angle(log_metric: Tensor) -> Tensor:
    """Return in which direction (states,) of the plane of the first two coordinates the metric is shortest."""
    values, axes = torch.linalg.eigh(metric(log_metric)[:, :2, :2])
    degrees = torch.remainder(torch.rad2deg(torch.atan2(axes[:, 1, 0], axes[:, 0, 0])), 180)
    return torch.where(values[:, 1] - values[:, 0] > ALIKE * values[:, 1], degrees, math.nan)


def _half(field: PropagatedField, shape: Tensor) -> tuple[Tensor, Tensor]:
    """Return half distances (states, d), longest first, and cut-offs (states,) of a shape (states, K)."""
    kept, field.shape = field.shape, shape
    try:
        lengths, _ = length_scales(field.log_metric)
        cut_off = _cut_off(field)
        return _half_along(field, lengths, cut_off), cut_off
    finally:
        field.shape = kept


def _cut_off(field: PropagatedField) -> Tensor:
    """Return the cut-off (states,): the median over tissues."""
    tissues = field.cut_offs[:, :-1] if field.cut_offs.shape[1] > 1 else field.cut_offs
    count, ordered = tissues.shape[1], tissues.sort(dim=1).values
    return (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2


def _half_along(field: PropagatedField, lengths: Tensor, cut_off: Tensor) -> Tensor:
    """Return half distances (states, n) in directions of which the kernel has lengths (states, n)."""
    form = Form(lengths, field.alpha[:, None], field.bend[:, None], cut_off[:, None])
    near = form.near(field.shape[:, :1].exp(), torch.ones_like(cut_off)[:, None])
    return half_distance(form, 0.5 * near)


class Form(NamedTuple):
    """The kernel along some axes: lengths (states, d), and α, γ and cut-off (states, 1)."""

    length: Tensor
    alpha: Tensor
    bend: Tensor
    cut_off: Tensor

    def near(self, length: Tensor, distance: Tensor) -> Tensor:
        """Return ``(1 + (r/ℓ)^2γ/α)^-α``."""
        return rational_quadratic((distance / length) ** (2 * self.bend), self.alpha)


def half_distance(form: Form, half: Tensor) -> Tensor:
    """Return the distance (states, d) at which the kernel times its mask ``m(r/c)`` is ``half``, by bisection."""
    low, high = torch.zeros_like(form.length), form.cut_off.expand_as(form.length).clone()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = form.near(form.length, middle) * mask(middle / form.cut_off) > half
        low, high = torch.where(inside, middle, low), torch.where(inside, high, middle)
    return (low + high) / 2
