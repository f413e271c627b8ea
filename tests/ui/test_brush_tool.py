"""Painting with the mouse."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.selection import Lesion, Mode
from napari_concert.ui.brush_tool import BrushTool
from napari_concert.ui.tools import Tool

LEFT, RIGHT = (300.0, 900.0), (1300.0, 900.0)


@pytest.fixture
def active(brush, opened):
    brush.set_active(True)
    return brush


def near(slide, begin, end, radius):
    """Rows within a radius of the segment, by brute force."""
    begin, end = np.array(begin), np.array(end)
    along = end - begin
    share = np.clip((slide.coords - begin) @ along / max(along @ along, 1e-12), 0, 1)
    return np.flatnonzero(np.linalg.norm(slide.coords - begin - share[:, None] * along, axis=1) <= radius).tolist()


# -- strokes as napari hands them on -----------------------------------------------------------------------------------


def test_a_click_paints_a_disc(active, opened, stroke, tiny):
    stroke.drag(LEFT)
    assert opened.painted.tolist() == near(tiny, LEFT, LEFT, opened.brush_radius)
    assert len(opened.painted) > 3


def test_a_fast_stroke_leaves_no_gap(active, opened, stroke, tiny):
    stroke.drag(LEFT, RIGHT)
    assert opened.painted.tolist() == near(tiny, LEFT, RIGHT, opened.brush_radius)


def test_spots_are_painted_while_the_mouse_moves(active, opened, stroke):
    counts = []
    stroke.press(LEFT)
    for x in np.linspace(LEFT[0], RIGHT[0], 6)[1:]:
        stroke.move((x, LEFT[1]))
        counts.append(len(opened.painted))
    stroke.release(RIGHT)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_a_stroke_is_one_undo(active, opened, stroke):
    stroke.drag(LEFT, (600.0, 900.0), RIGHT)
    stroke.drag((800.0, 400.0), (900.0, 400.0))
    both = opened.painted.tolist()
    opened.undo()
    assert 0 < len(opened.painted) < len(both)
    opened.undo()
    assert len(opened.painted) == 0
    opened.redo()
    opened.redo()
    assert opened.painted.tolist() == both


def test_a_stroke_beside_the_tissue_changes_nothing(active, opened, stroke):
    stroke.drag((-5000.0, -5000.0), (-4000.0, -4000.0))
    assert len(opened.painted) == 0
    assert not opened.current.painting.history.can_undo


def test_shift_swaps_painting_and_erasing(active, opened, stroke):
    stroke.drag(LEFT, RIGHT)
    stroke.drag(LEFT, RIGHT, modifiers=("Shift",))
    assert len(opened.painted) == 0
    active.set_mode(Mode.SUBTRACT)
    stroke.drag(LEFT, RIGHT, modifiers=("Shift",))
    assert len(opened.painted) > 0
    stroke.drag(LEFT, RIGHT)
    assert len(opened.painted) == 0


def test_other_buttons_do_not_paint(active, opened, stroke):
    stroke.drag(LEFT, RIGHT, button=2)
    assert len(opened.painted) == 0


def test_an_inactive_tool_does_not_paint(brush, opened, stroke):
    stroke.drag(LEFT, RIGHT)
    assert len(opened.painted) == 0


def test_the_release_is_reported_for_timing(active, stroke):
    ended, took = [], []
    active.stroke_ended.connect(ended.append)
    active.move_took.connect(took.append)
    stroke.drag(LEFT, (600.0, 900.0), RIGHT)
    assert len(ended) == 1
    assert len(took) == 2
    assert all(0 <= seconds < 1 for seconds in took)


def test_a_prediction_follows_the_stroke(active, opened, model_folder, stroke):
    opened.load_model(model_folder)
    stroke.drag(LEFT, RIGHT)
    assert opened.result.patch.tolist() == opened.painted.tolist()


def test_in_3d_it_says_how_to_paint(active, opened, stroke, said):
    stroke.drag(LEFT, dims_displayed=[0, 1, 2])
    assert len(opened.painted) == 0
    assert "2D" in said[-1][1]


def test_only_the_section_in_view_is_painted(brush, session, viewer, stroke, new_slide, grid):
    coords = np.concatenate([np.column_stack([grid(5), np.full(25, z)]) for z in (0.0, 20.0)])
    session.add(new_slide(coords, {"section": np.repeat(["s1", "s2"], 25)}, registered=True))
    brush.set_active(True)
    stroke.drag((0.0, 0.0, 20.0), (40.0, 40.0, 20.0), dims_displayed=[1, 2])
    assert len(session.painted) > 5
    assert session.painted.min() >= 25


def test_the_wheel_with_shift_sizes_the_brush_and_alone_does_not(active, opened, stroke):
    radius = opened.brush_radius
    stroke.wheel(LEFT, 1.0, modifiers=("Shift",))
    assert opened.brush_radius == pytest.approx(1.2 * radius)
    stroke.wheel(LEFT, -1.0, modifiers=("Shift",))
    assert opened.brush_radius == pytest.approx(radius)
    stroke.wheel(LEFT, 1.0)
    active.set_tool(Tool.LASSO)
    stroke.wheel(LEFT, 1.0, modifiers=("Shift",))
    assert opened.brush_radius == pytest.approx(radius)


# -- tools, modes, lesions ---------------------------------------------------------------------------------------------


def test_a_change_of_tool_mode_or_lesion_is_told_once(active):
    told = []
    active.tool_changed.connect(lambda: told.append((active.tool, active.mode, active.lesion.kind)))
    for _ in range(2):
        active.set_tool(Tool.LESION)
        active.set_mode(Mode.INVERT)
        active.set_lesion(Lesion("ellipse", spots=9, ratio=2.0))
    assert told == [
        (Tool.LESION, Mode.ADD, "disc"),
        (Tool.LESION, Mode.INVERT, "disc"),
        (Tool.LESION, Mode.INVERT, "ellipse"),
    ]


# -- being active ------------------------------------------------------------------------------------------------------


def test_without_a_slide_it_stays_off(brush):
    brush.set_active(True)
    assert not brush.active


def test_while_active_the_camera_is_still_and_the_cursor_a_ring(brush, opened, viewer):
    spots = brush.layers.scene.spots
    brush.set_active(True)
    assert not spots.mouse_pan
    assert spots.cursor == "circle"
    assert spots.cursor_size == pytest.approx(2 * opened.brush_radius)
    assert viewer.cursor.scaled
    brush.set_active(False)
    assert spots.mouse_pan
    assert spots.cursor == "standard"


def test_the_ring_follows_the_radius(active):
    active.set_radius(333.0)
    assert active.layers.scene.spots.cursor_size == pytest.approx(666.0)


def test_a_radius_stays_large_enough_to_hit_something(active, tiny):
    active.set_radius(0.0)
    assert active.radius == pytest.approx(0.1 * tiny.pitch)


def test_choosing_another_layer_stops_painting(active, viewer):
    viewer.add_points(np.zeros((1, 2)), name="mine")
    assert not active.active


def test_choosing_the_rings_does_not_stop_painting(active, viewer):
    viewer.layers.selection.active = active.layers.scene.rings
    assert active.active
    assert viewer.layers.selection.active is active.layers.scene.spots


def test_another_slide_takes_the_tool_over(active, opened, other, stroke):
    opened.add(other)
    assert active.active
    assert not active.layers.scene.spots.mouse_pan
    stroke.drag(tuple(other.coords[50]))
    assert 50 in opened.painted


def test_deleting_the_layer_switches_it_off(active, viewer):
    viewer.layers.remove(active.layers.scene.spots)
    assert not active.active


def test_closed_it_listens_no_more(viewer, layers, opened, stroke):
    brush = BrushTool(viewer, layers, opened)
    brush.set_active(True)
    brush.close()
    stroke.drag(LEFT, RIGHT)
    assert len(opened.painted) == 0
    assert not brush.active


# -- the real canvas ---------------------------------------------------------------------------------------------------


def test_dragging_over_the_canvas_paints_under_the_mouse(painting, tiny):
    session, radius = painting.window.session, painting.window.session.brush_radius
    steps = painting.drag(LEFT, RIGHT)
    pixel = 2 / painting.window.viewer.scene.camera.zoom
    assert set(near(tiny, LEFT, RIGHT, radius - pixel)) <= set(session.painted.tolist())
    assert set(session.painted.tolist()) <= set(near(tiny, LEFT, RIGHT, radius + pixel))
    assert len(steps[0]) < len(steps[-1]), "spots are painted while the mouse moves"
    session.undo()
    assert len(session.painted) == 0


def test_one_long_move_over_the_canvas_leaves_no_gap(painting, tiny):
    session = painting.window.session
    painting.drag(LEFT, RIGHT, steps=1)
    pixel = 2 / painting.window.viewer.scene.camera.zoom
    assert set(near(tiny, LEFT, RIGHT, session.brush_radius - pixel)) <= set(session.painted.tolist())


def test_the_camera_does_not_move_while_painting(painting):
    before = painting.camera
    painting.drag(LEFT, (800.0, 500.0), RIGHT)
    assert painting.camera == before


def test_shift_erases_on_the_canvas_and_the_camera_stays(painting):
    painting.drag(LEFT, RIGHT)
    before = painting.camera
    painting.drag(LEFT, RIGHT, keys=Qt.KeyboardModifier.ShiftModifier)
    assert len(painting.window.session.painted) == 0
    assert painting.camera == before


def test_alt_is_left_to_napari_which_zooms(painting):
    zoom = painting.camera[-1]
    painting.drag((400.0, 700.0), (900.0, 1200.0), keys=Qt.KeyboardModifier.AltModifier)
    assert len(painting.window.session.painted) == 0
    assert painting.camera[-1] > 1.2 * zoom


def test_switched_off_dragging_pans_as_usual(painting):
    painting.window.brush.set_active(False)
    before = painting.camera
    painting.drag(LEFT, RIGHT)
    assert len(painting.window.session.painted) == 0
    assert painting.camera[:3] != before[:3]
    assert painting.camera[3] == pytest.approx(before[3])


def test_keys_undo_redo_and_size_the_brush(painting):
    session, native = painting.window.session, painting.window.native
    painting.drag(LEFT, RIGHT)
    painted, radius = session.painted.tolist(), session.brush_radius
    ctrl, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    native.setFocus()
    QTest.keyClick(native, Qt.Key.Key_Z, ctrl)
    assert len(session.painted) == 0
    QTest.keyClick(native, Qt.Key.Key_Z, ctrl | shift)
    assert session.painted.tolist() == painted
    QTest.keyClick(native, Qt.Key.Key_BracketRight)
    assert session.brush_radius == pytest.approx(1.2 * radius)
    QTest.keyClick(native, Qt.Key.Key_BracketLeft)
    assert session.brush_radius == pytest.approx(radius)


def test_sizing_keys_do_nothing_while_the_tool_is_off(painting):
    session = painting.window.session
    painting.window.brush.set_active(False)
    radius = session.brush_radius
    QTest.keyClick(painting.window.native, Qt.Key.Key_BracketRight)
    assert session.brush_radius == radius


def test_nothing_stays_where_the_mouse_left_the_canvas(painting):
    window = painting.window
    ring = window.viewer.canvas.overlays["_brush_circle"]
    (drawn,) = window.canvas._viewer_overlay_to_visual[ring]
    window.viewer.mouse_over_canvas = True
    painting.drag(LEFT, RIGHT)
    assert drawn.node.visible
    assert drawn.box.parent is None, "a box of no size is a dot over the spot under the mouse"
    window.viewer.mouse_over_canvas = False
    assert not drawn.node.visible
    assert drawn.box.parent is None
    window.brush.close()
    assert ring.box, "napari's own again"
