"""Learned reach against the kernel's formula."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from napari_concert.model.field import Pairs, PropagatedField
from napari_concert.model.scope import cut_off_errors, half_outline, scope_errors, scopes

REACH = 8.0


def _field(dimensions: int, seed: int, n_tissues: int = 3) -> PropagatedField:
    """Return a field of two states whose parameters lie around their priors."""
    field = PropagatedField(2, n_tissues, dimensions, REACH).double()
    draw = torch.Generator().manual_seed(seed)
    field.shape += 0.6 * torch.randn(field.shape.shape, generator=draw, dtype=torch.float64)
    return field


def _felt(field: PropagatedField, state: int, offset: np.ndarray, cut_off: float) -> float:
    """Return how strongly a source at ``offset`` is felt, by the field's formula."""
    alpha, bend = field.alpha[state].item(), field.bend[state].item()
    scaled = offset @ expm(field.log_metric[state].numpy()) @ offset
    beside = np.exp(-2 * field.shape[state, 0].item())
    near = ((1 + scaled**bend / alpha) / (1 + beside**bend / alpha)) ** -alpha
    x = np.clip(2 * np.linalg.norm(offset) / cut_off - 1, 0, 1)
    return float(near * (1 - x**3 * (10 - 15 * x + 6 * x**2)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from([2, 3]))
def test_at_the_ranges_a_source_is_felt_half_as_strongly_as_beside_it(seed: int, dimensions: int) -> None:
    field = _field(dimensions, seed)
    found = scopes(field)
    for state in (0, 1):
        lengths, axes = np.linalg.eigh(field.log_metric[state].numpy())  # longest first
        cut_off = np.median(field.cut_offs[state, :-1].numpy())
        assert found.cut_off[state].item() == pytest.approx(cut_off)  # the column of unknown tissue does not count
        assert lengths[0] <= lengths[-1]
        for range_, axis in ((found.range_long[state].item(), 0), (found.range_short[state].item(), -1)):
            assert _felt(field, state, range_ * axes[:, axis], cut_off) == pytest.approx(0.5, abs=1e-6)
        assert found.range_long[state] >= found.range_short[state]


def test_the_range_is_that_of_the_field_itself() -> None:
    """A receiver at that distance feels half of what its neighbour one pitch from the source feels."""
    field = PropagatedField(1, 1, 2, REACH).double()
    field.shape[0, 4] = np.log(0.6)  # bend
    away = scopes(field).range_long.item()
    offset = torch.tensor([[1.0, 0.0], [away, 0.0]], dtype=torch.float64)
    receiver, source = torch.tensor([1, 2]), torch.tensor([0, 0])
    state, tissue = torch.tensor([0, -1, -1]), torch.zeros(3, dtype=torch.int64)
    felt = field(Pairs(receiver, source, offset), state, tissue)[:, 0]
    np.testing.assert_allclose(felt, [0, 1, 0.5], atol=1e-9)


def test_an_exponential_fall_halves_every_log_two_lengths() -> None:
    field = PropagatedField(1, 0, 2, 1000.0).double()
    field.shape[0, 0], field.shape[0, 3], field.shape[0, 4] = np.log(3.0), 18.0, np.log(0.5)
    assert scopes(field).range_long.item() == pytest.approx(1 + 3 * np.log(2), rel=1e-4)


def test_without_anisotropy_both_ranges_agree_and_the_rest_is_passed_on() -> None:
    field = PropagatedField(1, 3, 2, REACH).double()
    field.shape[0, 5:7] = torch.tensor([-1.0, 0.3])
    found = scopes(field)
    assert found.range_long.item() == pytest.approx(found.range_short.item())
    assert found.passes_border.item() == pytest.approx(1 / (1 + np.e))
    assert found.sources.item() == pytest.approx(1 + np.exp(0.3))


def test_without_tissues_the_only_cut_off_counts() -> None:
    found = scopes(PropagatedField(1, 0, 2, 8.0).double())
    assert found.cut_off.item() == pytest.approx(8 / (1 + np.exp(-1.0)), rel=1e-6)


def test_nothing_propagates_nothing_is_told() -> None:
    nothing = PropagatedField(0, 2, 2, 8.0).double()
    assert all(len(part) == 0 for part in (*scopes(nothing), *scope_errors(nothing)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from([2, 3]), st.floats(0, 359))
def test_on_the_outline_a_source_is_felt_half_as_strongly_as_beside_it(
    seed: int, dimensions: int, degrees: float
) -> None:
    field = _field(dimensions, seed)
    toward = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0.0])[:dimensions]
    away = half_outline(field, np.array([degrees]))
    for state in (0, 1):
        cut_off = np.median(field.cut_offs[state, :-1].numpy())
        assert _felt(field, state, away[state, 0].item() * toward, cut_off) == pytest.approx(0.5, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from([2, 3]))
def test_the_angle_is_where_the_outline_is_farthest(seed: int, dimensions: int) -> None:
    field = _field(dimensions, seed)
    found, degrees = scopes(field), np.arange(0.0, 180.0, 0.5)
    outline = half_outline(field, degrees).numpy()
    at = half_outline(field, found.angle.numpy()).diagonal().numpy()
    assert (at >= outline.max(axis=1) - 1e-9).all()
    assert ((found.angle >= 0) & (found.angle <= 180)).all()
    if dimensions == 2:
        np.testing.assert_allclose(at, found.range_long)
        np.testing.assert_allclose(half_outline(field, found.angle.numpy() + 90).diagonal(), found.range_short)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.floats(-180, 180), st.booleans())
def test_the_angle_turns_with_the_coordinates(seed: int, turned: float, mirrored: bool) -> None:
    field = _field(2, seed)
    cos, sin = np.cos(np.radians(turned)), np.sin(np.radians(turned))
    turn = torch.tensor([[cos, -sin], [sin, cos]], dtype=torch.float64)
    if mirrored:
        turn = turn @ torch.diag(torch.tensor([1.0, -1.0], dtype=torch.float64))
    before = scopes(field)
    shear = torch.einsum("pk,kab->pab", field.shape[:, 1 : field.after_shear], field.shear_basis)
    field.shape[:, 1 : field.after_shear] = torch.einsum("kab,pab->pk", field.shear_basis, turn @ shear @ turn.T)
    after = scopes(field)
    expected = (-before.angle if mirrored else before.angle) + turned
    off = torch.remainder(after.angle - expected + 90, 180) - 90
    np.testing.assert_allclose(off, 0, atol=1e-6)
    np.testing.assert_allclose(after.range_long, before.range_long)


def test_without_anisotropy_no_direction_is_told() -> None:
    assert scopes(PropagatedField(1, 1, 2, REACH).double()).angle.isnan().all()


def test_a_cut_off_that_nothing_was_learned_of_is_as_unsure_as_its_prior() -> None:
    field = PropagatedField(2, 3, 2, REACH).double()
    np.testing.assert_allclose(cut_off_errors(field), np.ones((2, 4)))
    field.shape_covariance[1, -3, -3] = 0.25
    assert cut_off_errors(field)[1].tolist() == [1.0, 0.5, 1.0, 1.0]
