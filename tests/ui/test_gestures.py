"""What each tool selects, by mouse events as napari hands them on."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.selection import Lesion, Mode
from napari_concert.ui.tools import Tool

SIDE, STEP = 12, 10.0  # a square grid of 12 × 12 spots, 10 apart


@pytest.fixture
def held(brush, session, new_slide, grid):
    """Give a function that takes a tool in hand over a square grid of two halves, "left" and "right"."""
    coords = grid(SIDE)
    session.add(new_slide(coords, {"half": np.where(coords[:, 0] < 60, "left", "right")}))
    session.show_column("half")
    brush.set_active(True)

    def take(tool, mode=Mode.ADD):
        brush.set_tool(tool)
        brush.set_mode(mode)
        return session

    return take


def places(session):
    """Return where the selected spots lie, in steps of the grid."""
    return {(round(x / STEP), round(y / STEP)) for x, y in session.slide.coords[session.painted]}


def box(x0, x1, y0, y1):
    return {(x, y) for x in range(x0, x1 + 1) for y in range(y0, y1 + 1)}


def outline(brush):
    """Return the corners (x, y) of what is drawn on the slide."""
    return np.array(brush.layers.scene.outline.points).reshape(-1, 2)[:, ::-1]


def test_a_lasso_selects_what_it_encloses(held, brush, stroke):
    session = held(Tool.LASSO)
    stroke.press((15.0, 15.0))
    for at in ((55.0, 15.0), (55.0, 45.0)):
        stroke.move(at)
        assert outline(brush)[-1].tolist() == [15.0, 15.0], "the line is drawn closed"
    stroke.release((15.0, 45.0))
    assert places(session) == box(2, 5, 2, 4)
    assert len(outline(brush)) == 0


def test_a_rectangle_may_be_dragged_from_any_corner(held, stroke):
    session = held(Tool.RECTANGLE)
    stroke.drag((55.0, 15.0), (30.0, 30.0), (15.0, 45.0))
    assert places(session) == box(2, 5, 2, 4)


def test_a_rectangle_is_drawn_while_it_is_dragged(held, brush, stroke):
    held(Tool.RECTANGLE)
    stroke.press((15.0, 15.0))
    stroke.move((55.0, 45.0))
    assert outline(brush).min(axis=0).tolist() == [15.0, 15.0]
    assert outline(brush).max(axis=0).tolist() == [55.0, 45.0]
    stroke.release((55.0, 45.0))
    assert len(outline(brush)) == 0


@pytest.mark.parametrize("tool", [Tool.LASSO, Tool.RECTANGLE])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_click_with_a_tool_that_is_dragged_changes_nothing(held, stroke, tool, mode):
    session = held(tool, mode)
    session.paint([14, 15])
    stroke.click((20.0, 10.0))
    assert session.painted.tolist() == [14, 15]
    session.undo()
    assert len(session.painted) == 0, "it was no edit"


def test_a_polygon_has_a_rubber_line_and_is_closed_by_two_quick_clicks(held, brush, stroke):
    session = held(Tool.POLYGON)
    for corner in ((15.0, 15.0), (55.0, 15.0), (55.0, 45.0)):
        stroke.click(corner)
    stroke.hover((30.0, 60.0))
    assert outline(brush).tolist() == [[15.0, 15.0], [55.0, 15.0], [55.0, 45.0], [30.0, 60.0], [15.0, 15.0]]
    stroke.double_click((15.0, 45.0))
    assert places(session) == box(2, 5, 2, 4)
    assert len(outline(brush)) == 0
    assert brush.corners == []


def test_a_polygon_of_two_corners_selects_nothing(held, brush, stroke):
    session = held(Tool.POLYGON)
    for corner in ((15.0, 15.0), (55.0, 15.0)):
        stroke.click(corner)
    brush.finish_polygon()
    assert len(session.painted) == 0
    assert brush.corners == []


@pytest.mark.parametrize("leave", ["tool", "off", "slide", "escape"])
def test_a_polygon_that_is_not_closed_is_given_up(held, brush, other, stroke, leave):
    session = held(Tool.POLYGON)
    for corner in ((15.0, 15.0), (55.0, 15.0), (55.0, 45.0)):
        stroke.click(corner)
    assert len(brush.corners) == 3
    assert len(brush.layers.scene.outline.points) == 4
    {
        "tool": lambda: brush.set_tool(Tool.BRUSH),
        "off": lambda: brush.set_active(False),
        "slide": lambda: session.add(other),
        "escape": brush.give_up,
    }[leave]()
    assert brush.corners == []
    assert brush.layers.scene.outline.points == ()
    brush.finish_polygon()
    assert len(session.painted) == 0


def test_a_polygon_takes_the_mode_of_its_last_corner(held, brush, stroke):
    session = held(Tool.RECTANGLE)
    stroke.drag((-5.0, -5.0), (200.0, 200.0))
    held(Tool.POLYGON)
    for corner in ((15.0, 15.0), (55.0, 15.0), (55.0, 45.0)):
        stroke.click(corner)
    stroke.click((15.0, 45.0), modifiers=("Shift",))
    brush.finish_polygon()
    assert places(session) == box(0, 11, 0, 11) - box(2, 5, 2, 4)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_click_toggles_the_nearest_spot_in_any_mode(held, stroke, mode):
    session = held(Tool.SPOT, mode)
    stroke.click((21.0, 32.0))
    assert places(session) == {(2, 3)}
    stroke.click((19.0, 29.0))
    assert places(session) == set()
    stroke.click((-300.0, -300.0))
    assert places(session) == set(), "no spot is near"


def test_a_region_is_what_is_connected_and_has_the_label_shown(held, stroke):
    session = held(Tool.REGION)
    stroke.click((20.0, 20.0))
    assert places(session) == box(0, 5, 0, 11)
    held(Tool.REGION, Mode.INVERT)
    stroke.click((80.0, 20.0))
    assert places(session) == box(0, 11, 0, 11)
    stroke.click((-300.0, -300.0))
    assert places(session) == box(0, 11, 0, 11)


def test_a_lesion_has_the_set_size_and_its_outline_follows_the_cursor(held, brush, stroke):
    session = held(Tool.LESION)
    brush.set_lesion(Lesion("disc", spots=9))
    stroke.hover((50.0, 50.0))
    assert outline(brush).mean(axis=0) == pytest.approx([50.0, 50.0], abs=0.5)
    stroke.hover((70.0, 40.0))
    assert outline(brush).mean(axis=0) == pytest.approx([70.0, 40.0], abs=0.5)
    stroke.click((70.0, 40.0))
    assert places(session) == box(6, 8, 3, 5)
    assert len(outline(brush)) == 0


def test_a_drag_from_its_centre_sizes_a_lesion_once(held, brush, stroke):
    session = held(Tool.LESION)
    brush.set_lesion(Lesion("disc", area=np.pi * 100.0))
    stroke.press((50.0, 50.0))
    stroke.move((70.0, 50.0))
    assert np.linalg.norm(outline(brush) - 50.0, axis=1) == pytest.approx(np.full(97, 20.0), rel=0.01)
    stroke.release((81.0, 50.0))
    expected = {(x, y) for x, y in box(0, 11, 0, 11) if np.hypot(x - 5, y - 5) < 3.1}
    assert places(session) == expected
    assert brush.lesion.area == pytest.approx(np.pi * 100.0)


@pytest.mark.parametrize("mode", [Mode.INTERSECT, Mode.INVERT])
def test_where_a_stroke_counts_at_its_end_its_path_is_drawn_meanwhile(held, brush, stroke, mode):
    session = held(Tool.RECTANGLE)
    stroke.drag((15.0, 15.0), (55.0, 45.0))
    before = places(session)
    held(Tool.BRUSH, mode)
    brush.set_radius(2.0)
    stroke.press((50.0, 40.0))
    stroke.move((70.0, 40.0))
    assert places(session) == before
    assert outline(brush)[-1].tolist() == [70.0, 40.0]
    stroke.release((80.0, 40.0))
    walked = {(5, 4), (6, 4), (7, 4), (8, 4)}
    assert places(session) == (before & walked if mode is Mode.INTERSECT else before ^ walked)
    assert len(outline(brush)) == 0


def test_a_locked_patch_keeps_its_spots(held, brush, stroke, said):
    session = held(Tool.BRUSH)
    session.paint([14])
    session.restyle_patch(session.current.painting.active, locked=True)
    for tool, path in ((Tool.BRUSH, ((50.0, 50.0), (80.0, 50.0))), (Tool.RECTANGLE, ((15.0, 15.0), (55.0, 45.0)))):
        held(tool)
        stroke.drag(*path)
        assert session.painted.tolist() == [14]
        assert "locked" in said.pop()[1]


@pytest.mark.parametrize("tool", [Tool.LASSO, Tool.RECTANGLE, Tool.POLYGON, Tool.LESION])
def test_tools_touch_only_the_section_in_view(brush, session, stroke, new_slide, grid, tool):
    coords = np.concatenate([np.column_stack([grid(5), np.full(25, z)]) for z in (0.0, 20.0)])
    session.add(new_slide(coords, {"section": np.repeat(["s1", "s2"], 25)}, registered=True))
    brush.set_active(True)
    brush.set_tool(tool)
    brush.set_lesion(Lesion("disc", spots=9))
    flat = {"dims_displayed": [1, 2]}
    corners = [(5.0, 5.0, 20.0), (35.0, 5.0, 20.0), (35.0, 35.0, 20.0), (5.0, 35.0, 20.0)]
    if tool is Tool.POLYGON:
        for corner in corners:
            stroke.click(corner, **flat)
        brush.finish_polygon()
    elif tool is Tool.LESION:
        stroke.press((20.0, 20.0, 20.0), **flat)
        # the outline of nine spots of this section: two sections together would make it smaller
        assert np.linalg.norm(outline(brush) - 20.0, axis=1).min() > 13.0
        stroke.release((20.0, 20.0, 20.0), **flat)
    else:
        stroke.drag(*(corners if tool is Tool.LASSO else corners[::2]), **flat)
    assert session.painted.tolist() == [25 + 5 * y + x for y in (1, 2, 3) for x in (1, 2, 3)]


def test_two_quick_clicks_zoom_only_while_no_tool_is_in_hand(brush, opened, viewer, stroke):
    zoom = viewer.scene.camera.zoom
    brush.set_active(True)
    stroke.double_click((15.0, 15.0))
    assert viewer.scene.camera.zoom == zoom
    brush.set_active(False)
    stroke.double_click((15.0, 15.0))
    assert viewer.scene.camera.zoom == pytest.approx(2 * zoom)


def test_a_viewer_whose_double_click_does_not_zoom_stays_so(brush, opened, viewer, stroke):
    viewer.mouse_double_click_callbacks[:] = [brush._double_click]
    zoom = viewer.scene.camera.zoom
    brush.set_active(True)
    brush.set_active(False)
    stroke.double_click((15.0, 15.0))
    assert viewer.scene.camera.zoom == zoom
