from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_concert.errors import ConcertError
from napari_concert.selection.neighbours import checked_step, groups, links

points = hnp.arrays(
    float, st.tuples(st.integers(0, 30), st.integers(2, 3)), elements=st.integers(-9, 9).map(lambda value: value / 2)
)


@given(points, st.sampled_from([0.5, 1.0, 1.5, 2.25]))
def test_links_are_all_pairs_within_the_step_edge_included(points, step):
    near = np.linalg.norm(points[:, None] - points, axis=2) <= step * (1 + 1e-9)
    expected = set(zip(*np.nonzero(np.triu(near, 1)), strict=True))
    found = [tuple(sorted(pair)) for pair in zip(*links(points, step), strict=True)]
    assert len(found) == len(set(found))
    assert set(found) == expected


@given(st.integers(1, 20), st.data())
def test_groups_are_what_hangs_together(n, data):
    pairs = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=20))
    group = groups(n, tuple(np.array(pairs, np.int64).reshape(-1, 2).T))
    reached = np.eye(n, dtype=bool)
    for _ in range(n):
        for one, other in pairs:
            reached[one] = reached[other] = reached[one] | reached[other]
    assert np.array_equal(group[:, None] == group, (reached.astype(int) @ reached.T) > 0)


@pytest.mark.parametrize("step", [0, -1.0, np.nan, np.inf])
def test_a_step_is_a_positive_length(step):
    with pytest.raises(ConcertError, match="must be a positive length"):
        checked_step(step)
