"""The words on the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_concert.patches import Patch
from napari_concert.session import ShownValues
from napari_concert.ui.captions import (
    caption,
    caption_with_note,
    decimals_for,
    format_area,
    format_length,
    format_number,
    title_detail,
)

NOTHING = np.zeros(0, np.int64)


@pytest.fixture
def plain(new_slide, grid):
    return new_slide(grid(6), {"region": ["a", "b", "c"] * 12})


def test_unit_and_limits_have_a_line_each():
    shown = ShownValues("Fn1", "continuous", np.zeros(3), (0.0, 12.3456), "counts at median depth")
    assert title_detail(shown) == "counts at median depth\ncolours 0 to 12.3"


def test_without_a_unit_there_are_only_limits():
    assert title_detail(ShownValues("time", "continuous", np.zeros(3), (-1.0, 1.0))) == "colours -1 to 1"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.012345, "0.0123"), (-2.5, "-2.5"), (999.9, "1e+03"), (12345.6, "12,346")]
)
def test_numbers_have_three_digits(value, text):
    assert format_number(value) == text


def test_a_caption_counts_spots_and_names_the_target(tiny):
    area = 2 * np.sqrt(3) / 2 * 0.01
    assert caption(tiny, Patch(np.array([0, 1]), {"perturbation": "Jak2"})) == f"2 spots · {area:.3g} mm² → Jak2"
    assert caption(tiny, Patch(np.array([0]))).startswith("1 spot ·")
    assert caption(tiny, Patch(NOTHING, {"perturbation": "Jak2"})) == ""


def test_a_target_of_several_attributes_is_listed(tiny):
    target = {"perturbation": "Jak2", "tissue": "tumour", "time": 2.0}
    assert caption(tiny, Patch(np.array([0]), target)).endswith("→ Jak2, tumour, 2.0")


def test_a_note_stands_beneath(tiny):
    assert caption_with_note(tiny, [], "nothing is painted yet") == "nothing is painted yet"
    assert caption_with_note(tiny, [Patch(np.array([0]))], "careful").splitlines()[1] == "careful"
    assert caption_with_note(tiny, [Patch(NOTHING)], "") == ""


def test_several_patches_have_a_line_each_with_their_name_and_many_are_summed_up(tiny):
    patches = [Patch(np.array([i]), {"perturbation": "Jak2"}, f"p{i}") for i in range(6)]
    few = caption_with_note(tiny, patches[:3], "").splitlines()
    assert [line.partition(":")[0] for line in few] == ["p0", "p1", "p2"]
    assert caption_with_note(tiny, patches, "").splitlines()[-1] == "and 3 more patches"
    hidden = [replace(patch, hidden=True) for patch in patches[1:]]
    assert caption_with_note(tiny, [patches[0], *hidden], "").startswith("1 spot")


def test_long_names_are_shortened(tiny):
    patches = [
        Patch(np.array([i]), name=name) for i, name in enumerate(("front of the third biopsy, upper half", "core"))
    ]
    first, second = caption_with_note(tiny, patches, "").splitlines()
    assert first.startswith("front of the third biopsy,…: 1 spot")
    assert second.startswith("core: 1 spot")


@pytest.mark.parametrize(("length", "decimals"), [(8000.0, 0), (100.0, 0), (55.0, 1), (8.0, 2), (0.02, 4)])
def test_fields_of_lengths_show_three_digits(length, decimals):
    assert decimals_for(length) == decimals


def test_without_a_scale_nothing_is_called_um(plain):
    assert format_length(plain, 20.0) == "20 units"
    assert format_area(plain, np.array([0, 1])) == "200 units²"


def test_with_a_scale_lengths_are_um_and_areas_mm2(plain):
    scaled = plain.with_um_per_unit(10.0)
    assert format_length(scaled, 2000.0) == "2,000 µm"
    assert format_area(scaled, np.array([0, 1])) == "0.02 mm²"
