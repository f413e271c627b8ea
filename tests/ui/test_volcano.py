"""Change against sureness."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from napari_concert.ui.plots import DOWN, MUTED, UP
from napari_concert.ui.volcano import CAP, NOTHING, VolcanoPlot, sureness


@pytest.fixture
def plot(show):
    return show(VolcanoPlot())


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"change": [1.0, -2.0, 0.1, 3.0, np.nan], "lfsr": [1e-3, 1e-5, 0.4, 1e-150, np.nan]},
        index=["up", "down", "unsure", "beyond", "unknown"],
    )


def points(plot):
    """Return colour, marker and place of every point that is drawn."""
    found = []
    for line in plot.axes.lines:
        if line.get_marker() in ("o", "^") and line.get_markerfacecolor() != "none":
            xy = zip(line.get_xdata(), line.get_ydata(), strict=True)
            found += [(line.get_color(), line.get_marker(), round(x, 6), round(y, 6)) for x, y in xy]
    return found


def test_a_row_is_a_point_in_the_colour_of_its_direction(plot, frame):
    plot.show_rows(frame, 1.0, "log2 fold change")
    assert sorted(points(plot)) == sorted(
        [
            (UP, "o", 1.0, 3.0),
            (DOWN, "o", -2.0, 5.0),
            (MUTED, "o", 0.1, round(-np.log10(0.4), 6)),
            (UP, "^", 3.0, CAP),
        ]
    )


def test_the_axes_say_units_and_the_cap(plot, frame):
    plot.show_rows(frame, 2.0, "log2 fold change")
    assert plot.axes.get_xlabel() == "change (log2 fold change)"
    assert f"beyond {CAP:g}" in plot.axes.get_title(loc="left")
    low, high = plot.axes.get_xlim()
    assert low == -high
    assert high > 6.0, "changes are in the shown logarithm"


def test_sureness_is_capped():
    np.testing.assert_allclose(sureness(np.array([0.1, 1e-20, 1e-30, 0.0])), [1, CAP, CAP, CAP])


@pytest.mark.parametrize("rows", [None, pd.DataFrame({"change": [np.nan], "lfsr": [np.nan]})])
def test_without_numbers_it_says_what_to_do(plot, rows):
    plot.show_rows(rows, 1.0, "")
    assert [text.get_text() for text in plot.axes.texts] == [NOTHING]


def test_the_tooltip_says_change_and_rate(plot, frame):
    plot.show_rows(frame, 1.0, "log2 fold change")
    assert plot._about(0) == "+1 log2 fold change, false sign rate 0.001"
    assert plot._about(3).endswith("false sign rate below 1e-20")
