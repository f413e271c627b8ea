"""The propagated field against a naive double loop, and what painting a spot does to it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

from napari_concert.model.field import Pairs, PropagatedField, pairs_within

REACH = 3.5
SETTINGS = {"seed": st.integers(0, 2**31 - 1), "dimensions": st.sampled_from([2, 3])}


def _field(seed: int, n_states: int, n_tissues: int, dimensions: int) -> PropagatedField:
    """Return a field whose parameters lie around their start."""
    field = PropagatedField(n_states, n_tissues, dimensions, REACH).double()
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64), alpha=0.5)
    return field


class Spots:
    """Random spots, with the field's inputs."""

    def __init__(self, seed: int, n: int = 24, dimensions: int = 2, n_states: int = 2, n_tissues: int = 2) -> None:
        rng = np.random.default_rng(seed)
        self.coords = rng.uniform(0, 5, (n, dimensions))
        self.place = rng.integers(0, 2, n)
        self.state = rng.integers(-1, n_states, n)
        self.tissue = rng.integers(-1, n_tissues, n)

    def pairs(self) -> Pairs:
        return pairs_within(self.coords, self.place, np.flatnonzero(self.state >= 0), REACH)

    def field(self, field: PropagatedField) -> np.ndarray:
        state, tissue = torch.from_numpy(self.state), torch.from_numpy(self.tissue)
        return field(self.pairs(), state, tissue).detach().numpy()


@cache
def _matrices(field: PropagatedField) -> list[np.ndarray]:
    """Return the metric of every state."""
    return [expm((a + a.T) / 2) for a in field.log_metric.detach().numpy()]


def _weight(field: PropagatedField, spots: Spots, i: int, j: int) -> float:
    """Return the kernel of receiver ``i`` and source ``j``, by its formula."""
    p, delta = spots.state[j], spots.coords[i] - spots.coords[j]
    alpha, cut = field.log_alpha[p].exp().item(), field.cut_offs[p, spots.tissue[i]].item()
    ratio = np.linalg.norm(delta) / cut
    near = (1 + delta @ _matrices(field)[p] @ delta / alpha) ** -alpha
    mask = max(0.0, 1 - ratio) ** 4 * (4 * ratio + 1)
    crosses = spots.tissue[i] != spots.tissue[j] and min(spots.tissue[i], spots.tissue[j]) >= 0
    return near * mask * (field.passes_border[p].item() if crosses else 1.0)


def _naive(field: PropagatedField, spots: Spots) -> np.ndarray:
    """Return the field by a loop over receivers, states and sources."""
    n, n_states = len(spots.state), len(field.log_alpha)
    result = np.zeros((n, n_states))
    for i in range(n):
        for p in range(n_states):
            if spots.state[i] == p:
                continue
            power = field.power[p].item()
            sources = [j for j in range(n) if spots.state[j] == p and spots.place[j] == spots.place[i]]
            result[i, p] = sum(_weight(field, spots, i, j) ** power for j in sources) ** (1 / power)
    return result


@settings(max_examples=25, deadline=None)
@given(**SETTINGS)
def test_field_is_the_formula(seed: int, dimensions: int) -> None:
    spots, field = Spots(seed, dimensions=dimensions), _field(seed, 2, 2, dimensions)
    np.testing.assert_allclose(spots.field(field), _naive(field, spots), atol=2e-5)


@settings(max_examples=20, deadline=None)
@given(**SETTINGS)
def test_sources_add_under_their_power(seed: int, dimensions: int) -> None:
    spots, field = Spots(seed, dimensions=dimensions), _field(seed, 2, 2, dimensions)
    sources = np.flatnonzero(spots.state == 0)
    receivers = np.flatnonzero(spots.state == -1)
    half = np.isin(np.arange(len(spots.state)), sources[::2])
    together, power = spots.field(field)[receivers, 0], field.power[0].item()
    parts = []
    for kept in (half, ~half):
        alone = Spots(seed, dimensions=dimensions)
        alone.state[(spots.state == 0) & ~kept] = -1
        parts.append(alone.field(field)[receivers, 0] ** power)
    np.testing.assert_allclose(together**power, parts[0] + parts[1], atol=1e-4)


def test_one_source_beside_gives_its_kernel_and_many_at_most_their_sum() -> None:
    spots, field = Spots(0), _field(0, 2, 2, 2)
    found = spots.field(field)
    for i in np.flatnonzero(spots.state == -1):
        weights = [
            _weight(field, spots, i, j) for j in np.flatnonzero(spots.state == 1) if spots.place[i] == spots.place[j]
        ]
        assert max(weights, default=0) - 2e-5 <= found[i, 1] <= sum(weights) + 2e-5


def test_a_spot_feels_nothing_of_its_own_state() -> None:
    spots, field = Spots(1), _field(1, 2, 2, 2)
    found = spots.field(field)
    for p in (0, 1):
        assert (found[spots.state == p, p] == 0).all()
        assert (found[spots.state != p, p] > 0).any()


def test_painting_a_spot_reaches_its_place_alone() -> None:
    spots, field = Spots(2, n=40), _field(2, 2, 2, 2)
    before = spots.field(field)
    painted = int(np.flatnonzero(spots.state == -1)[0])
    spots.state[painted] = 0
    change = np.abs(spots.field(field) - before)
    distance = np.linalg.norm(spots.coords - spots.coords[painted], axis=1)
    reached = change[:, 0] > 1e-9
    assert reached.sum() > 3
    assert (spots.place[reached] == spots.place[painted]).all()
    assert (distance[reached] < field.cut_offs[0].max().item()).all()
    assert change[:, 1].max() == 0


@settings(max_examples=20, deadline=None)
@given(**SETTINGS)
def test_pairs_are_all_near_ones_and_no_others(seed: int, dimensions: int) -> None:
    spots = Spots(seed, dimensions=dimensions)
    pairs, sources = spots.pairs(), np.flatnonzero(spots.state >= 0)
    expected = {
        (i, j)
        for i in range(len(spots.place))
        for j in sources
        if i != j and spots.place[i] == spots.place[j] and np.linalg.norm(spots.coords[i] - spots.coords[j]) <= REACH
    }
    assert set(zip(pairs.receiver.tolist(), pairs.source.tolist(), strict=True)) == expected
    np.testing.assert_allclose(pairs.offset, spots.coords[pairs.receiver] - spots.coords[pairs.source])


def test_pairs_may_come_in_any_order() -> None:
    spots, field = Spots(3), _field(3, 2, 2, 2)
    pairs, state, tissue = spots.pairs(), torch.from_numpy(spots.state), torch.from_numpy(spots.tissue)
    order = torch.randperm(len(pairs.receiver), generator=torch.Generator().manual_seed(0))
    shuffled = Pairs(*(part[order] for part in pairs))
    assert torch.allclose(field(pairs, state, tissue), field(shuffled, state, tissue), atol=1e-13)


def test_no_source_no_field() -> None:
    spots, field = Spots(4), _field(4, 2, 2, 2)
    spots.state[:] = -1
    assert len(spots.pairs().receiver) == 0
    assert (spots.field(field) == 0).all()


def test_the_cut_off_ends_the_field() -> None:
    field = _field(5, 1, 1, 2)
    cut = field.cut_offs[0, 0].item()
    spots = Spots(5, n=3)
    spots.coords = np.array([[0.0, 0.0], [0.999 * cut, 0.0], [1.001 * cut, 0.0]])
    spots.place[:], spots.tissue[:], spots.state[:] = 0, 0, [0, -1, -1]
    found = spots.field(field)[:, 0]
    assert found[2] == 0
    assert found[1] < 1e-8  # Wendland's function ends smoothly
    spots.coords[1, 0] = 0.2 * cut
    assert spots.field(field)[1, 0] > 0.1


def test_the_cut_off_is_that_of_the_receiving_tissue() -> None:
    field = _field(6, 1, 2, 2)
    with torch.no_grad():
        field.cut_logit[0] = torch.tensor([2.0, -2.0, 0.0])
        field.border_logit[:] = 40.0
    spots = Spots(6, n=4)
    spots.coords = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    spots.place[:], spots.state[:], spots.tissue[:] = 0, [0, -1, -1, -1], [0, 0, 1, -1]
    with torch.no_grad():
        field.log_metric[:] = 0
    near, narrow, unknown = spots.field(field)[1:, 0]
    assert narrow == pytest.approx(0, abs=1e-6)  # 1 pitch is beyond 3.5·sigmoid(-2) = 0.42
    assert near > unknown > 0.01


def test_the_border_lets_its_share_through() -> None:
    field = _field(7, 1, 2, 2)
    with torch.no_grad():
        field.log_metric[:], field.cut_logit[:] = 0, 1.0
    spots = Spots(7, n=4)
    spots.coords = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    spots.place[:], spots.state[:], spots.tissue[:] = 0, [0, -1, -1, -1], [0, 0, 1, -1]
    same, across, unknown = spots.field(field)[1:, 0]
    assert across / same == pytest.approx(field.passes_border.item(), rel=1e-4)
    assert unknown == pytest.approx(same, rel=1e-6)  # no border can be told where the tissue is not known


@pytest.mark.parametrize("dimensions", [2, 3])
def test_gradient_by_finite_differences(dimensions: int) -> None:
    spots, field = Spots(8, n=12, dimensions=dimensions), _field(8, 2, 2, dimensions)
    pairs, state, tissue = spots.pairs(), torch.from_numpy(spots.state), torch.from_numpy(spots.tissue)
    names = [name for name, _ in field.named_parameters()]

    def forward(*values: torch.Tensor) -> torch.Tensor:
        return torch.func.functional_call(field, dict(zip(names, values, strict=True)), (pairs, state, tissue))

    start = tuple(parameter.detach().clone().requires_grad_() for parameter in field.parameters())
    assert torch.autograd.gradcheck(forward, start, eps=1e-6, atol=1e-5, rtol=1e-3)


def test_gradient_is_finite_where_the_field_is_zero() -> None:
    spots, field = Spots(9, n=2), _field(9, 1, 1, 2)
    spots.coords = np.array([[0.0, 0.0], [0.9999 * REACH, 0.0]])
    spots.place[:], spots.state[:], spots.tissue[:] = 0, [0, -1], 0
    field(spots.pairs(), torch.from_numpy(spots.state), torch.from_numpy(spots.tissue)).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in field.parameters())


def test_penalty_is_least_at_the_start_and_takes_no_side_on_rotation() -> None:
    field = PropagatedField(2, 2, 2, REACH).double()
    assert field.penalty().item() == pytest.approx(0, abs=1e-10)
    assert _field(10, 2, 2, 2).penalty().item() > 0.1
    stretched = [torch.diag(torch.tensor(diagonal, dtype=torch.float64)) for diagonal in ([-1.0, -2.0], [-2.0, -1.0])]
    penalties = []
    for log_metric in stretched:
        with torch.no_grad():
            field.log_metric[:] = log_metric
        penalties.append(field.penalty().item())
    assert penalties[0] == pytest.approx(penalties[1])
