from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.selection.star import blob, ellipse

ratios = st.floats(0.2, 5)
stars = st.builds(blob, st.integers(0, 10**9), ratios, st.floats(-400, 400)) | st.builds(
    ellipse, ratios, st.floats(-400, 400)
)


@given(stars, st.integers(3, 200))
def test_polygons_are_simple_and_have_area_1(star, n):
    polygon = shapely.Polygon(star.corners(n))
    assert polygon.is_valid
    assert polygon.area == pytest.approx(1, rel=1e-12)


@given(stars)
def test_the_curve_itself_has_area_1(star):
    # with this many corners polygon and curve are the same but for 1e-5
    assert np.allclose(star.size_at(star.corners(3000)), 1, atol=1e-5)


@given(stars, st.integers(3, 100))
def test_a_polygon_of_another_size_passes_through_its_own_sides(star, n):
    corners = star.corners(n)
    middles = 0.5 * (corners + np.roll(corners, -1, axis=0))
    for size in (0.3, 7.0):
        assert np.allclose(star.polygon_size_at(size * corners, n), size)
        assert np.allclose(star.polygon_size_at(size * middles, n), size)
    assert np.allclose(star.size_at(7 * corners), 7 * star.size_at(corners))


@given(stars)
def test_bounds_hold_in_all_directions(star):
    reach = np.linalg.norm(star.corners(3000), axis=1)
    assert reach.max() <= star.farthest * (1 + 1e-5)
    assert reach.max() / reach.min() <= star.spread * (1 + 1e-9)


@given(st.floats(1.2, 5), st.floats(0, 180))
def test_an_ellipse_is_as_long_and_as_turned_as_asked(ratio, angle):
    corners = ellipse(ratio, angle).corners(3600)
    away = np.linalg.norm(corners, axis=1)
    assert away.max() / away.min() == pytest.approx(ratio, rel=1e-4)
    longest = np.degrees(np.arctan2(*corners[away.argmax()][::-1]))
    assert min((longest - angle) % 180, (angle - longest) % 180) < 0.2


def test_a_blob_is_irregular_and_the_same_for_the_same_seed():
    one = blob(3, 1.0, 0.0).corners(96)
    assert np.array_equal(one, blob(3, 1.0, 0.0).corners(96))
    assert not np.allclose(one, blob(4, 1.0, 0.0).corners(96))
    away = np.linalg.norm(one, axis=1)
    assert away.max() > 1.1 * away.min()
    turns = np.diff(one, axis=0, append=one[:1])
    turns = np.angle(np.exp(1j * np.diff(np.arctan2(*turns.T[::-1]))))
    assert np.abs(turns).max() < np.radians(25)  # smooth: no corner between sides of a 96-gon
