"""Pairs of spots against all distances."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.model.neighbours import Neighbours, Pairs, single_patches


def _found(pairs: Pairs) -> set[tuple[int, int]]:
    return set(zip(pairs.receiver.tolist(), pairs.source.tolist(), strict=True))


@given(st.integers(0, 2**16), st.integers(1, 40), st.sampled_from([2, 3]), st.floats(0.5, 6.0))
def test_pairs_are_those_of_all_distances(seed: int, n: int, dimensions: int, reach: float) -> None:
    rng = np.random.default_rng(seed)
    coords, place = rng.uniform(0, 8, (n, dimensions)), rng.integers(0, 2, n)
    sources, receivers = (np.flatnonzero(rng.uniform(size=n) < 0.5) for _ in range(2))
    near = Neighbours(coords, place, reach)
    away = np.linalg.norm(coords[:, None] - coords, axis=2)
    wanted = (away <= reach) & (place[:, None] == place) & ~np.eye(n, dtype=bool)
    wanted[:, np.setdiff1d(np.arange(n), sources)] = False
    around, onto = near.around(sources), near.onto(receivers, sources)
    assert _found(around) == set(zip(*(part.tolist() for part in np.nonzero(wanted)), strict=True))
    assert _found(onto) == {pair for pair in _found(around) if pair[0] in receivers}
    np.testing.assert_array_equal(around.offset, coords[around.receiver.numpy()] - coords[around.source.numpy()])
    assert (np.diff(around.receiver) >= 0).all()


def test_a_state_in_one_patch_a_place_is_told_from_one_in_several() -> None:
    grid = np.stack(np.meshgrid(np.arange(12.0), np.arange(4.0)), -1).reshape(-1, 2)
    coords, place = np.vstack([grid, grid]), np.repeat([0, 1], len(grid))
    x, first = coords[:, 0], place == 0
    members = np.array(
        [
            (x < 4),  # one patch in each place
            first & ((x < 3) | (x > 8)),  # two patches in one place
            first & ((x < 5) | ((x == 11) & (coords[:, 1] == 0))),  # one patch and a stray spot
            np.zeros(len(x), dtype=bool),
        ]
    )
    assert single_patches(coords, place, members).tolist() == [True, False, True, False]


def test_a_patch_goes_on_from_section_to_section() -> None:
    disc = np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0)), -1).reshape(-1, 2)
    for spacing, expected in ((1.2, True), (5.0, False)):
        coords = np.vstack([np.column_stack([disc, np.full(9, spacing * i)]) for i in range(3)])
        place, members = np.zeros(27, dtype=np.int64), np.ones((1, 27), dtype=bool)
        assert single_patches(coords, place, members).tolist() == [expected]
