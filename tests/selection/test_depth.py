"""Strokes through a stack, against brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.selection import Depth, SpotStack
from napari_concert.slide.levels import Levels

numbers = st.floats(-6, 6)
points = st.tuples(numbers, numbers, numbers)
depths = st.builds(Depth, st.sampled_from(["section", "sections", "sphere"]), st.integers(1, 3))
EDGE = 1e-7


def make(seed, apart=False, hidden=frozenset()):
    """Four sections of unequal size, two of them at one height; one spot has no coordinates."""
    rng = np.random.default_rng(seed)
    of = np.repeat([0, 1, 2, 3], [40, 10, 40, 25])
    heights = np.array([-3.0, 0.0, 0.0, 4.0])
    coords = np.column_stack([rng.uniform(-5, 5, (len(of), 2)), heights[of]])
    coords[7], of[7] = np.nan, -1
    places = np.arange(4) if apart else np.zeros(4, np.int64)
    return SpotStack(coords, Levels(tuple("abcd"), heights, of, places), hidden), coords, of, places


def distance(coords, path, axes):
    """Distance of each spot to a path in some axes."""
    best = np.full(len(coords), np.inf)
    for start, end in pairwise(path) if len(path) > 1 else [(path[0], path[0])]:
        a, b, p = start[:axes], end[:axes], coords[:, :axes]
        length = ((b - a) ** 2).sum()
        share = np.clip(((p - a) * (b - a)).sum(axis=1) / length, 0, 1) if length > 0 else np.zeros(len(p))
        best = np.fmin(best, np.sqrt(((p - a - share[:, None] * (b - a)) ** 2).sum(axis=1)))
    return best


@given(
    st.integers(0, 50),
    st.lists(points, min_size=1, max_size=4),
    st.floats(0.1, 5),
    depths,
    st.integers(0, 3),
    st.booleans(),
    st.sampled_from([frozenset(), frozenset({2}), frozenset({0, 1, 2, 3})]),
)
def test_a_stroke_takes_what_is_near_its_path(seed, path, radius, depth, level, apart, hidden):
    stack, coords, of, places = make(seed, apart, hidden)
    path = np.array(path)
    allowed = (of >= 0) & ~np.isin(of, list(hidden)) & (places[of] == places[level])
    if depth.reaches == "sphere":
        away = distance(coords, path, 3)
    else:
        away = distance(coords, path, 2)
        allowed &= np.abs(of - level) <= (depth.sections if depth.reaches == "sections" else 0)
    rows = set(stack.in_stroke(path, radius, depth, level).tolist())
    assert set(np.flatnonzero(allowed & (away < radius - EDGE)).tolist()) <= rows
    assert rows <= set(np.flatnonzero(allowed & (away < radius + EDGE)).tolist())


def test_a_sphere_is_smaller_on_other_sections():
    grid = np.column_stack(np.divmod(np.arange(121), 11)).astype(float)
    coords = np.concatenate([np.column_stack([grid, np.full(121, z)]) for z in (0.0, 3.0)])
    stack = SpotStack(coords, Levels(("a", "b"), np.array([0.0, 3.0]), np.repeat([0, 1], 121), np.zeros(2, np.int64)))
    rows = stack.in_stroke([[5, 5, 0]], 4.0, Depth("sphere"), 0)
    below, above = np.sum(rows < 121), np.sum(rows >= 121)
    assert below > above > 0
    assert len(stack.in_stroke([[5, 5, 0]], 4.0, Depth("sections", 1), 0)) == 2 * below


def test_a_depth_out_of_range_is_said():
    with pytest.raises(ConcertError, match="reach of the brush"):
        Depth("cube")
    with pytest.raises(ConcertError, match="1 or more whole sections"):
        Depth("sections", 0)
