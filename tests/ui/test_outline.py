"""The outline that is drawn on the slide."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication

from napari_concert.ui.outline import OutlineOverlay

SQUARE = np.array([[400.0, 500.0], [1300.0, 500.0], [1300.0, 1200.0], [400.0, 1200.0], [400.0, 500.0]])


def test_the_model_tells_of_other_points():
    outline, told = OutlineOverlay(), []
    outline.events.points.connect(told.append)
    outline.points = ((0.0, 1.0), (2.0, 3.0))
    outline.points = ()
    assert told == [((0.0, 1.0), (2.0, 3.0)), ()]


@pytest.fixture
def drawing(hand, tiny, qtbot):
    """A window with a slide whose spots are not drawn, so that only the outline is."""
    hand.window.session.add(tiny)
    hand.window.brush.layers.scene.spots.opacity = 0.0
    qtbot.wait(200)
    return hand


def bright(drawing):
    """Return where (x, y) the canvas has the light colour of the outline, in the slide's coordinates."""
    QApplication.processEvents()
    picture = drawing.window.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    rows, columns = np.nonzero((picture[..., 0] > 200) & (picture[..., 1] > 180) & (picture[..., 2] < 190))
    corner, other = (drawing.at(*place) for place in (SQUARE[0], SQUARE[2]))
    size = np.array([other.x() - corner.x(), other.y() - corner.y()])
    return SQUARE[0] + (np.column_stack([columns, rows]) - [corner.x(), corner.y()]) / size * (SQUARE[2] - SQUARE[0])


@pytest.mark.parametrize("zoomed", [1.0, 0.5])
def test_it_is_drawn_along_its_points_at_any_zoom_and_goes(drawing, zoomed):
    scene = drawing.window.brush.layers.scene
    drawing.window.viewer.scene.camera.zoom *= zoomed
    assert len(bright(drawing)) == 0
    scene.draw_outline(SQUARE)
    seen = bright(drawing)
    pixel = 1 / drawing.window.viewer.scene.camera.zoom
    low, high = SQUARE.min(axis=0), SQUARE.max(axis=0)
    to_side = np.abs(np.stack([seen - low, high - seen])).min(axis=(0, 2))
    assert (to_side < 2.5 * pixel).all()
    assert seen.min(axis=0) == pytest.approx(low, abs=3 * pixel)
    assert seen.max(axis=0) == pytest.approx(high, abs=3 * pixel)
    scene.draw_outline(None)
    assert len(bright(drawing)) == 0
