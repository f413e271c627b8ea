"""The propagated field against a naive double loop, and what painting a spot does to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm
from scipy.stats import norm

from napari_concert.model.field import PropagatedField, shear_basis
from napari_concert.model.neighbours import Pairs, pairs_within

REACH = 3.5
SETTINGS = {"seed": st.integers(0, 2**31 - 1), "dimensions": st.sampled_from([2, 3])}


def _field(seed: int, n_states: int, n_tissues: int, dimensions: int) -> PropagatedField:
    """Return a field whose parameters lie around their start."""
    field = PropagatedField(n_states, n_tissues, dimensions, REACH).double()
    draw = torch.Generator().manual_seed(seed)
    field.shape += 0.5 * torch.randn(field.shape.shape, generator=draw, dtype=torch.float64)
    return field


def _columns(dimensions: int) -> dict[str, int]:
    """Return where each parameter stands in ``shape``."""
    n_shear = dimensions * (dimensions + 1) // 2 - 1
    names = ("alpha", "bend", "border", "power", "cut")
    return {"range": 0, "shear": 1} | {name: 1 + n_shear + k for k, name in enumerate(names)}


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
        return field(self.pairs(), state, tissue).numpy()


def _weight(field: PropagatedField, spots: Spots, i: int, j: int) -> float:
    """Return the kernel of receiver ``i`` and source ``j``, by its formula."""
    p, delta = spots.state[j], spots.coords[i] - spots.coords[j]
    shape, at = field.shape[p].numpy(), _columns(len(delta))
    shear = np.einsum("k,kab->ab", shape[1 : at["alpha"]], field.shear_basis.numpy())
    metric = expm(shear - 2 * shape[0] * np.eye(len(delta)))
    alpha, bend, power_of_e = np.exp(shape[at["alpha"]]), np.exp(shape[at["bend"]]), np.exp(-2 * shape[0])
    near = ((1 + (delta @ metric @ delta) ** bend / alpha) / (1 + power_of_e**bend / alpha)) ** -alpha
    cut = REACH / (1 + np.exp(-shape[at["cut"] :][spots.tissue[i]]))
    x = np.clip(2 * np.linalg.norm(delta) / cut - 1, 0, 1)
    crosses = spots.tissue[i] != spots.tissue[j] and min(spots.tissue[i], spots.tissue[j]) >= 0
    passes = 1 / (1 + np.exp(-shape[at["border"]])) if crosses else 1.0
    return float(near * (1 - x**3 * (10 - 15 * x + 6 * x**2)) * passes)


def _naive(field: PropagatedField, spots: Spots) -> np.ndarray:
    """Return the field by a loop over receivers, states and sources."""
    n, n_states = len(spots.state), len(field.shape)
    result = np.zeros((n, n_states))
    for i in range(n):
        for p in range(n_states):
            if spots.state[i] == p:
                continue
            power = 1 + np.exp(field.shape[p, _columns(spots.coords.shape[1])["power"]].item())
            sources = [j for j in range(n) if spots.state[j] == p and spots.place[j] == spots.place[i]]
            result[i, p] = sum(_weight(field, spots, i, j) ** power for j in sources) ** (1 / power)
    return result


@settings(max_examples=25, deadline=None)
@given(**SETTINGS)
def test_field_is_the_formula(seed: int, dimensions: int) -> None:
    spots, field = Spots(seed, dimensions=dimensions), _field(seed, 2, 2, dimensions)
    np.testing.assert_allclose(spots.field(field), _naive(field, spots), rtol=1e-9, atol=1e-12)


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
    np.testing.assert_allclose(together**power, parts[0] + parts[1], rtol=1e-9, atol=1e-12)


def test_one_source_beside_gives_its_kernel_and_many_at_most_their_sum() -> None:
    spots, field = Spots(0), _field(0, 2, 2, 2)
    found = spots.field(field)
    for i in np.flatnonzero(spots.state == -1):
        weights = [
            _weight(field, spots, i, j) for j in np.flatnonzero(spots.state == 1) if spots.place[i] == spots.place[j]
        ]
        assert max(weights, default=0) - 1e-12 <= found[i, 1] <= sum(weights) + 1e-12


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
    assert 0 < found[1] < 1e-6  # the mask ends smoothly
    spots.coords[1, 0] = 0.2 * cut
    assert spots.field(field)[1, 0] > 0.1


def _four(field: PropagatedField) -> np.ndarray:
    """Return what spots of the source's, the other and no tissue feel of a source one pitch away."""
    spots = Spots(6, n=4)
    spots.coords = np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    spots.place[:], spots.state[:], spots.tissue[:] = 0, [0, -1, -1, -1], [0, 0, 1, -1]
    return spots.field(field)[1:, 0]


def test_the_cut_off_is_that_of_the_receiving_tissue() -> None:
    field, at = PropagatedField(1, 2, 2, REACH).double(), _columns(2)
    field.shape[0, at["cut"] :] = torch.tensor([2.0, -2.0, -0.4])
    field.shape[0, at["border"]] = 40.0
    near, narrow, unknown = _four(field)
    assert narrow == 0  # 1 pitch is beyond 3.5·sigmoid(-2) = 0.42
    assert near == pytest.approx(1)  # within half the cut-off nothing is lost
    assert 0.01 < unknown < 0.99


def test_the_border_lets_its_share_through() -> None:
    field = PropagatedField(1, 2, 2, REACH).double()
    field.shape[0, _columns(2)["border"]] = -0.7
    same, across, unknown = _four(field)
    assert across / same == pytest.approx(1 / (1 + np.exp(0.7)))
    assert field.passes_border.item() == pytest.approx(across / same)
    assert unknown == pytest.approx(same)  # no border can be told where the tissue is not known


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31 - 1), st.floats(-2, 3), st.floats(-2, 6), st.floats(-1, 1.5))
def test_one_pitch_away_the_kernel_is_one(seed: int, log_range: float, log_alpha: float, log_bend: float) -> None:
    """So that a weight is the effect beside a source, whatever the form."""
    field, at = PropagatedField(1, 0, 2, REACH).double(), _columns(2)
    field.shape[0, 0], field.shape[0, at["alpha"]], field.shape[0, at["bend"]] = log_range, log_alpha, log_bend
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi)
    offset = torch.tensor([[np.cos(angle), np.sin(angle)]], dtype=torch.float64)
    pairs = Pairs(torch.tensor([1]), torch.tensor([0]), offset)
    found = field(pairs, torch.tensor([0, -1]), torch.tensor([-1, -1]))
    np.testing.assert_allclose(found, [[0], [1]], rtol=1e-9)


@pytest.mark.parametrize(
    ("log_alpha", "log_bend", "form"),
    [
        (0.0, 0.0, lambda r: 1 / (1 + r**2)),
        (20.0, np.log(0.5), lambda r: np.exp(-r)),
        (20.0, 0.0, lambda r: np.exp(-(r**2))),
    ],
    ids=["Cauchy", "exponential", "Gaussian"],
)
def test_known_forms(log_alpha: float, log_bend: float, form: Callable[[np.ndarray], np.ndarray]) -> None:
    field, at = PropagatedField(1, 0, 2, 100.0).double(), _columns(2)
    field.shape[0, 0], field.shape[0, at["alpha"]], field.shape[0, at["bend"]] = np.log(2.5), log_alpha, log_bend
    away = np.linspace(0.5, 6, 12)
    offset = torch.from_numpy(np.column_stack([away, 0 * away]))
    pairs = Pairs(torch.arange(12), torch.zeros(12, dtype=torch.int64), offset)
    found = field.weights(pairs, torch.zeros(12, dtype=torch.int64), torch.full((12,), -1))
    np.testing.assert_allclose(found, form(away / 2.5) / form(np.array(1 / 2.5)), rtol=1e-6)


@settings(max_examples=15, deadline=None)
@given(**SETTINGS)
def test_moving_and_turning_the_tissue_changes_nothing(seed: int, dimensions: int) -> None:
    spots, field = Spots(seed, dimensions=dimensions), _field(seed, 2, 2, dimensions)
    before, log_metric = spots.field(field), field.log_metric.clone()
    turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(dimensions, dimensions)))[0]
    spots.coords = (spots.coords - 40.0) @ turn.T
    turned = torch.from_numpy(turn) @ log_metric @ torch.from_numpy(turn.T)
    field.shape[:, 1 : field.after_shear] = torch.einsum("pab,kab->pk", turned, field.shear_basis)
    assert torch.allclose(field.log_metric, turned, atol=1e-12)
    np.testing.assert_allclose(spots.field(field), before, atol=1e-8)


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_shear_basis_is_orthonormal_and_without_trace(dimensions: int) -> None:
    basis = shear_basis(dimensions).numpy()
    assert len(basis) == dimensions * (dimensions + 1) // 2 - 1
    np.testing.assert_allclose(np.einsum("kab,lab->kl", basis, basis), np.eye(len(basis)), atol=1e-12)
    np.testing.assert_allclose(np.trace(basis, axis1=1, axis2=2), 0, atol=1e-12)
    np.testing.assert_array_equal(basis, basis.transpose(0, 2, 1))


def test_coincident_spots_have_a_finite_field() -> None:
    spots, field = Spots(9, n=10), _field(9, 2, 2, 2)
    spots.coords[:] = 1.0
    found = spots.field(field)
    assert np.isfinite(found).all()
    assert (found > 0).any()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_penalty_is_that_of_normal_priors(dimensions: int) -> None:
    start, field = PropagatedField(2, 2, dimensions, REACH).double(), _field(10, 2, 2, dimensions)
    assert start.penalty().item() == 0
    mean, sd = start.prior_mean.numpy(), start.prior_sd.numpy()
    expected = norm.logpdf(mean, mean, sd).sum() * 2 - norm.logpdf(field.shape.numpy(), mean, sd).sum()
    assert field.penalty().item() == pytest.approx(expected)
    assert field.shape.shape == (2, _columns(dimensions)["cut"] + 3)
    assert np.exp(mean[0]) == pytest.approx(2)  # pitches


def test_penalty_takes_no_side_on_rotation() -> None:
    field, penalties = PropagatedField(1, 0, 2, REACH).double(), []
    for angle in (0.0, 0.4, 1.2):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        stretched = torch.from_numpy(turn @ np.diag([0.5, -0.5]) @ turn.T)
        field.shape[0, 1 : field.after_shear] = torch.einsum("ab,kab->k", stretched, field.shear_basis)
        penalties.append(field.penalty().item())
    assert penalties[0] > 0.1
    np.testing.assert_allclose(penalties, penalties[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), through=st.floats(-1.5, 1.5))
def test_a_constant_z_gives_the_plane(seed: int, through: float) -> None:
    """Whatever the length-scale in z; only where k is 1 differs: at a pitch along the mean of all axes."""
    spots, plane = Spots(seed), _field(seed, 2, 2, 2)
    space, at = PropagatedField(2, 2, 3, REACH).double(), {d: _columns(d) for d in (2, 3)}
    off, level = plane.shape[:, 1:3].mT  # of x with y, and of x against y
    space.shape[:, 1 : at[3]["alpha"]] = torch.stack([off, 0 * off, 0 * off, level, through + 0 * off], dim=1)
    space.shape[:, 0] = plane.shape[:, 0] + through / 6**0.5 / 2  # z takes its part out of the mean range
    space.shape[:, at[3]["alpha"] :] = plane.shape[:, at[2]["alpha"] :]
    flat = spots.field(plane)
    spots.coords = np.column_stack([spots.coords, np.full(len(flat), 7.0)])
    solid = spots.field(space)
    for p in range(2):
        alpha, bend = (np.exp(plane.shape[p, at[2][name]].item()) for name in ("alpha", "bend"))
        at_pitch = [(1 + np.exp(-2 * f.shape[p, 0].item()) ** bend / alpha) ** -alpha for f in (plane, space)]
        assert np.allclose(solid[:, p] * at_pitch[1], flat[:, p] * at_pitch[0], rtol=1e-9)
    if through == 0:
        assert np.allclose(solid, flat, rtol=1e-9)
