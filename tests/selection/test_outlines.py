from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError
from napari_concert.selection import in_ellipse, in_rectangle, simplified
from napari_concert.selection.outlines import turned

quarters = st.integers(-24, 24).map(lambda value: value / 4)
corners = st.tuples(quarters, quarters)
places = st.sampled_from([None, 0, 1])


def allowed(index, place):
    return np.isfinite(index.coords).all(axis=1) & ((index.places == place) | (place is None))


@given(data=st.data(), one=corners, other=corners, place=places)
def test_a_rectangle_is_upright_between_any_two_opposite_corners(slides, data, one, other, place):
    index = data.draw(slides())
    x, y = index.coords[:, :2].T
    within = [(values >= min(a, b)) & (values <= max(a, b)) for values, a, b in zip((x, y), one, other, strict=True)]
    expected = np.flatnonzero(within[0] & within[1] & allowed(index, place))
    assert in_rectangle(index, one, other, place).tolist() == expected.tolist()
    assert in_rectangle(index, (one[0], other[1], 5.0), (other[0], one[1], 9.0), place).tolist() == expected.tolist()


@given(data=st.data(), centre=corners, axes=st.tuples(st.floats(0.1, 9), st.floats(0.1, 9)), place=places)
def test_an_ellipse_is_a_turned_and_stretched_disc(slides, data, centre, axes, place):
    index, angle = data.draw(slides()), data.draw(st.floats(-400, 400))
    seen = (index.coords[:, 0] - centre[0] + 1j * (index.coords[:, 1] - centre[1])) * np.exp(-1j * np.radians(angle))
    away = (seen.real / axes[0]) ** 2 + (seen.imag / axes[1]) ** 2
    assume(not (np.abs(away - 1) < 1e-6).any())
    expected = np.flatnonzero((away <= 1) & allowed(index, place))
    assert in_ellipse(index, centre, axes, angle, place).tolist() == expected.tolist()


@given(data=st.data(), centre=corners, radius=quarters.map(abs))
def test_an_ellipse_of_equal_axes_is_the_brush_disc_edge_included(slides, data, centre, radius):
    index = data.draw(slides())
    assume(index.coords.shape[1] == 2)
    assert in_ellipse(index, centre, (radius, radius), 33).tolist() == index.spots_in_disc(centre, radius).tolist()


def test_flat_outlines_have_the_spots_on_their_line():
    index = SpotIndex([[0.0, 0], [3, 0], [3, 0.1], [4, 0]])
    assert in_rectangle(index, (0, 0), (3, 0)).tolist() == [0, 1]
    assert in_ellipse(index, (0, 0), (3, 0)).tolist() == [0, 1]
    assert in_ellipse(index, (4, 0), (0, 0), 45).tolist() == [3]


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), max_size=40),
    st.floats(0, 2),
    hnp.arrays(float, (60, 2), elements=st.floats(-6, 6)),
)
def test_a_simpler_lasso_differs_only_near_its_line(path, tolerance, points):
    simple = simplified(path, tolerance)
    assert [tuple(corner) for corner in simple] == path[:1] + [
        tuple(corner) for corner in simple[1:]
    ]  # the first stays
    places = iter(path)
    assert all(tuple(corner) in places for corner in simple)  # some of the corners, in their order
    index = SpotIndex(points)
    changed = np.setxor1d(index.spots_in_polygon(np.reshape(path, (-1, 2))), index.spots_in_polygon(simple))
    if changed.size:
        line = shapely.LineString([*simple, simple[0]])
        assert shapely.distance(line, shapely.points(points[changed])).max() <= tolerance + 1e-6


def test_a_long_lasso_gets_few_corners():
    theta = np.linspace(0, 2 * np.pi, 2000)
    path = 1000 * np.column_stack([np.cos(theta), np.sin(theta)])
    assert len(simplified(path, 10.0)) < 40


@given(hnp.arrays(float, (5, 2), elements=quarters), st.floats(-400, 400))
def test_turning_is_that_of_the_complex_plane(points, angle):
    seen = (points[:, 0] + 1j * points[:, 1]) * np.exp(1j * np.radians(angle))
    assert np.allclose(turned(points, angle), np.column_stack([seen.real, seen.imag]))


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda index: in_rectangle(index, (0, np.nan), (1, 1)), "A corner must be x, y"),
        (lambda index: in_ellipse(index, (0,), (1, 1)), "The centre must be x, y"),
        (lambda index: in_ellipse(index, (0, 0), (1, -1)), "needs two lengths"),
        (lambda index: in_ellipse(index, (0, 0), (1, 1), np.inf), "an angle in degrees"),
        (lambda _: simplified([[0, 0], [1, np.nan]], 1), "finite points"),
        (lambda _: simplified([0, 1, 2], 1), "finite points"),
        (lambda _: simplified([[0, 0]], -1), "positive length, not -1"),
    ],
)
def test_what_is_no_outline_is_refused(action, message):
    with pytest.raises(ConcertError, match=message):
        action(SpotIndex(np.zeros((1, 2))))
