from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError
from napari_concert.selection import located
from napari_concert.selection.window import as_point, in_box

corners = hnp.arrays(float, 2, elements=st.integers(-24, 24).map(lambda value: value / 4))


@given(data=st.data(), low=corners, high=corners, place=st.sampled_from([None, 0, 1, 7]))
def test_a_box_has_the_spots_between_its_corners(slides, data, low, high, place):
    index = data.draw(slides())
    expected = [
        row
        for row, spot in enumerate(index.coords)
        if np.isfinite(spot).all()
        and (low <= spot[:2]).all()
        and (spot[:2] <= high).all()
        and place in (None, index.places[row])
    ]
    found = in_box(index, low, high, place)
    assert found.tolist() == expected
    assert found.dtype == np.int64


def test_an_endless_box_has_all_spots_with_coordinates():
    index = SpotIndex([[0.0, 1], [np.nan, 1], [np.inf, 1], [1e9, -1e9]])
    assert in_box(index, [-np.inf, -np.inf], [np.inf, np.inf]).tolist() == [0, 3]


def test_spots_without_coordinates_or_in_other_places_are_left_out():
    index = SpotIndex([[0.0, 0, 0], [0, 0, np.nan], [1, 1, 0], [2, 2, 0]], [0, 0, 0, 1])
    assert located(index, [3, 1, 0, 0]).tolist() == [0, 3]
    assert located(index, [3, 1, 0, 0], place=1).tolist() == [3]
    assert located(index, np.array([True, True, True, False])).tolist() == [0, 2]


def test_a_row_of_another_slide_is_refused():
    with pytest.raises(ConcertError, match="row 5 is beyond the slide's 2 spots"):
        located(SpotIndex(np.zeros((2, 2))), [5])


def test_a_point_has_two_finite_coordinates():
    assert as_point([1, 2, 3], "The centre").tolist() == [1, 2]
    for point in ([1.0], [1, np.nan], [[1, 2]]):
        with pytest.raises(ConcertError, match="The centre must be x, y in the slide's units"):
            as_point(point, "The centre")
