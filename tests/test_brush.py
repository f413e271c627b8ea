from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_concert.brush import SpotIndex, distance_to_segment
from napari_concert.errors import ConcertError

numbers = st.integers(-40, 40).map(lambda v: v / 4)


def clouds(dimensions: int):
    return hnp.arrays(float, st.tuples(st.integers(1, 40), st.just(dimensions)), elements=numbers)


def gap(points, start, end):
    """Distance to a segment by fine steps along it: slow and independent."""
    steps = start + np.linspace(0, 1, 2001)[:, None] * (end - start)
    return np.linalg.norm(points[:, None] - steps, axis=2).min(axis=1)


@pytest.mark.parametrize("dimensions", [2, 3])
@given(data=st.data())
def test_a_stroke_is_the_union_of_its_capsules(dimensions, data):
    points = data.draw(clouds(dimensions))
    path = data.draw(hnp.arrays(float, (data.draw(st.integers(1, 4)), dimensions), elements=numbers))
    radius = data.draw(st.floats(0.1, 5))
    ends = path if len(path) == 1 else path[1:]
    near = np.min([gap(points, a, b) for a, b in zip(path, ends, strict=False)], axis=0)
    assume(np.all(np.abs(near - radius) > 0.02))  # the brute force is coarse
    assert SpotIndex(points).spots_in_stroke(path, radius).tolist() == np.flatnonzero(near < radius).tolist()


@given(clouds(2), numbers, numbers, st.floats(0, 8))
def test_a_disc_has_the_spots_within_its_radius_edge_included(points, x, y, radius):
    distance = np.hypot(*(points - (x, y)).T)
    found = SpotIndex(points).spots_in_disc((x, y), radius)
    assert set(np.flatnonzero(distance <= radius)) <= set(found) <= set(np.flatnonzero(distance <= radius * (1 + 1e-8)))


@given(clouds(2), hnp.arrays(float, st.tuples(st.integers(3, 7), st.just(2)), elements=numbers))
def test_a_polygon_has_the_spots_that_shapely_covers(points, corners):
    outline = shapely.Polygon(corners)
    assume(outline.is_valid and outline.area > 0)
    found = SpotIndex(points).spots_in_polygon(corners)
    assert found.tolist() == np.flatnonzero(shapely.covers(outline, shapely.points(points))).tolist()


@given(clouds(2), st.data())
def test_ring_grow_and_shrink_against_all_distances(points, data):
    rows = np.array(data.draw(st.lists(st.integers(0, len(points) - 1), unique=True)), dtype=int)
    places = np.array(data.draw(st.lists(st.integers(0, 1), min_size=len(points), max_size=len(points))))
    by = data.draw(st.floats(0.05, 6))
    index = SpotIndex(points, places)
    between = np.linalg.norm(points[:, None] - points, axis=2)
    between[places[:, None] != places] = np.inf
    assume(np.all(np.abs(between - by) > 1e-6))
    inside = np.isin(np.arange(len(points)), rows)
    to_patch = between[:, inside].min(axis=1, initial=np.inf)
    to_rest = between[:, ~inside].min(axis=1, initial=np.inf)
    assert np.allclose(index.distance_to(rows), to_patch)
    assert index.ring(rows, by).tolist() == np.flatnonzero((to_patch <= by) & ~inside).tolist()
    assert index.grow(rows, by).tolist() == np.flatnonzero((to_patch <= by) | inside).tolist()
    assert index.shrink(rows, by).tolist() == np.flatnonzero(inside & (to_rest > by)).tolist()


@given(clouds(2), st.data(), st.floats(0.1, 5))
def test_distances_looked_for_within_a_limit_are_the_same_there(points, data, within):
    rows = data.draw(st.lists(st.integers(0, len(points) - 1), unique=True))
    index = SpotIndex(points)
    whole, limited = index.distance_to(rows), index.distance_to(rows, within)
    assume(np.all(np.abs(whole - within) > 1e-6))
    assert np.array_equal(limited, np.where(whole < within, whole, np.inf))


def test_a_fast_stroke_leaves_no_gap():
    points = np.column_stack([np.arange(100.0), np.zeros(100)])
    assert SpotIndex(points).spots_in_stroke([[0, 0], [99, 0]], 0.6).tolist() == list(range(100))


def test_spots_without_coordinates_are_never_selected():
    points = np.array([[0.0, 0], [np.nan, np.nan], [1, 0]])
    index = SpotIndex(points)
    assert index.n_spots == 3
    assert index.spots_in_disc((0, 0), 50).tolist() == [0, 2]
    assert index.spots_in_polygon([[-9, -9], [9, -9], [9, 9], [-9, 9]]).tolist() == [0, 2]
    assert np.isnan(index.distance_to([0])[1])
    assert index.grow([0], 5).tolist() == [0, 2]


def test_places_keep_strokes_and_neighbours_apart():
    points = np.zeros((4, 2)) + np.arange(4)[:, None] // 2
    index = SpotIndex(points, [0, 1, 0, 1])
    assert index.spots_in_disc((0, 0), 9).tolist() == [0, 1, 2, 3]
    assert index.spots_in_disc((0, 0), 9, place=1).tolist() == [1, 3]
    assert index.spots_in_disc((0, 0), 9, place=5).tolist() == []
    assert index.spots_in_polygon([[-1, -1], [3, -1], [3, 3], [-1, 3]], place=0).tolist() == [0, 2]
    assert index.ring([0], 9).tolist() == [2]
    assert index.nearest((1, 1), place=0) == 2
    assert index.nearest((5, 5), within=1.0) is None


def test_nearest_is_nearest_of_all_places():
    index = SpotIndex([[0.0, 0], [4, 0], [1, 0]], [0, 0, 1])
    assert index.nearest((1.2, 0)) == 2


def test_a_lasso_that_crosses_itself_keeps_what_it_winds_around():
    around_twice = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0], [4, 0], [4, 4], [0, 4]]
    assert SpotIndex([[2.0, 2], [5, 5]]).spots_in_polygon(around_twice).tolist() == [0]
    assert SpotIndex([[2.0, 2]]).spots_in_polygon([[0, 0], [4, 0]]).tolist() == []
    assert SpotIndex([[2.0, 2]]).spots_in_polygon([]).tolist() == []


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: SpotIndex(np.zeros((3, 4))), "shape"),
        (lambda: SpotIndex(np.zeros((3, 2)), [0, 1]), "Places have shape"),
        (lambda: SpotIndex(np.zeros((3, 2))).spots_in_stroke([[0, 0, 0]], 1), "needs points of shape"),
        (lambda: SpotIndex(np.zeros((3, 2))).ring([3], 1), "beyond the slide's 3 spots"),
        (lambda: SpotIndex(np.zeros((3, 2))).ring([-1], 1), "start at 0"),
    ],
)
def test_what_does_not_fit_is_refused(action, message):
    with pytest.raises(ConcertError, match=message):
        action()


def test_empty_strokes_and_radii_select_nothing():
    index = SpotIndex(np.zeros((3, 2)))
    assert index.spots_in_stroke(np.zeros((0, 2)), 1).size == 0
    assert index.spots_in_disc((0, 0), np.nan).size == 0
    assert index.ring([], 5).size == 0


def test_distance_to_a_segment_of_no_length_is_that_to_its_point():
    assert distance_to_segment(np.array([[3.0, 4.0]]), np.zeros(2), np.zeros(2)).tolist() == [5.0]


def test_a_stroke_segment_on_100000_spots_takes_less_than_5_ms():
    index = SpotIndex(np.random.default_rng(0).uniform(0, 31_600, (100_000, 2)))
    times = []
    for _ in range(20):
        start = perf_counter()
        index.spots_in_stroke([[5000, 5000], [5200, 5100]], 500)
        times.append(perf_counter() - start)
    assert np.median(times) < 0.005
