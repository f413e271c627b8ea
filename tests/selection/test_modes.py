from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection import Mode, combine

rows = st.lists(st.integers(0, 30))


@given(rows, rows)
def test_modes_are_the_operations_of_sets(current, found):
    one, other = set(current), set(found)
    expected = {"add": one | other, "subtract": one - other, "intersect": one & other, "invert": one ^ other}
    assert set(expected) == set(Mode)
    for mode, spots in expected.items():
        joined = combine(np.array(current, int), np.array(found, int), mode)
        assert joined.tolist() == sorted(spots)
        assert joined.dtype == np.int64


def test_masks_are_selections_too():
    assert combine(np.array([True, False, True]), [1, 2], Mode.INVERT).tolist() == [0, 1]


def test_a_misspelt_mode_is_named():
    with pytest.raises(UnknownName, match="Did you mean subtract"):
        combine([1], [2], "substract")


def test_what_is_no_selection_is_refused():
    with pytest.raises(ConcertError, match="start at 0"):
        combine([-1], [2], Mode.ADD)
