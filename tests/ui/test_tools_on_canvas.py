"""Every tool by mouse and keys on the real canvas."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scipy.sparse.csgraph import connected_components

from napari_concert.selection import Lesion, Mode, spots_of
from napari_concert.ui.tools import ABOUT, Tool

PRESSED, RELEASED = (300.0, 900.0), (1300.0, 1200.0)
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
    session, before = holding(painting, Tool.LASSO), painting.camera
    steps = painting.drag(*TRIANGLE, TRIANGLE[0])
    assert all(len(rows) == 0 for rows in steps), "nothing is painted before the release"
    assert is_between(painting, session.painted, tiny)
    assert outline_of_window(painting) == ()
    assert painting.camera == before


@pytest.mark.parametrize("close", ["double click", "enter"])
def test_a_polygon_is_clicked_and_closed(painting, tiny, close):
    session, before = holding(painting, Tool.POLYGON), painting.camera
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
    assert painting.camera == before, "a double click does not zoom"
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
    assert len(session.painted) == pytest.approx((np.linalg.norm(tiny.coords - centre, axis=1) < 500).sum(), rel=0.25)
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
    session, before = holding(painting, Tool.BRUSH), painting.camera
    radius = session.brush_radius
    painting.wheel(800.0, 800.0, 1, SHIFT)
    assert session.brush_radius == pytest.approx(1.2 * radius)
    painting.wheel(800.0, 800.0, -2, SHIFT)
    assert session.brush_radius < 1.2 * radius
    assert painting.camera == before
    painting.wheel(800.0, 800.0, 1)
    assert painting.camera[-1] > before[-1], "alone it zooms"


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
    painting.drag(PRESSED, RELEASED)
    table = window.dock.paint_panel.table
    table.setFocus()
    painting.key(Qt.Key.Key_F, widget=table)
    assert window.brush.tool is Tool.LASSO
    painting.key(Qt.Key.Key_Z, CTRL, widget=table)
    assert len(window.session.painted) == 0


def test_several_patches_have_rings_in_their_colours(painting):
    session, scene = painting.window.session, painting.window.brush.layers.scene
    painting.drag(PRESSED, PRESSED)
    session.new_patch()
    painting.drag(RELEASED, RELEASED)
    first, second = session.patches
    assert first.color != second.color
    ringed = scene.rows[scene._ringed]
    for patch in (first, second):
        red_green_blue = [int(patch.color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        drawn = scene.rings.face_color[np.isin(ringed, patch.spots)]
        assert drawn[:, :3] == pytest.approx(np.tile(red_green_blue, (len(patch), 1)), abs=0.01)
    assert session.painted.tolist() == sorted([*first.spots, *second.spots])


def test_where_the_mouse_goes_too_fast_the_release_still_counts(painting, tiny):
    session, native = painting.window.session, painting.window.native
    for tool in (Tool.BRUSH, Tool.RECTANGLE):
        painting.window.brush.set_tool(tool)
        QTest.mousePress(native, Qt.MouseButton.LeftButton, pos=painting.at(*PRESSED))
        QTest.mouseRelease(native, Qt.MouseButton.LeftButton, pos=painting.at(*RELEASED))
        assert np.abs(tiny.coords[session.painted[-1]] - RELEASED).max() < 2 * tiny.pitch
        session.undo()
