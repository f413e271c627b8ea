from __future__ import annotations

import pytest

from napari_concert.io.colours import as_hex, as_rgb


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("#A0b1C2", "#a0b1c2"),
        ("#a0b1c2ff", "#a0b1c2"),
        ([0, 10, 255], "#000aff"),
        ((0.0, 10.0, 255.0), "#000aff"),
        (-3670016, "#c80000"),
        (0, "#000000"),
        ("red", None),
        ("#abc", None),
        ("#a0b1c2 ", None),
        ([0, 10], None),
        ([0, 10, 256], None),
        ([0.5, 10, 20], None),
        (["a", None, {}], None),
        (True, None),
        (None, None),
    ],
)
def test_colours_of_other_tools(said, expected):
    assert as_hex(said) == expected


def test_parts_of_a_colour():
    assert as_rgb("#000aff") == [0, 10, 255]
    assert as_rgb("orange") is None
