"""Learned reach against the kernel's formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_concert.model.field import PropagatedField
from napari_concert.model.scope import half_distance, scopes


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 20), st.floats(0.05, 50), st.floats(0.2, 20))
def test_at_the_half_distance_the_kernel_is_one_half(length: float, alpha: float, cut_off: float) -> None:
    args = [torch.tensor([[value]], dtype=torch.float64) for value in (length, alpha, cut_off)]
    r = half_distance(*args).item()
    t = r / cut_off
    kernel = (1 + (r / length) ** 2 / alpha) ** -alpha * (1 - t) ** 4 * (4 * t + 1)
    assert kernel == pytest.approx(0.5, abs=1e-9)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_ranges_follow_the_axes(dimensions: int) -> None:
    field = PropagatedField(2, 3, dimensions, 8.0).double()
    turn = torch.linalg.qr(torch.randn(dimensions, dimensions, dtype=torch.float64)).Q
    lengths = torch.tensor([3.0, 1.5, 0.7], dtype=torch.float64)[:dimensions]
    with torch.no_grad():
        field.log_metric[1] = turn @ torch.diag(-2 * lengths.log()) @ turn.mT
        field.log_alpha[1], field.border_logit[1], field.log_power[1] = 0.5, -1.0, 0.3
        field.cut_logit[1] = torch.tensor([0.0, 1.0, -2.0, 9.0])
    found = scopes(field)
    cut = 8 / (1 + np.exp(-0.0))  # the median of three tissues; the column of unknown tissue does not count
    assert found.cut_off[1].item() == pytest.approx(cut)
    for range_, axis in ((found.range_long[1], 0), (found.range_short[1], -1)):
        offset = range_.item() * turn[:, axis]
        kernel = (1 + (offset @ torch.linalg.matrix_exp(field.log_metric[1]) @ offset).item() / np.exp(0.5)) ** -np.exp(
            0.5
        )
        t = range_.item() / cut
        assert kernel * (1 - t) ** 4 * (4 * t + 1) == pytest.approx(0.5, abs=1e-6)
    assert found.range_long[1] > found.range_short[1]
    assert found.range_long[0] == pytest.approx(found.range_short[0].item())
    assert found.passes_border[1].item() == pytest.approx(1 / (1 + np.e))
    assert found.sources[1].item() == pytest.approx(1 + np.exp(0.3))


def test_without_tissues_the_only_cut_off_counts() -> None:
    found = scopes(PropagatedField(1, 0, 2, 8.0).double())
    assert found.cut_off.item() == pytest.approx(8 / (1 + np.exp(-1.0)), rel=1e-6)


def test_nothing_propagates_nothing_is_told() -> None:
    assert all(len(part) == 0 for part in scopes(PropagatedField(0, 2, 2, 8.0).double()))
