"""Sections fit into the canvas, clear of what is written on it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel

from napari_concert.ui.framing import Framing
from napari_concert.ui.measure import text_size
from napari_concert.ui.overlays import PictureText

NAME, SIZE = "section 1", 11
lengths = st.floats(10.0, 1e4)


def framed(canvas, wide, tall, anchor="upper_left"):
    """Return a viewer with a layer that was fitted, the layer, and what fitted it."""
    viewer = ViewerModel()
    viewer.canvas.size = canvas
    text = PictureText(viewer)
    text.set_title("Gene1 · change", "log2 fold change\ncolours -1 to 1")
    corners = 7.0 + np.array([[0.0, 0.0], [tall, wide]])
    layer = viewer.add_points(corners, size=0.01, text={"string": [NAME, ""], "size": SIZE, "anchor": anchor})
    framing = Framing(viewer, text)
    framing.fit(layer)
    return viewer, layer, framing


def seen(viewer, points):
    """Return where (x, y) points (n, 2; y, x) are on the canvas, in pixels."""
    camera = viewer.scene.camera
    return (np.asarray(viewer.canvas.size) / 2 + (points - camera.center[-2:]) * camera.zoom)[:, ::-1]


@pytest.mark.usefixtures("qapp")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.tuples(st.integers(500, 1200), st.integers(500, 2000)), lengths, lengths)
def test_points_and_the_texts_at_them_are_beside_or_below_what_is_written(canvas, wide, tall):
    viewer, layer, framing = framed(canvas, wide, tall)
    low, high = seen(viewer, layer.data)
    name = text_size(NAME, SIZE)
    top, right = low[1] - name[1], max(high[0], low[0] + name[0])
    height, width = canvas

    def is_in(room):
        free = (low[0] - room.left, top - room.top, width - room.right - right, height - room.bottom - high[1])
        return min(free) >= -1

    assert any(map(is_in, framing.text.margins()))


@pytest.mark.usefixtures("qapp")
def test_a_wide_picture_goes_below_the_title_and_a_tall_one_beside_it():
    viewer, layer, framing = framed((700, 900), 800.0, 100.0)
    beside, below = framing.text.margins()
    assert seen(viewer, layer.data)[:, 0].max() == pytest.approx(900 - below.right, abs=1)
    viewer, layer, framing = framed((700, 900), 100.0, 800.0)
    assert seen(viewer, layer.data)[:, 1].max() == pytest.approx(700 - beside.bottom, abs=1)
    assert seen(viewer, layer.data)[:, 0].max() <= 900 - beside.right + 1


@pytest.mark.usefixtures("qapp")
def test_another_size_of_the_canvas_fits_it_again_until_the_camera_is_moved():
    viewer, layer, framing = framed((700, 900), 800.0, 600.0)
    viewer.canvas.size = (600, 640)
    expected = framed((600, 640), 800.0, 600.0)[0].scene.camera
    assert viewer.scene.camera.zoom == pytest.approx(expected.zoom)
    assert viewer.scene.camera.center == pytest.approx(expected.center)
    viewer.scene.camera.zoom *= 2
    before = viewer.scene.camera.zoom
    viewer.canvas.size = (700, 900)
    assert viewer.scene.camera.zoom == before
    framing.fit(layer)
    framing.close()
    before = viewer.scene.camera.zoom
    viewer.canvas.size = (600, 640)
    assert viewer.scene.camera.zoom == before


@pytest.mark.usefixtures("qapp")
def test_nothing_to_show_moves_nothing():
    viewer, _, framing = framed((700, 900), 800.0, 600.0)
    before = viewer.scene.camera.center
    framing.fit(viewer.add_points(np.zeros((0, 2))))
    assert viewer.scene.camera.center == before
