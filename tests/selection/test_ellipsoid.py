"""Ellipsoids in a stack, against their equation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.selection import (
    Lesion,
    SpotStack,
    ellipsoid,
    ellipsoid_outline,
    ellipsoid_rings,
    resized,
    semi_axes,
    spots_in_ellipsoid,
    spots_of,
)
from napari_concert.selection.outlines import turned
from napari_concert.slide.levels import Levels

GRID = np.column_stack(np.divmod(np.arange(441), 21)) - 10.0
HEIGHTS = 2.0 * np.arange(-2, 3)
COORDS = np.concatenate([np.column_stack([GRID, np.full(441, z)]) for z in HEIGHTS])
OF = np.repeat(np.arange(5), 441)
axes = st.floats(0.5, 9)
centres = st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(-4, 4))


def stack(apart=False, hidden=frozenset()):
    places = np.arange(5) if apart else np.zeros(5, np.int64)
    return SpotStack(COORDS, Levels(tuple("abcde"), HEIGHTS, OF, places), hidden)


def quadric(lengths, angle, centre):
    """1 on the surface of an ellipsoid, less inside."""
    offset = COORDS - np.array(centre)
    flat = turned(offset[:, :2], -angle)
    return (flat[:, 0] / lengths[0]) ** 2 + (flat[:, 1] / lengths[1]) ** 2 + (offset[:, 2] / lengths[2]) ** 2


@given(st.tuples(axes, axes, axes), st.floats(-90, 90), centres)
def test_an_ellipsoid_takes_what_its_equation_says(lengths, angle, centre):
    rows = set(spots_in_ellipsoid(ellipsoid(*lengths, angle), stack(), centre, 2).tolist())
    value = quadric(lengths, angle, centre)
    assert set(np.flatnonzero(value < 1 - 1e-7).tolist()) <= rows <= set(np.flatnonzero(value < 1 + 1e-7).tolist())


@given(st.integers(1, 500), st.floats(0.4, 3), st.floats(0.2, 3), st.floats(-90, 90), centres)
def test_a_number_of_spots_is_those_that_a_growing_one_reaches_first(count, ratio, tall, angle, centre):
    lesion = Lesion("ellipsoid", spots=count, ratio=ratio, tall=tall, angle=angle)
    rows = spots_in_ellipsoid(lesion, stack(), centre, 2)
    assert len(rows) == count
    value = quadric((ratio**0.5, ratio**-0.5, tall), angle, centre)
    outside = np.setdiff1d(np.arange(len(COORDS)), rows)
    assert value[rows].max() <= value[outside].min() * (1 + 1e-6)


@given(axes, axes, axes)
def test_semi_axes_come_back(length, width, height):
    assert semi_axes(ellipsoid(length, width, height)) == pytest.approx((length, width, height))


def test_sections_that_are_not_registered_or_hidden_are_left_alone():
    lesion = ellipsoid(4, 4, 9)
    assert set(OF[spots_in_ellipsoid(lesion, stack(), (0, 0, 0), 2)]) == {0, 1, 2, 3, 4}
    assert set(OF[spots_in_ellipsoid(lesion, stack(apart=True), (0, 0, 0), 2)]) == {2}
    assert set(OF[spots_in_ellipsoid(lesion, stack(hidden=frozenset({1})), (0, 0, 0), 2)]) == {0, 2, 3, 4}


def test_fewer_only_where_there_are_fewer():
    assert len(spots_in_ellipsoid(Lesion("ellipsoid", spots=99_999), stack(), (0, 0, 0), 2)) == len(COORDS)


def test_its_middle_section_is_an_ellipse_and_so_is_it_on_a_flat_slide():
    lesion = ellipsoid(6, 3, 2, 30)
    rows = spots_in_ellipsoid(lesion, stack(), (0.3, 0.2, 0.0), 2)
    assert rows[OF[rows] == 2].tolist() == spots_of(lesion, stack().flat, (0.3, 0.2), 2).tolist()
    assert resized(lesion, 2.0).area == pytest.approx(4 * lesion.area)
    assert semi_axes(resized(lesion, 2.0)) == pytest.approx((12, 6, 4))


@pytest.mark.parametrize("lesion", [ellipsoid(6, 3, 2, 30), Lesion("ellipsoid", spots=60, ratio=2.0, angle=30)])
def test_the_outline_parts_the_middle_section(lesion):
    outline = ellipsoid_outline(lesion, stack(), (0.3, 0.2, 0.0), 2)
    rows = spots_in_ellipsoid(lesion, stack(), (0.3, 0.2, 0.0), 2)
    inside = stack().flat.spots_in_polygon(outline, 2)
    assert inside.tolist() == rows[OF[rows] == 2].tolist()


@pytest.mark.parametrize("lesion", [ellipsoid(6, 3, 2, 30), Lesion("ellipsoid", spots=60, ratio=2.0, angle=30)])
def test_the_rings_lie_on_its_surface(lesion):
    centre = np.array([0.3, 0.2, 0.0])
    rings = ellipsoid_rings(lesion, stack(), centre, 2)
    assert rings.shape == (3, 64, 3)
    np.testing.assert_allclose(rings[:, 0], rings[:, -1], atol=1e-12)
    outline = ellipsoid_outline(lesion, stack(), centre, 2) - centre[:2]
    long, wide = (np.sort(np.linalg.norm(outline, axis=1))[end] for end in (-1, 0))
    offset = rings - centre
    flat = turned(offset[..., :2].reshape(-1, 2), -lesion.angle).reshape(3, 64, 2)
    tall = offset[..., 2].max()
    surface = (flat[..., 0] / long) ** 2 + (flat[..., 1] / wide) ** 2 + (offset[..., 2] / tall) ** 2
    np.testing.assert_allclose(surface, 1.0, atol=0.01)
    assert tall == pytest.approx(np.sqrt(long * wide) * lesion.tall, rel=0.01)
    assert np.ptp(offset[0, :, 2]) == 0


def test_odd_ellipsoids_are_said():
    with pytest.raises(ConcertError, match="semi-axes"):
        ellipsoid(1, 0, 1)
    with pytest.raises(ConcertError, match="high as wide"):
        Lesion("ellipsoid", spots=3, tall=0)
    with pytest.raises(ConcertError, match="only where it is stamped"):
        semi_axes(Lesion("ellipsoid", spots=3))
    with pytest.raises(ConcertError, match="centre"):
        spots_in_ellipsoid(ellipsoid(1, 1, 1), stack(), (0, 0), 2)
