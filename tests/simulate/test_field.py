"""The true field against its formula, source by source."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.simulate.field import Field, Places
from napari_concert.simulate.recipe import Reach

DECAY = {
    "exponential": lambda r: np.exp(-r),
    "gaussian": lambda r: np.exp(-0.5 * r * r),
    "cauchy": lambda r: 1 / (1 + r * r),
    "step": lambda r: float(r <= 1),
}


def places(n: int = 60, seed: int = 0) -> Places:
    rng = np.random.default_rng(seed)
    return Places(rng.uniform(0, 1000, (n, 2)), rng.integers(0, 3, n), np.zeros(n, dtype=np.int64))


def states(n: int = 60, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 3, n)


def each(reach: Reach, i: int, sources: np.ndarray, where: Places, range_um: float) -> list[float]:
    """Return what every source gives spot ``i``."""
    turn = np.radians(reach.angle)
    long, short = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    given = []
    for j in sources:
        step = where.coords[i] - where.coords[j]
        away = np.hypot(step @ long / np.sqrt(reach.ratio), step @ short * np.sqrt(reach.ratio))
        passes = 1.0 if where.tissue[i] == where.tissue[j] else reach.border_pass
        given.append(DECAY[reach.kernel](away / range_um) * passes)
    return given


@pytest.mark.parametrize("kernel", DECAY)
@pytest.mark.parametrize("reach", [Reach(), Reach(ratio=2.5, angle=30.0), Reach(border_pass=0.4)])
def test_the_nearest_source_counts(reach: Reach, kernel: str) -> None:
    reach, where, state = replace(reach, kernel=kernel), places(), states()
    found = Field.of(reach, (0.0, 2.0, 3.0))(2, state, where)
    expected = [
        0 if s == 2 else max(each(reach, i, np.flatnonzero(state == 2), where, 300)) for i, s in enumerate(state)
    ]
    assert np.allclose(found, expected)


def test_sources_add_up_or_saturate() -> None:
    where, state = places(), states()
    given = np.array([each(Reach(), i, np.flatnonzero(state == 1), where, 200) for i in range(60)])
    others = state != 1
    summed, saturating = (Field.of(Reach(join=join), (0.0, 2.0, 3.0)) for join in ("summed", "saturating"))
    assert np.allclose(summed(1, state, where)[others], summed.scale[1] * given.sum(axis=1)[others])
    assert np.allclose(saturating(1, state, where)[others], (1 - np.prod(1 - given, axis=1))[others])
    assert 0 < summed.scale[1] < 1


def test_a_sum_is_scaled_to_what_the_nearest_gives_near_a_typical_nodule() -> None:
    row, column = np.divmod(np.arange(900), 30)
    grid = 100 * np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])
    away = np.linalg.norm(grid - grid[450 + 15], axis=1)
    state = (np.argsort(np.argsort(away, kind="stable")) < 20).astype(np.int64)
    where = Places(grid, np.zeros(900, np.int64), np.zeros(900, np.int64))
    nodule = grid[state == 1]
    near = (np.linalg.norm(grid[:, None] - nodule, axis=2).min(axis=1) <= 200.001) & (state == 0)
    nearest, summed = (Field.of(Reach(join=join), (0.0, 2.0))(1, state, where) for join in ("nearest", "summed"))
    assert summed[near].mean() == pytest.approx(nearest[near].mean(), rel=0.1)


def test_nothing_crosses_a_blocked_border_nor_a_section() -> None:
    where, state = places(), states()
    blocked = Field.of(Reach(border_pass=0.0), (0.0, 2.0, 3.0))
    for tissue in range(3):
        alone = np.where((state == 1) & (where.tissue != tissue), 0, state)
        same = where.tissue == tissue
        assert np.allclose(blocked(1, state, where)[same & (state != 1)], blocked(1, alone, where)[same & (state != 1)])
    apart = replace(where, place=(state == 1).astype(np.int64))
    assert not Field.of(Reach(), (0.0, 2.0, 3.0))(1, state, apart).any()


@given(st.integers(0, 50), st.sampled_from(["nearest", "summed", "saturating"]))
def test_more_sources_never_give_less(seed: int, join: str) -> None:
    where, state = places(40, seed), states(40, seed + 1)
    field = Field.of(Reach(join=join), (0.0, 2.0, 3.0))
    more = state.copy()
    more[np.flatnonzero(state == 0)[:3]] = 1
    elsewhere = more != 1
    assert (field(1, more, where)[elsewhere] >= field(1, state, where)[elsewhere] - 1e-12).all()


def test_a_stored_field_is_the_same_field() -> None:
    made = Field.of(Reach(join="summed", kernel="cauchy", ratio=2.0, angle=10.0, border_pass=0.3), (0.0, 2.0, 3.0))
    again = Field.stored(made.record())
    assert np.array_equal(again(1, states(), places()), made(1, states(), places()))


def test_in_space_z_has_a_length_of_its_own_and_nothing_passes_a_cut_off() -> None:
    rng = np.random.default_rng(3)
    where, state = replace(places(), coords=rng.uniform(0, 600, (60, 3))), states()
    cut_offs = np.array([[0.0, 0.0, 0.0], [300.0, 150.0, 500.0]])
    field = Field(np.array([0.0, 200.0]), np.ones(2), np.diag([1.0, 1.0, 2.0]), cut_off_um=cut_offs)
    expected = np.zeros(60)
    for i in np.flatnonzero(state != 1):
        for j in np.flatnonzero(state == 1):
            dx, dy, dz = where.coords[i] - where.coords[j]
            if np.sqrt(dx**2 + dy**2 + dz**2) <= cut_offs[1, where.tissue[i]]:
                expected[i] = max(expected[i], np.exp(-np.sqrt(dx**2 + dy**2 + (2 * dz) ** 2) / 200))
    assert np.allclose(field(1, state, where), expected)
    assert (expected[state != 1] == 0).any()
    assert np.allclose(Field.stored(field.record())(1, state, where), expected)
