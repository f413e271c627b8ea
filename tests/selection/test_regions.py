from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection import in_range, same_region, with_label


def flooded(index, labels, row, step):
    """Walk from neighbour to neighbour over all distances: slow and independent."""
    if not np.isfinite(index.coords[row]).all():
        return []
    reached, asked = {row}, [row]
    while asked:
        here = asked.pop()
        for other in range(index.n_spots):
            near = np.linalg.norm(index.coords[here] - index.coords[other]) <= step * (1 + 1e-9)
            alike = labels[other] == labels[row] and index.places[other] == index.places[row]
            if near and alike and other not in reached:
                reached.add(other)
                asked.append(other)
    return sorted(reached)


@given(data=st.data(), step=st.sampled_from([0.25, 0.75, 1.5, 3.0, 6.0]))
def test_a_region_is_what_a_walk_over_neighbours_reaches(slides, data, step):
    index = data.draw(slides())
    labels = data.draw(st.lists(st.sampled_from(["a", None]), min_size=index.n_spots, max_size=index.n_spots))
    row = data.draw(st.integers(0, index.n_spots - 1))
    assert same_region(index, labels, row, step).tolist() == flooded(index, labels, row, step)


@pytest.mark.parametrize("size", [20, 60, 300])
def test_regions_wider_than_the_first_looks_are_whole(size):
    theta = np.linspace(0, 5.5, 7 * size)
    ring = size * np.column_stack([np.cos(theta), np.sin(theta)])  # an open ring: its ends are near, and not connected
    index = SpotIndex(np.concatenate([ring, ring + np.array([0, 4 * size]), [[0.0, 0.0]]]))
    assert same_region(index, np.full(index.n_spots, "a"), 0, 1.5).tolist() == list(range(len(ring)))


def test_a_missing_label_is_a_region_of_its_own():
    index = SpotIndex(np.column_stack([np.arange(5.0), np.zeros(5)]))
    labels = ["a", None, float("nan"), "a", "a"]
    assert same_region(index, labels, 1, 1.0).tolist() == [1, 2]
    assert same_region(index, labels, 4, 1.0).tolist() == [3, 4]


def test_all_spots_with_a_label():
    assert with_label(["a", None, "b", "a"], "a").tolist() == [0, 3]
    assert with_label(["a", None, "b", "a"], None).tolist() == [1]
    assert with_label(["a", "b"], None).tolist() == []
    assert with_label(np.array([3, 1, 3]), 3).tolist() == [0, 2]


@given(
    st.lists(st.integers(-5, 5) | st.just(np.nan) | st.just(np.inf)),
    st.none() | st.integers(-5, 5),
    st.none() | st.integers(-5, 5),
)
def test_a_range_has_its_ends_and_never_what_is_missing(values, low, high):
    if low is not None and high is not None and low > high:
        low, high = high, low
    expected = [
        row
        for row, value in enumerate(values)
        if not np.isnan(value) and (low is None or value >= low) and (high is None or value <= high)
    ]
    assert in_range(np.array(values, float), low, high).tolist() == expected


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda index: same_region(index, ["a"], 0, 1.0), "Labels have shape"),
        (lambda index: same_region(index, ["a", "b"], 2, 1.0), "beyond the slide's 2 spots"),
        (lambda index: same_region(index, ["a", "b"], 0, 0.0), "positive length"),
        (lambda _: with_label([["a"]], "a"), "Labels have shape"),
        (lambda _: in_range([1.0, 2.0], 3, 1), "no range from 3 to 1"),
        (lambda _: in_range([1.0, 2.0], np.nan), "no range from nan"),
        (lambda _: in_range([[1.0]]), "one value per spot"),
    ],
)
def test_what_does_not_fit_is_refused(action, message):
    with pytest.raises(ConcertError, match=message):
        action(SpotIndex(np.zeros((2, 2))))


def test_a_misspelt_label_is_named():
    with pytest.raises(UnknownName, match="Did you mean tumour"):
        with_label(["lung", "tumour", None], "tumor")
