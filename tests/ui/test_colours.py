"""Colour maps and palettes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.ui.colours import (
    FAINT,
    NO_VALUE,
    UNKNOWN,
    category_colours,
    colormap,
    is_dark,
    patch_colours,
)


def luminance(rgba):
    return np.asarray(rgba)[..., :3] @ [0.299, 0.587, 0.114]


def test_levels_get_brighter_all_the_way():
    steps = luminance(colormap("continuous", dark=True).map(np.linspace(0, 1, 64)))
    assert (np.diff(steps) > 0).all()


def test_no_change_is_a_light_grey_in_the_middle():
    middle = colormap("diverging", dark=True).map(np.array([0.5]))[0]
    assert np.ptp(middle[:3]) < 0.02
    assert luminance(middle) > 0.7


def test_up_is_red_and_down_is_blue():
    down, up = colormap("diverging", dark=False).map(np.array([0.0, 1.0]))
    assert down[2] > 2 * down[0]
    assert up[0] > 2 * up[2]


@pytest.mark.parametrize("dark", [True, False])
def test_the_uncertain_stands_out_from_the_canvas(dark):
    colours = colormap("uncertainty", dark).map(np.linspace(0, 1, 16))
    assert np.ptp(colours[:, :3], axis=1).max() == pytest.approx(0), "greys only"
    steps = np.diff(luminance(colours))
    assert (steps > 0).all() if dark else (steps < 0).all()


@pytest.mark.parametrize("kind", ["continuous", "diverging", "uncertainty"])
def test_missing_values_have_a_colour_of_their_own(kind):
    assert colormap(kind, dark=True).map(np.array([np.nan]))[0] == pytest.approx(NO_VALUE)


@pytest.mark.parametrize("count", [1, 4, 20, 60])
def test_every_category_differs_from_all_others(count):
    colours = category_colours([f"c{i}" for i in range(count)])
    assert colours.shape == (count, 4)
    assert len(np.unique(colours.round(3), axis=0)) == count


def test_the_unknown_is_grey_and_takes_no_colour_from_others():
    with_unknown = category_colours(["a", "nan", "b"], unknown=["nan"])
    assert with_unknown[1] == pytest.approx(UNKNOWN)
    assert with_unknown[[0, 2]] == pytest.approx(category_colours(["a", "b"]))


def test_no_categories_have_no_colours():
    assert category_colours([]).shape == (0, 4)


def test_spots_have_the_colours_of_their_patches_and_the_active_one_stands_out():
    owner = np.array([7, 2, 2, 9])
    colours = patch_colours(owner, {9: "#0000ff", 2: "#00ff00", 7: "#ff0000"}, active=2)
    assert colours[:, :3] == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]]))
    assert colours[:, 3] == pytest.approx([FAINT, 1.0, 1.0, FAINT])


def test_without_patches_there_are_no_colours_of_patches():
    assert patch_colours(np.zeros(0, np.int64), {}, active=None).shape == (0, 4)


@pytest.mark.parametrize(("colour", "dark"), [((0, 0, 0), True), ((1, 1, 1, 1), False), ((0.2, 0.2, 0.4), True)])
def test_backgrounds_are_dark_or_light(colour, dark):
    assert is_dark(colour) is dark
