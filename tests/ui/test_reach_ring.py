"""The dotted ring that follows the tool on the slide."""

from __future__ import annotations

import statistics
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qtpy.QtCore import QEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_concert.session import TrainingSettings
from napari_concert.ui.reach_overlay import APART, FEWEST, MOST, ReachOverlay, dotted
from napari_concert.ui.reach_ring import ReachRing
from napari_concert.ui.reach_words import on_picture
from napari_concert.ui.tools import Tool

LIMIT, LOADED = 0.001, 4  # seconds a step of the mouse; other work may share the test machine's cores
HERE, THERE = (700.0, 900.0), (1100.0, 600.0)


@pytest.fixture
def ring(viewer, layers, session, brush):
    made = ReachRing(viewer, layers, session, brush)
    yield made
    made.close()


@pytest.fixture
def aimed(ring, trained, brush):
    """A ring over a slide with a model, a tool in hand and a state to paint."""
    trained.set_target("perturbation", "Jak2")
    brush.set_active(True)
    return ring


def drawn(ring):
    """Return the corners (x, y) of what is drawn, or None."""
    overlay = ring.layers.scene.reach
    return np.array(overlay.points)[:, ::-1] + overlay.centre[::-1] if overlay.visible else None


def caption(ring):
    return ring.layers.text.caption.text if ring.layers.text.caption.visible else ""


def test_it_is_the_learned_outline_around_the_mouse(aimed, trained, stroke):
    assert drawn(aimed) is None, "no mouse is over the slide yet"
    for at in (HERE, THERE):
        stroke.hover(at)
        assert drawn(aimed) == pytest.approx(trained.reach.outline + at)
    assert on_picture(trained.reach) in caption(aimed)


def test_it_follows_a_stroke(aimed, trained, stroke):
    stroke.hover(HERE)
    stroke.press(HERE)
    stroke.move(THERE)
    assert drawn(aimed) == pytest.approx(trained.reach.outline + THERE)
    stroke.release(THERE)
    assert len(trained.painted)


def test_it_follows_the_target_and_the_model(aimed, trained, stroke):
    stroke.hover(HERE)
    before = drawn(aimed)
    trained.set_target("perturbation", "control")
    assert drawn(aimed) is None
    assert "dotted" not in caption(aimed)
    trained.set_target("perturbation", "Tgfbr2")
    assert drawn(aimed) == pytest.approx(trained.reach.outline + HERE)
    trained.set_target("perturbation", "Jak2")
    assert drawn(aimed) == pytest.approx(before)
    trained.train(TrainingSettings(max_epochs=8, n_genes=30))
    assert drawn(aimed) == pytest.approx(trained.reach.outline + HERE)
    assert drawn(aimed) != pytest.approx(before)


@pytest.mark.parametrize("why", ["tool", "switch", "left", "3d", "slide"])
def test_it_goes(aimed, trained, stroke, viewer, brush, other, why):
    viewer.mouse_over_canvas = True
    stroke.hover(HERE)
    assert drawn(aimed) is not None
    if why == "tool":
        brush.set_active(False)
    elif why == "switch":
        trained.show_reach(False)
    elif why == "left":
        viewer.mouse_over_canvas = False
    elif why == "3d":
        viewer.dims.ndisplay = 3
    else:
        trained.close_slide()
        assert aimed.reach is None
        return
    assert drawn(aimed) is None
    assert "dotted" not in caption(aimed)
    if why == "left":
        viewer.mouse_over_canvas = True
        stroke.hover(THERE)
        assert drawn(aimed) is not None


def test_without_a_model_there_is_none(ring, opened, brush, stroke):
    brush.set_active(True)
    stroke.hover(HERE)
    assert drawn(ring) is None


def test_after_closing_it_follows_nothing(aimed, trained, stroke, viewer):
    aimed.close()
    stroke.hover(HERE)
    assert drawn(aimed) is None


def test_on_a_stack_it_is_the_section_through_the_plane(ring, session, viewer, brush, stroke, new_slide, grid):
    coords = np.concatenate([np.column_stack([grid(8), np.full(64, z)]) for z in (0.0, 20.0)])
    states = np.tile(np.repeat(["control", "Jak2"], 32), 2)
    session.add(new_slide(coords, {"section": np.repeat(["s1", "s2"], 64), "perturbation": states}, registered=True))
    session.train(TrainingSettings(max_epochs=2))
    session.set_target("perturbation", "Jak2")
    brush.set_active(True)
    stroke.move((30.0, 40.0, 20.0), is_dragging=False)
    assert drawn(ring) == pytest.approx(session.reach.outline + np.array([30.0, 40.0]))
    viewer.dims.ndisplay = 3
    assert drawn(ring) is None


def test_a_step_of_the_mouse_takes_less_than_a_millisecond(painting, model_folder):
    window, session = painting.window, painting.window.session
    session.load_model(model_folder)
    session.set_target("perturbation", "Jak2")
    painting.hover(*HERE)
    scene, took = window.brush.layers.scene, []
    assert scene.reach.visible
    for step in range(100):
        start = time.perf_counter()
        scene.move_reach(scene.locate((900.0, 500.0 + step)))
        took.append(time.perf_counter() - start)
    assert statistics.median(took) < LIMIT * LOADED


def test_it_follows_the_real_mouse_and_goes_with_it(painting, model_folder):
    window, session = painting.window, painting.window.session
    session.load_model(model_folder)
    session.set_target("perturbation", "Jak2")
    scene, pixel = window.brush.layers.scene, 2 / window.viewer.scene.camera.zoom
    for tool in (Tool.BRUSH, Tool.LASSO):
        window.brush.set_tool(tool)
        painting.hover(*HERE)
        assert scene.reach.visible
        assert scene.reach.centre[::-1] == pytest.approx(HERE, abs=pixel)
    painting.drag(HERE, THERE)
    assert scene.reach.centre[::-1] == pytest.approx(THERE, abs=40.0)
    window.viewer.mouse_over_canvas = True
    QApplication.sendEvent(window.native, QEvent(QEvent.Type.Leave))
    assert not scene.reach.visible


@pytest.mark.parametrize("zoomed", [1.0, 1.7])
def test_its_dots_are_drawn_around_the_mouse_at_any_zoom(painting, model_folder, zoomed):
    window, session = painting.window, painting.window.session
    session.load_model(model_folder)
    session.set_target("perturbation", "Jak2")
    window.brush.set_tool(Tool.LASSO)  # its cursor is not part of the picture
    scene = window.brush.layers.scene
    scene.spots.opacity = 0.0
    QTest.qWait(200)
    painting.hover(*HERE)
    window.viewer.scene.camera.zoom *= zoomed
    QApplication.processEvents()
    picture = window.viewer.screenshot(canvas_only=True, flash=False)[..., 0].astype(int)
    seen = [picture[place.y() - 1 : place.y() + 2, place.x() - 1 : place.x() + 2].max() for place in dots(painting)]
    assert np.mean(np.array(seen) > 200) > 0.9
    scene.show_reach(None)
    QApplication.processEvents()
    picture = window.viewer.screenshot(canvas_only=True, flash=False)[..., 0].astype(int)
    assert max(picture[place.y(), place.x()] for place in dots(painting)) < 60


def dots(painting):
    """Return where on the canvas the dots belong."""
    overlay = painting.window.brush.layers.scene.reach
    places = dotted(np.array(overlay.points), painting.window.viewer.scene.camera.zoom) + overlay.centre
    return [painting.at(column, row) for row, column in places]


def test_the_model_tells_of_another_centre():
    overlay, told = ReachOverlay(), []
    overlay.events.centre.connect(told.append)
    overlay.centre = (3.0, 4.0)
    assert told == [(3.0, 4.0)]


@given(st.floats(0.5, 5), st.floats(0.5, 5), st.floats(0.1, 500))
def test_dots_lie_as_far_apart_at_any_zoom(a, b, zoom):
    turn = np.linspace(0, 2 * np.pi, 721)
    line = np.column_stack([a * np.cos(turn), b * np.sin(turn)])
    found, length = dotted(line, zoom), np.linalg.norm(np.diff(line, axis=0), axis=1).sum()
    assert FEWEST <= len(found) <= MOST
    if FEWEST < len(found) < MOST:
        assert zoom * length / len(found) == pytest.approx(APART, rel=0.05)
    gaps = np.linalg.norm(np.diff(np.vstack([found, found[:1]]), axis=0), axis=1)
    assert gaps.max() <= length / len(found) + 1e-9
    assert found[0] == pytest.approx([a, 0])
