"""The front spot on a line of sight, against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.selection import Sight

numbers = st.floats(-4, 4)
points = st.tuples(numbers, numbers, numbers)


@given(st.integers(0, 99), points, points, st.floats(0.05, 2), st.booleans())
def test_the_front_spot_is_the_nearest_whose_disc_the_line_meets(seed, origin, direction, radius, some):
    along = np.array(direction)
    assume(np.linalg.norm(along) > 0.1)
    along = along / np.linalg.norm(along)
    rng = np.random.default_rng(seed)
    spots = rng.uniform(-3, 3, (60, 3))
    spots[5] = np.nan
    among = rng.random(60) < 0.5 if some else None
    offset = spots - np.array(origin)
    depth = offset @ along
    away = np.linalg.norm(offset - depth[:, None] * along, axis=1)
    assume(np.nanmin(np.abs(away - radius)) > 1e-6)
    hit = (away < radius) & (among if some else True)
    expected = int(np.flatnonzero(hit)[np.argmin(depth[hit])]) if hit.any() else None
    assert Sight(spots, direction, radius).front(origin, among) == expected


@given(st.integers(0, 99), points, st.floats(0.3, 2))
def test_on_the_front_section_the_spot_nearest_to_the_line_is_meant(seed, origin, radius):
    along = np.array([0.3, 0.5, 0.8]) / np.linalg.norm([0.3, 0.5, 0.8])
    rng = np.random.default_rng(seed)
    spots, sections = rng.uniform(-3, 3, (60, 3)), rng.integers(0, 4, 60)
    offset = spots - np.array(origin)
    depth = offset @ along
    away = np.linalg.norm(offset - depth[:, None] * along, axis=1)
    assume(np.abs(away - radius).min() > 1e-6)
    hit = np.flatnonzero(away < radius)
    found = Sight(spots, along, radius, sections).front(origin)
    if not len(hit):
        assert found is None
        return
    there = hit[sections[hit] == sections[hit[np.argmin(depth[hit])]]]
    assert found == there[np.argmin(away[there])]


@given(st.integers(0, 20), st.floats(-50, 50))
def test_where_on_the_line_one_looks_from_does_not_matter(seed, step):
    rng = np.random.default_rng(seed)
    spots, along = rng.uniform(-3, 3, (60, 3)), np.array([0.2, -0.5, 0.8])
    sight = Sight(spots, along, 0.8)
    assert sight.front(spots[3] + 0.1) == sight.front(spots[3] + 0.1 + step * along)


def test_a_section_without_gaps_hides_the_one_behind():
    grid = np.column_stack(np.divmod(np.arange(100), 10)).astype(float)
    spots = np.concatenate([np.column_stack([grid, np.full(100, z)]) for z in (0.0, 1.0)])
    sight = Sight(spots, (0, 0, 1), 0.71)
    seen = [sight.front((x, y, -9)) for x in np.linspace(0, 9, 40) for y in np.linspace(0, 9, 40)]
    assert max(seen) < 100
    assert sight.front((20.0, 0.0, 0.0)) is None
    assert sight.front((4.2, 4.2, 0.0), np.arange(200) >= 100) == 144, "a section that is hidden does not stand before"


def test_of_two_spots_at_one_place_the_first_is_seen():
    assert Sight(np.zeros((3, 3)), (1, 0, 0), 1.0).front((0, 0, 0)) == 0


def test_nothing_is_seen_of_nothing():
    assert Sight(np.zeros((0, 3)), (1, 0, 0), 1.0).front((0, 0, 0)) is None


@pytest.mark.parametrize("direction", [(0, 0, 0), (1, 2), (np.nan, 0, 0)])
def test_no_direction_is_said(direction):
    with pytest.raises(ConcertError, match="direction"):
        Sight(np.zeros((1, 3)), direction, 1.0)
