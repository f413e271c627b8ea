"""The legend as it is drawn."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.ui.legend import LegendOverlay, VispyLegend


@pytest.fixture
def legend(window, opened):
    """The model and the visual of the legend in a window."""
    overlay = window.brush.layers.text.legend
    found = window.canvas._viewer_overlay_to_visual[overlay]
    return overlay, (found[0] if isinstance(found, list) else found)


def test_napari_draws_it_with_our_visual(legend):
    overlay, visual = legend
    assert isinstance(overlay, LegendOverlay)
    assert isinstance(visual, VispyLegend)


def test_a_title_and_a_name_for_each_category(legend, tiny):
    _, visual = legend
    assert list(visual._names.text) == ["perturbation", *tiny.categories("perturbation")]


def test_swatches_have_the_colours_of_the_spots(legend, window, opened, tiny):
    overlay, visual = legend
    drawn = np.asarray(visual._swatches._data["a_bg_color"])
    assert drawn == pytest.approx(np.array(overlay.colours), abs=1e-6)
    first = np.flatnonzero(tiny.labels("perturbation") == overlay.labels[0])[0]
    assert window.brush.layers.scene.spots.face_color[first] == pytest.approx(overlay.colours[0], abs=1e-3)


def test_it_grows_with_its_names(legend, opened):
    _, visual = legend
    before = visual.y_size
    opened.show_column("what_if")
    assert visual.y_size < before
    assert list(visual._names.text) == ["what_if", "False", "True"]


def test_it_is_legible_on_dark_and_light_canvases(legend, window):
    _, visual = legend
    colours = []
    for theme in ("dark", "light"):
        window.viewer.theme = theme
        colours.append(np.asarray(visual._names.color.rgb).ravel()[:3].mean())
    assert colours[0] > 0.5 > colours[1]


def test_numbers_have_no_legend(legend, opened):
    overlay, _ = legend
    opened.show_gene("Fn1")
    assert not overlay.visible
