"""Where an image lies under the spots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image

from napari_concert.slide import SlideImage
from napari_concert.ui.image_place import pixel_size, put_under, rescale, set_pixel_size, transform_of

PIXELS = np.zeros((40, 60, 3), np.uint8)


@pytest.fixture
def slide(new_slide, grid):
    """36 spots from 0 to 50, whose unit is half a µm."""
    return new_slide(grid(6), {"region": ["a", "b"] * 18}, um_per_unit=0.5)


def centre(layer):
    return np.array(layer.data_to_world(layer.extent.data.mean(axis=0)))


def test_the_files_own_image_is_placed_by_its_scale_in_um(slide):
    layer = Image(PIXELS, rgb=True, **transform_of(SlideImage("hires", PIXELS, 4.0, (1.5, 2.5)), slide))
    assert layer.data_to_world((0, 0)) == pytest.approx((2.5 * 0.5, 1.5 * 0.5)), "y before x, in µm"
    assert layer.data_to_world((3, 7)) == pytest.approx(((2.5 + 12) * 0.5, (1.5 + 28) * 0.5))
    assert {str(unit) for unit in layer.units} == {"micrometer"}


def test_positions_that_can_be_pixels_of_an_image_are(slide):
    layer = Image(np.zeros((60, 70, 3), np.uint8), rgb=True, translate=(5, 5), rotate=30)
    assert "pixels of this image" in put_under(layer, slide)
    spot = slide.coords[20]
    row, column = slide.raw_coords[20, ::-1]
    assert layer.data_to_world((row, column)) == pytest.approx(spot[::-1])
    assert pixel_size(layer) == pytest.approx(0.5)


def test_any_other_image_comes_to_lie_under_the_middle_as_large_as_the_spots(slide):
    layer = Image(PIXELS[:20, :20], rgb=True)
    assert "as large as they are" in put_under(layer, slide)
    assert centre(layer) == pytest.approx((12.5, 12.5))
    assert pixel_size(layer) == pytest.approx(25 / 19)


def test_an_image_that_knows_its_size_keeps_it(slide):
    layer = Image(PIXELS[:20, :20], rgb=True, scale=(0.002, 0.002), units=("mm", "mm"))
    assert "at the size that its file says" in put_under(layer, slide)
    assert pixel_size(layer) == pytest.approx(2.0)
    assert centre(layer) == pytest.approx((12.5, 12.5))


def test_a_tiny_image_does_not_take_positions_for_pixels(slide):
    large = Image(np.zeros((1000, 1000), np.uint8))
    assert "middle" in put_under(large, slide), "the spots would fill a corner of it"


@given(size=st.floats(0.01, 100), turn=st.floats(-180, 180), stretch=st.floats(0.2, 5), shift=st.floats(-500, 500))
def test_another_size_leaves_the_middle_where_it_is(size, turn, stretch, shift):
    layer = Image(PIXELS, rgb=True, scale=(2.0, 2.0), translate=(shift, 3.0))
    angle = np.radians(turn)
    layer.affine = np.array(
        [
            [stretch * np.cos(angle), -np.sin(angle), shift],
            [stretch * np.sin(angle), np.cos(angle), -7.0],
            [0.0, 0.0, 1.0],
        ]
    )
    before = centre(layer)
    set_pixel_size(layer, size)
    assert pixel_size(layer) == pytest.approx(size, rel=1e-4)
    assert centre(layer) == pytest.approx(before, rel=1e-4, abs=1e-3)


def test_an_image_follows_the_spots_into_another_unit(slide):
    layer = Image(PIXELS, rgb=True, scale=(2.0, 2.0), translate=(4.0, 3.0), affine=[[0, -1, 6], [1, 0, 8], [0, 0, 1]])
    before = np.array([layer.data_to_world(place) for place in ((0, 0), (9, 4))])
    rescale(layer, slide, 3.0)
    assert [layer.data_to_world(place) for place in ((0, 0), (9, 4))] == pytest.approx(3 * before)
