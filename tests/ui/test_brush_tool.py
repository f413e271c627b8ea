"""Painting with the mouse."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy.sparse.csgraph import connected_components

from napari_concert.selection import Lesion, Mode, spots_of
from napari_concert.ui.brush_tool import BrushTool
from napari_concert.ui.tools import ABOUT, Tool

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


@pytest.mark.parametrize("leave", ["tool", "off", "slide", "escape"])
def test_a_polygon_that_is_not_closed_is_given_up(active, opened, other, stroke, leave):
    active.set_tool(Tool.POLYGON)
    for corner in (LEFT, RIGHT, (800.0, 300.0)):
        stroke.click(corner)
    assert len(active.corners) == 3
    assert len(active.layers.scene.outline.points) == 4
    {
        "tool": lambda: active.set_tool(Tool.BRUSH),
        "off": lambda: active.set_active(False),
        "slide": lambda: opened.add(other),
        "escape": active.give_up,
    }[leave]()
    assert active.corners == []
    assert active.layers.scene.outline.points == ()
    active.finish_polygon()
    assert len(opened.painted) == 0


def test_two_quick_clicks_zoom_only_while_no_tool_is_in_hand(brush, opened, viewer, stroke):
    zoom = viewer.scene.camera.zoom
    brush.set_active(True)
    stroke.double_click(LEFT)
    assert viewer.scene.camera.zoom == zoom
    brush.set_active(False)
    stroke.double_click(LEFT)
    assert viewer.scene.camera.zoom == pytest.approx(2 * zoom)


def test_a_viewer_whose_double_click_does_not_zoom_stays_so(brush, opened, viewer, stroke):
    viewer.mouse_double_click_callbacks[:] = [brush._double_click]
    zoom = viewer.scene.camera.zoom
    brush.set_active(True)
    brush.set_active(False)
    stroke.double_click(LEFT)
    assert viewer.scene.camera.zoom == zoom


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


@pytest.fixture
def painting(hand, tiny):
    """A hand over a window that shows a slide, with the paint tool on."""
    hand.window.session.add(tiny)
    hand.window.brush.set_active(True)
    QTest.qWait(100)
    return hand


def camera(window):
    return (*window.viewer.scene.camera.center, window.viewer.scene.camera.zoom)


def test_dragging_over_the_canvas_paints_under_the_mouse(painting, tiny):
    session, radius = painting.window.session, painting.window.session.brush_radius
    steps = painting.drag(LEFT, RIGHT)
    pixel = 2 / painting.window.viewer.scene.camera.zoom
    assert set(near(tiny, LEFT, RIGHT, radius - pixel)) <= set(session.painted.tolist())
    assert set(session.painted.tolist()) <= set(near(tiny, LEFT, RIGHT, radius + pixel))
    assert len(steps[0]) < len(steps[-1]), "spots are painted while the mouse moves"
    session.undo()
    assert len(session.painted) == 0


def test_where_the_mouse_goes_too_fast_the_release_still_counts(painting, tiny):
    session, native = painting.window.session, painting.window.native
    for tool in (Tool.BRUSH, Tool.RECTANGLE):
        painting.window.brush.set_tool(tool)
        QTest.mousePress(native, Qt.MouseButton.LeftButton, pos=painting.at(*LEFT))
        QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=painting.at(RIGHT[0], RIGHT[1] + 300.0))
        assert session.painted[-1] in near(tiny, (0.0, 1200.0), (1400.0, 1200.0), 2 * tiny.pitch)
        session.undo()


def test_one_long_move_over_the_canvas_leaves_no_gap(painting, tiny):
    session = painting.window.session
    painting.drag(LEFT, RIGHT, steps=1)
    pixel = 2 / painting.window.viewer.scene.camera.zoom
    assert set(near(tiny, LEFT, RIGHT, session.brush_radius - pixel)) <= set(session.painted.tolist())


def test_the_camera_does_not_move_while_painting(painting):
    before = camera(painting.window)
    painting.drag(LEFT, (800.0, 500.0), RIGHT)
    assert camera(painting.window) == before


def test_shift_erases_on_the_canvas_and_the_camera_stays(painting):
    painting.drag(LEFT, RIGHT)
    before = camera(painting.window)
    painting.drag(LEFT, RIGHT, keys=Qt.KeyboardModifier.ShiftModifier)
    assert len(painting.window.session.painted) == 0
    assert camera(painting.window) == before


def test_alt_is_left_to_napari_which_zooms(painting):
    zoom = camera(painting.window)[-1]
    painting.drag((400.0, 700.0), (900.0, 1200.0), keys=Qt.KeyboardModifier.AltModifier)
    assert len(painting.window.session.painted) == 0
    assert camera(painting.window)[-1] > 1.2 * zoom


def test_switched_off_dragging_pans_as_usual(painting):
    painting.window.brush.set_active(False)
    before = camera(painting.window)
    painting.drag(LEFT, RIGHT)
    assert len(painting.window.session.painted) == 0
    assert camera(painting.window)[:3] != before[:3]
    assert camera(painting.window)[3] == pytest.approx(before[3])


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


# -- every tool on the real canvas -------------------------------------------------------------------------------------

TRIANGLE = (300.0, 400.0), (1500.0, 500.0), (900.0, 1500.0)
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def holding(painting, tool, mode=Mode.ADD):
    painting.window.brush.set_tool(tool)
    painting.window.brush.set_mode(mode)
    return painting.window.session


def in_triangle(slide, margin=0.0):
    """Rows inside the triangle by brute force, and at least a margin away from its sides."""
    corners = np.array(TRIANGLE)
    inside = np.ones(slide.n_spots, dtype=bool)
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        along, to = end - start, slide.coords - start
        inside &= (along[0] * to[:, 1] - along[1] * to[:, 0]) / np.linalg.norm(along) > margin
    return set(np.flatnonzero(inside).tolist())


def is_between(painting, rows, tiny):
    """Whether rows are those in the triangle, but for what a pixel is uncertain."""
    pixel = 2 / painting.window.viewer.scene.camera.zoom
    return in_triangle(tiny, pixel) <= set(rows.tolist()) <= in_triangle(tiny, -pixel) and len(rows) > 10


def outline_of_window(painting):
    return painting.window.brush.layers.scene.outline.points


def test_a_lasso_selects_what_it_encloses(painting, tiny):
    session, before = holding(painting, Tool.LASSO), camera(painting.window)
    steps = painting.drag(*TRIANGLE, TRIANGLE[0])
    assert all(len(rows) == 0 for rows in steps), "nothing is painted before the release"
    assert is_between(painting, session.painted, tiny)
    assert outline_of_window(painting) == ()
    assert camera(painting.window) == before


@pytest.mark.parametrize("close", ["double click", "enter"])
def test_a_polygon_is_clicked_and_closed(painting, tiny, close):
    session, before = holding(painting, Tool.POLYGON), camera(painting.window)
    painting.click(*TRIANGLE[0])
    painting.click(*TRIANGLE[1])
    painting.hover(900.0, 1200.0)
    rubber = np.array(outline_of_window(painting))[:, ::-1]
    assert rubber == pytest.approx(np.array([*TRIANGLE[:2], (900.0, 1200.0), TRIANGLE[0]]), abs=10.0)
    if close == "enter":
        painting.click(*TRIANGLE[2])
        painting.key(Qt.Key.Key_Return)
    else:
        painting.double_click(*TRIANGLE[2])
    assert is_between(painting, session.painted, tiny)
    assert outline_of_window(painting) == ()
    assert camera(painting.window) == before, "a double click does not zoom"
    painting.hover(500.0, 500.0)
    assert outline_of_window(painting) == (), "the next polygon starts afresh"


def test_escape_gives_a_polygon_up(painting):
    session = holding(painting, Tool.POLYGON)
    for corner in TRIANGLE:
        painting.click(*corner)
    painting.key(Qt.Key.Key_Escape)
    assert outline_of_window(painting) == ()
    painting.key(Qt.Key.Key_Return)
    assert len(session.painted) == 0
    assert painting.window.brush.active


def test_a_rectangle_is_dragged(painting, tiny):
    session = holding(painting, Tool.RECTANGLE)
    painting.drag((400.0, 500.0), (1200.0, 1100.0))
    x, y = tiny.coords[:, :2].T
    pixel = 2 / painting.window.viewer.scene.camera.zoom
    beyond = np.max([400.0 - x, x - 1200.0, 500.0 - y, y - 1100.0], axis=0)  # below 0 inside
    rows = set(session.painted.tolist())
    assert set(np.flatnonzero(beyond < -pixel).tolist()) <= rows <= set(np.flatnonzero(beyond < pixel).tolist())
    assert len(rows) > 10


def test_a_click_toggles_a_spot(painting, tiny):
    session = holding(painting, Tool.SPOT)
    painting.click(*tiny.coords[50])
    painting.click(*tiny.coords[120])
    assert session.painted.tolist() == [50, 120]
    painting.click(*tiny.coords[50])
    assert session.painted.tolist() == [120]


def test_a_click_selects_a_region_of_the_shown_column(painting, tiny):
    session = holding(painting, Tool.REGION)
    session.show_column("tissue")
    row = int(np.flatnonzero(tiny.tissue_of == "tumour")[0])
    painting.click(*tiny.coords[row])
    tumour = np.flatnonzero(tiny.tissue_of == "tumour")
    apart = np.linalg.norm(tiny.coords[tumour, None] - tiny.coords[None, tumour], axis=-1)
    _, part = connected_components(apart < 1.5 * tiny.pitch)
    expected = tumour[part == part[np.searchsorted(tumour, row)]]
    assert session.painted.tolist() == expected.tolist()
    assert len(expected) > 3


def test_a_click_stamps_the_set_lesion_and_a_drag_sizes_it(painting, tiny):
    session = holding(painting, Tool.LESION)
    painting.window.brush.set_lesion(Lesion("disc", spots=15))
    centre = tuple(tiny.coords[np.argmin(np.linalg.norm(tiny.coords - tiny.coords.mean(axis=0), axis=1))])
    painting.hover(*centre)
    followed = np.array(outline_of_window(painting))[:, ::-1]
    assert followed.mean(axis=0) == pytest.approx(np.array(centre), abs=15.0)
    painting.click(*centre)
    assert len(session.painted) == 15
    index = painting.window.brush.layers.scene.index
    assert len(np.intersect1d(session.painted, spots_of(Lesion("disc", spots=15), index, centre))) >= 12
    session.undo()
    painting.drag(centre, (centre[0] + 500.0, centre[1]))
    assert len(session.painted) == pytest.approx(len(near(tiny, centre, centre, 500.0)), rel=0.25)
    assert painting.window.brush.lesion.spots == 15, "the set size stays"


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("tool", [Tool.BRUSH, Tool.RECTANGLE])
def test_every_mode_joins_spots_in_its_way(painting, tool, mode):
    session = holding(painting, tool)
    painting.drag((400.0, 500.0), (1000.0, 900.0))
    first = set(session.painted.tolist())
    session.undo()
    painting.drag((700.0, 600.0), (1400.0, 1200.0))
    second = set(session.painted.tolist())
    session.undo()
    assert first & second
    painting.drag((400.0, 500.0), (1000.0, 900.0))
    holding(painting, tool, mode)
    painting.drag((700.0, 600.0), (1400.0, 1200.0))
    expected = {
        Mode.ADD: first | second,
        Mode.SUBTRACT: first - second,
        Mode.INTERSECT: first & second,
        Mode.INVERT: first ^ second,
    }
    assert set(session.painted.tolist()) == expected[mode]
    assert outline_of_window(painting) == ()
    session.undo()
    assert set(session.painted.tolist()) == first, "a selection is one edit"


def test_shift_and_the_wheel_size_the_brush_and_do_not_zoom(painting):
    session, before = holding(painting, Tool.BRUSH), camera(painting.window)
    radius = session.brush_radius
    painting.wheel(800.0, 800.0, 1, SHIFT)
    assert session.brush_radius == pytest.approx(1.2 * radius)
    painting.wheel(800.0, 800.0, -2, SHIFT)
    assert session.brush_radius < 1.2 * radius
    assert camera(painting.window) == before
    painting.wheel(800.0, 800.0, 1)
    assert camera(painting.window)[-1] > before[-1], "alone it zooms"


def test_letters_take_tools_in_hand(painting):
    brush = painting.window.brush
    brush.set_active(False)
    for tool, about in ABOUT.items():
        painting.key(getattr(Qt.Key, f"Key_{about.key}"))
        assert brush.active
        assert brush.tool is tool
        painting.key(getattr(Qt.Key, f"Key_{about.key}"))
        assert not brush.active, "once more puts it away"


def test_letters_take_tools_and_undo_works_where_the_list_has_the_keyboard(painting):
    window = painting.window
    window.dock.show_step(window.dock.paint_panel)
    painting.drag(LEFT, RIGHT)
    table = window.dock.paint_panel.table
    table.setFocus()
    painting.key(Qt.Key.Key_F, widget=table)
    assert window.brush.tool is Tool.LASSO
    painting.key(Qt.Key.Key_Z, CTRL, widget=table)
    assert len(window.session.painted) == 0


def test_several_patches_have_rings_in_their_colours(painting):
    session, scene = painting.window.session, painting.window.brush.layers.scene
    painting.drag(LEFT, LEFT)
    session.new_patch()
    painting.drag(RIGHT, RIGHT)
    first, second = session.patches
    assert first.color != second.color
    ringed = scene.rows[scene._ringed]
    for patch in (first, second):
        red_green_blue = [int(patch.color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        drawn = scene.rings.face_color[np.isin(ringed, patch.spots)]
        assert drawn[:, :3] == pytest.approx(np.tile(red_green_blue, (len(patch), 1)), abs=0.01)
    assert session.painted.tolist() == sorted([*first.spots, *second.spots])
