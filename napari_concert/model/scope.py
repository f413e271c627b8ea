"""How far each state's propagated field reaches, in numbers a reader can picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from napari_concert.model.field import PropagatedField
from napari_concert.model.kernels import length_scales, mask, rational_quadratic

_HALVINGS = 60  # of the interval that holds the answer


class Scopes(NamedTuple):
    """Learned reach of every propagating state; each (states,), lengths in spot pitches.

    Attributes
    ----------
    range_long, range_short
        Distance at which one source is felt half as strongly as beside it, along the longest and shortest axis.
    cut_off
        Distance beyond which nothing is felt: the median over tissues.
    passes_border
        Share that crosses a tissue border.
    sources
        Exponent that joins sources: 1 is their sum, large the nearest alone.
    """

    range_long: Tensor
    range_short: Tensor
    cut_off: Tensor
    passes_border: Tensor
    sources: Tensor


@torch.no_grad()
def scopes(field: PropagatedField) -> Scopes:
    """Return the learned reach of every state."""
    lengths, _ = length_scales(field.log_metric)
    tissues = field.cut_offs[:, :-1] if field.cut_offs.shape[1] > 1 else field.cut_offs
    count, ordered = tissues.shape[1], tissues.sort(dim=1).values
    cut_off = (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2
    alpha = field.alpha
    half = half_distance(lengths, alpha[:, None], cut_off[:, None])
    return Scopes(half[:, 0], half[:, -1], cut_off, field.passes_border, field.power)


def half_distance(length: Tensor, alpha: Tensor, cut_off: Tensor) -> Tensor:
    """Return the distance (states, d) at which ``(1 + r²/(ℓ²α))^-α · m(r/c)`` is ½, by bisection."""
    low, high = torch.zeros_like(length), cut_off.expand_as(length).clone()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        inside = rational_quadratic((middle / length).square(), alpha) * mask(middle / cut_off) > 0.5
        low, high = torch.where(inside, middle, low), torch.where(inside, high, middle)
    return (low + high) / 2
