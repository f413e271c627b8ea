from __future__ import annotations

from time import process_time

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection import (
    Lesion,
    holes_filled,
    in_ellipse,
    outline_of,
    resized,
    same_region,
    smoothed,
    spots_of,
)
from napari_concert.selection.outlines import turned

shapes = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["ellipse", "blob"]),
        "ratio": st.floats(0.3, 3),
        "angle": st.floats(-200, 200),
        "seed": st.integers(0, 99),
    }
) | st.fixed_dictionaries({"kind": st.just("disc")})
corners = st.tuples(st.floats(-6, 6), st.floats(-6, 6))
places = st.sampled_from([None, 0, 1])


def allowed(index, place):
    return np.isfinite(index.coords).all(axis=1) & ((index.places == place) | (place is None))


def cloud(seed=0, n=400):
    """Spots without ties."""
    return np.random.default_rng(seed).uniform(0, 20, (n, 2))


@given(data=st.data(), shape=shapes, area=st.floats(0.5, 80), centre=corners, place=places)
def test_a_lesion_of_an_area_has_the_spots_inside(slides, data, shape, area, centre, place):
    index, lesion = data.draw(slides()), Lesion(area=area, **shape)
    outline = shapely.Polygon(outline_of(lesion, index, centre, n=3000))
    assert outline.area == pytest.approx(area, rel=1e-9)
    rows = np.flatnonzero(allowed(index, place))
    points = shapely.points(index.coords[rows, :2])
    assume(shapely.distance(outline.exterior, points).min(initial=9) > 1e-3)
    assert spots_of(lesion, index, centre, place).tolist() == rows[shapely.covers(outline, points)].tolist()


@given(data=st.data(), area=st.floats(0.5, 80), ratio=st.floats(0.3, 3), angle=st.floats(-200, 200), centre=corners)
def test_an_ellipse_of_an_area_is_that_of_its_semi_axes(slides, data, area, ratio, angle, centre):
    index = data.draw(slides())
    axes = np.sqrt(area / np.pi) * np.array([np.sqrt(ratio), 1 / np.sqrt(ratio)])
    found = spots_of(Lesion("ellipse", area=area, ratio=ratio, angle=angle), index, centre)
    assert found.tolist() == in_ellipse(index, centre, axes, angle).tolist()


@given(data=st.data(), spots=st.integers(1, 30), centre=st.tuples(st.integers(-6, 6), st.integers(-6, 6)), place=places)
def test_a_disc_of_some_spots_has_the_nearest_the_first_rows_among_ties(slides, data, spots, centre, place):
    index = data.draw(slides())
    rows = np.flatnonzero(allowed(index, place))
    away = ((index.coords[rows, :2] - centre) ** 2).sum(axis=1)  # exact: quarters
    expected = np.sort(rows[np.lexsort((rows, away))][:spots])
    found = spots_of(Lesion("disc", spots=spots), index, centre, place)
    assert found.tolist() == expected.tolist()
    assert found.dtype == np.int64


@given(data=st.data(), shape=shapes, spots=st.integers(1, 50), centre=corners, place=places)
def test_as_many_spots_as_asked_and_the_place_has(slides, data, shape, spots, centre, place):
    index = data.draw(slides())
    found = spots_of(Lesion(spots=spots, **shape), index, centre, place)
    assert allowed(index, place)[found].all()
    assert len(np.unique(found)) == min(spots, allowed(index, place).sum())


@given(shape=shapes, spots=st.integers(1, 150), seed=st.integers(0, 99))
def test_a_lesion_of_some_spots_is_the_least_area_that_has_them(shape, spots, seed):
    index, lesion = SpotIndex(cloud(seed)), Lesion(spots=spots, **shape)
    found = spots_of(lesion, index, (10, 9))
    low, high = 0.0, 1e4
    while high - low > 1e-6 * high:
        area = 0.5 * (low + high)
        enough = len(spots_of(Lesion(area=area, **shape), index, (10, 9))) >= spots
        low, high = (low, area) if enough else (area, high)
    assert spots_of(Lesion(area=high, **shape), index, (10, 9)).tolist() == found.tolist()


@given(shape=shapes, spots=st.integers(1, 150), seed=st.integers(0, 99))
def test_the_outline_of_some_spots_encloses_just_these(shape, spots, seed):
    index, lesion = SpotIndex(cloud(seed)), Lesion(spots=spots, **shape)
    found = spots_of(lesion, index, (10, 9)).tolist()
    smooth = shapely.Polygon(outline_of(lesion, index, (10, 9), n=5000))
    assert np.flatnonzero(shapely.contains_xy(smooth, index.coords)).tolist() == found
    # few corners: what all but touches the curve may lie on the other side of a straight side, and nothing else
    outline = outline_of(lesion, index, (10, 9))
    other = np.setxor1d(index.spots_in_polygon(outline), found)
    away = shapely.distance(shapely.LinearRing(outline), shapely.points(index.coords[other]))
    assert away.max(initial=0) < 0.002 * np.sqrt(shapely.Polygon(outline).area)


@pytest.mark.parametrize("spots", [3, 4, 100])
def test_the_outline_of_a_whole_place_has_all_of_it(spots):
    index = SpotIndex([[0.0, 0], [3, 1], [1, 2], [np.nan, 0], [1, 1]], [0, 0, 0, 0, 1])
    outline = outline_of(Lesion("blob", spots=spots), index, (1, 1), n=500, place=0)
    assert index.spots_in_polygon(outline, place=0).tolist() == [0, 1, 2]
    assert spots_of(Lesion("blob", spots=spots), index, (1, 1), place=0).tolist() == [0, 1, 2]


def test_where_there_are_no_spots_the_outline_is_a_point():
    assert np.array_equal(outline_of(Lesion("disc", spots=5), SpotIndex(np.zeros((0, 2))), (1, 2), n=4), [[1, 2]] * 4)


@given(shape=shapes, size=st.sampled_from([{"spots": 40}, {"area": 30.0}]), turn=st.floats(0, 360), by=corners)
def test_lesions_move_and_turn_with_the_tissue(shape, size, turn, by):
    assume(shape["kind"] != "disc")
    points, centre = cloud(), np.array([10.0, 9.0])
    lesion, same = Lesion(**shape, **size), Lesion(**{**shape, "angle": shape["angle"] + turn}, **size)
    there = SpotIndex(turned(points - centre, turn) + centre + by)
    assert spots_of(same, there, centre + by).tolist() == spots_of(lesion, SpotIndex(points), centre).tolist()
    assert np.allclose(
        outline_of(same, there, centre + by),
        turned(outline_of(lesion, SpotIndex(points), centre) - centre, turn) + centre + by,
    )


def test_ties_are_broken_by_row_wherever_the_lesion_lies(hexagons):
    points = hexagons(9)
    for by in (0.0, 1 / 3, 12_345.678):
        index = SpotIndex(points * 100 + by)
        assert spots_of(Lesion("disc", spots=4), index, points[40] * 100 + by).tolist() == [30, 31, 39, 40]


@given(shape=shapes, factor=st.floats(0.2, 5), area=st.floats(0.1, 50))
def test_resizing_multiplies_lengths(shape, factor, area):
    index, lesion = SpotIndex(np.zeros((1, 2))), Lesion(area=area, **shape)
    other = resized(lesion, factor)
    assert np.allclose(outline_of(other, index, (0, 0)), factor * outline_of(lesion, index, (0, 0)))
    assert (other.kind, other.ratio, other.angle, other.seed) == (lesion.kind, lesion.ratio, lesion.angle, lesion.seed)


def test_resizing_a_number_of_spots_always_does_something():
    assert resized(Lesion("disc", spots=50), 2.0).spots == 200
    assert resized(Lesion("disc", spots=50), 0.5).spots == 12
    assert resized(Lesion("disc", spots=1), 1.01).spots == 2
    assert resized(Lesion("disc", spots=2), 0.99).spots == 1
    assert resized(Lesion("disc", spots=1), 0.5).spots == 1
    assert resized(Lesion("disc", spots=7), 1.0).spots == 7


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: Lesion("disc"), "either an area or a number of spots"),
        (lambda: Lesion("disc", area=1.0, spots=1), "either an area or a number of spots"),
        (lambda: Lesion("disc", area=0.0), "above 0 square units"),
        (lambda: Lesion("disc", area=np.nan), "above 0 square units"),
        (lambda: Lesion("disc", spots=0), "whole number of spots"),
        (lambda: Lesion("disc", spots=1.5), "whole number of spots"),
        (lambda: Lesion("disc", spots=np.nan), "whole number of spots"),
        (lambda: Lesion("disc", spots=1, ratio=2.0), "A disc has ratio 1"),
        (lambda: Lesion("blob", spots=1, ratio=-1.0), "a ratio above 0"),
        (lambda: Lesion("blob", spots=1, angle=np.inf), "an angle in degrees"),
        (lambda: Lesion("blob", spots=1, seed=-1), "seed is a whole number"),
        (lambda: resized(Lesion("blob", spots=1), 0), "positive factor"),
        (lambda: outline_of(Lesion("blob", spots=1), SpotIndex(np.zeros((1, 2))), (0, 0), n=2), "3 corners or more"),
        (lambda: spots_of(Lesion("blob", spots=1), SpotIndex(np.zeros((1, 2))), (0,)), "The centre must be"),
    ],
)
def test_what_is_no_lesion_is_refused(action, message):
    with pytest.raises(ConcertError, match=message):
        action()


def test_a_misspelt_kind_is_named():
    with pytest.raises(UnknownName, match="Did you mean ellipse"):
        Lesion("elipse", spots=1)


@pytest.mark.parametrize(
    "action",
    [
        lambda index, _: spots_of(Lesion("blob", area=1e6), index, (15_000, 15_000)),
        lambda index, _: spots_of(Lesion("blob", spots=50), index, (15_000, 15_000)),
        lambda index, _: outline_of(Lesion("blob", spots=50), index, (15_000, 15_000)),
        lambda index, patch: smoothed(index, patch, 150.0),
        lambda index, patch: holes_filled(index, patch, 150.0),
        lambda index, patch: same_region(index, np.isin(np.arange(100_000), patch), int(patch[0]), 150.0),
    ],
    ids=["area", "spots", "outline", "smoothed", "holes", "region"],
)
def test_a_local_question_on_100000_spots_takes_less_than_10_ms(large, action):
    patch, times = large.spots_in_disc((15_000, 15_000), 800.0), []
    for _ in range(9):
        start = process_time()
        action(large, patch)
        times.append(process_time() - start)
    assert np.median(times) < 0.010
