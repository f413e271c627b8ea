"""Stacks in the real window: all views, and painting in each of them with a real mouse."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_concert.selection import Depth, Lesion
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.tools import Tool

ONE, GRID, SPACE = StackMode.ONE, StackMode.GRID, StackMode.SPACE


class StackHand:
    """A mouse over a stack, by the spots that are drawn."""

    def __init__(self, hand):
        self.hand, self.window = hand, hand.window
        self.session, self.viewer = hand.window.session, hand.window.viewer

    @property
    def scene(self):
        return self.window.brush.layers.scene

    @property
    def camera(self):
        camera = self.viewer.scene.camera
        return np.array([*camera.center, camera.zoom, *camera.angles])

    def show(self, mode, **view):
        self.session.show_stack(mode=mode, **view)
        QTest.qWait(150)

    def spot(self, level, x=0.0, y=0.0):
        """Row of the spot of a section nearest to a place of the slide."""
        away = np.linalg.norm(self.session.slide.coords[:, :2] - (x, y), axis=1)
        return int(np.argmin(np.where(self.scene.layout.planes == level, away, np.inf)))

    def at(self, row):
        """Where on the canvas a spot is drawn."""
        z, y, x = self.scene.layout.points[row] / self.scene.layout.step
        node = self.window.canvas.layer_to_visual[self.scene.spots].node
        # in the 2D view the layer has only y and x
        place = node.get_transform("visual", "canvas").map([x, y, z if self.viewer.dims.ndisplay == 3 else 0, 1])
        return QPoint(round(place[0] / place[3]), round(place[1] / place[3]))

    def drag(self, *rows, steps=8, keys=Qt.KeyboardModifier.NoModifier):
        """Drag over spots; or over points of the canvas."""
        stops = [row if isinstance(row, QPoint) else self.at(row) for row in rows]
        native, left = self.window.native, Qt.MouseButton.LeftButton
        QTest.mouseMove(native, stops[0])
        QTest.mousePress(native, left, keys, stops[0])
        for begin, end in pairwise(stops):
            for share in np.linspace(0, 1, steps + 1)[1:]:
                self.hand._move(begin + (end - begin) * float(share), keys, left)
        QTest.mouseRelease(native, left, keys, stops[-1])
        QApplication.processEvents()

    @property
    def painted_sections(self):
        return sorted(set(self.scene.layout.planes[self.session.painted].tolist()))


@pytest.fixture
def stack(hand, stack_slide):
    hand.window.session.add(stack_slide)
    hand.window.brush.set_active(True)
    QTest.qWait(150)
    return StackHand(hand)


def test_one_section_is_painted_and_others_only_if_asked(stack):
    stack.show(ONE)
    stack.viewer.dims.set_point(0, 150.0)
    stack.drag(stack.spot(1, -200), stack.spot(1, 200))
    assert stack.painted_sections == [1]
    one = len(stack.session.painted)
    stack.session.set_depth(Depth("sections", 1))
    stack.drag(stack.spot(1, -200), stack.spot(1, 200))
    assert stack.painted_sections == [0, 1, 2]
    stack.session.undo()
    assert len(stack.session.painted) == one, "a stroke through sections is one undo"
    stack.session.undo()
    assert len(stack.session.painted) == 0


def test_any_section_is_painted_side_by_side(stack):
    stack.show(GRID)
    assert len(stack.scene.spots._view_indices) == stack.session.slide.n_spots, "all are in view"
    for level in (2, 0):
        stack.drag(stack.spot(level))
        assert level in stack.painted_sections
    assert stack.painted_sections == [0, 2]
    stack.drag(stack.spot(2), keys=Qt.KeyboardModifier.ShiftModifier)
    assert stack.painted_sections == [0]


def test_a_lasso_side_by_side_stays_in_its_section(stack):
    stack.show(GRID)
    stack.window.brush.set_tool(Tool.LASSO)
    corners = [stack.spot(1, *xy) for xy in ((-300, -300), (300, -300), (0, 300))]
    stack.drag(*corners, corners[0])
    assert stack.painted_sections == [1]
    assert len(stack.session.painted) > 5


def test_the_front_spot_is_painted_in_space_and_the_camera_stays(stack):
    stack.show(SPACE)
    assert stack.viewer.dims.ndisplay == 3
    before, rows = stack.camera, [stack.spot(2, -150), stack.spot(2, 150)]
    stack.drag(*rows)
    assert set(rows) <= set(stack.session.painted.tolist())
    assert stack.painted_sections == [2]
    assert stack.camera == pytest.approx(before)
    stack.session.undo()
    assert len(stack.session.painted) == 0


@pytest.mark.parametrize(
    ("depth", "sections"),
    [(Depth("sections", 1), [1, 2]), (Depth("sections", 2), [0, 1, 2]), (Depth("sphere"), [1, 2])],
)
def test_a_stroke_in_space_reaches_as_deep_as_chosen(stack, depth, sections):
    stack.show(SPACE, stretch=5.0)
    stack.window.brush.set_radius(200.0)
    stack.session.set_depth(depth)
    row = stack.spot(2)
    stack.drag(row)
    assert stack.painted_sections == sections
    if depth.reaches == "sphere":
        away = np.linalg.norm(stack.session.slide.coords - stack.session.slide.coords[row], axis=1)
        painted, pixel = np.isin(np.arange(len(away)), stack.session.painted), 10.0  # µm, and a bit more
        assert painted[away <= 200.0 - pixel].all()
        assert not painted[away > 200.0 + pixel].any()


def test_what_is_behind_is_painted_once_the_front_is_hidden(stack):
    stack.show(SPACE)
    stack.session.hide_sections(["s3"])
    stack.drag(stack.spot(1))
    assert stack.painted_sections == [1]


def test_a_drag_beside_the_spots_turns_the_view(stack):
    stack.show(SPACE)
    before = stack.camera
    stack.drag(QPoint(15, 15), QPoint(120, 90))
    assert not np.allclose(stack.camera[-3:], before[-3:])
    assert len(stack.session.painted) == 0
    now, row = stack.camera, stack.spot(2)
    stack.drag(row)
    assert stack.camera == pytest.approx(now), "the tool is in hand again"
    assert len(stack.session.painted) > 0


@pytest.mark.parametrize("mode", [SPACE, ONE])
def test_space_lets_the_mouse_move_the_camera(stack, mode):
    stack.show(mode)
    before, here = stack.camera, stack.at(stack.spot(2))
    QTest.keyPress(stack.window.native, Qt.Key.Key_Space)
    stack.drag(here, here + QPoint(60, 40))
    QTest.keyRelease(stack.window.native, Qt.Key.Key_Space)
    assert not np.allclose(stack.camera, before)
    assert len(stack.session.painted) == 0
    assert not stack.window.brush.is_turning
    now = stack.camera
    stack.drag(stack.spot(2))
    assert len(stack.session.painted) > 0
    assert stack.camera == pytest.approx(now)


def test_tools_that_need_a_plane_say_so_once_in_space(stack, said):
    stack.show(SPACE)
    stack.window.brush.set_tool(Tool.LASSO)
    for _ in range(2):
        stack.drag(stack.spot(2, -150), stack.spot(2, 150))
    assert len(stack.session.painted) == 0
    assert [text for _, text in said if "Lasso" in text] == [
        "Lasso draws in a plane: use it on one section, or side by side. In 3D there are: Brush, Spot, Region, Lesion."
    ]


def test_spot_region_and_lesion_work_in_space(stack):
    stack.show(SPACE)
    row = stack.spot(2, 150, 0)
    stack.window.brush.set_tool(Tool.SPOT)
    stack.drag(row)
    assert stack.session.painted.tolist() == [row]
    stack.window.brush.set_tool(Tool.REGION)
    stack.drag(row)
    assert stack.painted_sections == [2]
    assert set(stack.session.slide.state_of[stack.session.painted]) == {"Jak2"}
    stack.session.clear()
    stack.window.brush.set_tool(Tool.LESION)
    stack.window.brush.set_lesion(Lesion("disc", spots=7))
    stack.drag(row)
    assert len(stack.session.painted) == 7
    assert stack.painted_sections == [2]
    stack.session.clear()
    stack.window.brush.set_lesion(Lesion("ellipsoid", spots=30))
    stack.drag(row)
    assert len(stack.session.painted) == 30
    assert len(stack.painted_sections) > 1


def test_an_ellipsoid_is_stamped_and_sized_on_a_section(stack):
    stack.show(ONE)
    stack.viewer.dims.set_point(0, 150.0)
    stack.window.brush.set_tool(Tool.LESION)
    stack.window.brush.set_lesion(Lesion("ellipsoid", spots=20))
    centre = stack.at(stack.spot(1))
    stack.drag(centre)
    assert len(stack.session.painted) == 20
    assert stack.painted_sections == [0, 1, 2]
    stack.session.clear()
    stack.drag(centre, stack.at(stack.spot(1, 300, 0)))
    assert len(stack.session.painted) > 20


@pytest.mark.parametrize("kind", ["ellipsoid", "disc"])
def test_a_lesion_in_space_is_outlined_and_sized(stack, kind):
    stack.show(SPACE)
    stack.window.brush.set_tool(Tool.LESION)
    stack.window.brush.set_lesion(Lesion(kind, spots=20))
    outline, row = stack.scene.outline, stack.spot(2, 0, -150)
    centre = stack.at(row)
    stack.hand._move(centre, Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton)
    assert len(outline.rings) == (3 if kind == "ellipsoid" else 1)
    assert outline.points == ()
    drawn = np.array(outline.rings).reshape(-1, 3)
    middle = 0.5 * (drawn.min(axis=0) + drawn.max(axis=0))
    expected = stack.scene.layout.points[row] / stack.scene.layout.step
    assert middle == pytest.approx(expected, abs=0.2 * stack.session.slide.pitch)
    sizes = []
    outline.events.rings.connect(lambda rings: sizes.append(np.ptp(np.array(rings)[..., 2]) if rings else 0.0))
    farther = round(0.75 * np.ptp(drawn[:, 2]) * stack.viewer.scene.camera.zoom)
    stack.drag(centre, centre + QPoint(farther, 0))
    assert len(stack.session.painted) > 20
    assert max(sizes) > 1.2 * sizes[0]
    assert outline.rings == (), "the stamp is done"
    stack.hand._move(centre, Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton)
    assert outline.rings
    stack.viewer.mouse_over_canvas = True
    QApplication.sendEvent(stack.window.native, QEvent(QEvent.Type.Leave))
    assert outline.rings == (), "nothing stays where the mouse left the canvas"


@pytest.mark.parametrize("mode", [GRID, SPACE])
def test_sections_and_their_names_are_clear_of_what_is_written(stack, mode):
    stack.viewer.window.resize(1366, 768)
    stack.session.show_gene("Gene1")
    QTest.qWait(300)
    stack.show(mode)
    text = stack.window.brush.layers.text
    places = np.array([(at.x(), at.y()) for at in map(stack.at, range(0, stack.session.slide.n_spots, 7))])
    height, width = stack.viewer.canvas.size
    (left, top), (right, bottom) = places.min(axis=0), places.max(axis=0)

    def is_in(room):
        return left >= room.left and top >= room.top and right <= width - room.right and bottom <= height - room.bottom

    assert any(map(is_in, text.margins()))


def test_views_keep_patch_colours_and_where_one_looked_from(stack):
    stack.session.show_gene("Gene1")
    stack.viewer.dims.set_point(0, 300.0)
    stack.session.paint([5, 60, 120])
    colours = stack.scene.spots.face_color.copy()
    stack.viewer.scene.camera.zoom *= 1.7
    seen = {ONE: stack.camera}
    for mode in (GRID, SPACE):
        stack.show(mode)
        stack.viewer.scene.camera.zoom *= 1.3
        seen[mode] = stack.camera
    for mode in (GRID, ONE, SPACE, ONE):
        stack.show(mode)
        assert stack.camera == pytest.approx(seen[mode], abs=1e-3), mode
        assert stack.session.painted.tolist() == [5, 60, 120]
        assert stack.scene.rings.data.tolist() == stack.scene.spots.data[[5, 60, 120]].tolist()
        assert stack.scene.spots.face_color == pytest.approx(colours)
    assert stack.viewer.dims.point[0] == 300.0, "the section in view comes back"
    assert len([layer for layer in stack.viewer.layers if layer._type_string == "points"]) == 3


def test_naparis_own_button_leads_to_3d_and_back(stack):
    stack.show(GRID)
    seen = stack.camera
    stack.viewer.dims.ndisplay = 3
    assert stack.session.stack_view.mode is SPACE
    stack.viewer.dims.ndisplay = 2
    assert stack.session.stack_view.mode is GRID
    assert stack.camera == pytest.approx(seen, abs=1e-3)


def test_another_slide_is_flat_again_and_the_stack_comes_back_in_3d(stack, tiny):
    stack.show(SPACE)
    stack.session.add(tiny)
    assert stack.viewer.dims.ndisplay == 2
    assert len([layer for layer in stack.viewer.layers if layer.name == "sections"]) == 0
    stack.session.choose(stack.session.workspaces[0])
    assert stack.viewer.dims.ndisplay == 3
    stack.drag(stack.spot(2))
    assert stack.painted_sections == [2]


def test_neighbours_are_faint_and_follow_the_slider(stack):
    stack.show(ONE, neighbours=True)
    faint = next(layer for layer in stack.viewer.layers if layer.name == "sections")
    of = stack.session.levels.of
    for level, near in ((0, [1]), (1, [0, 2])):
        stack.viewer.dims.set_point(0, 150.0 * level)
        assert len(faint._view_indices) == np.isin(of, near).sum()
        assert faint.face_color[:, 3].max() < 0.5
    stack.session.hide_sections(["s1"])
    assert len(faint._view_indices) == np.sum(of == 2)
    stack.session.show_stack(neighbours=False)
    assert len(faint.data) == 0


def test_sections_are_named_where_several_are_in_view(stack):
    names = next(layer for layer in stack.viewer.layers if layer.name == "sections")
    for mode in (GRID, SPACE):
        stack.show(mode)
        assert names.text.values.tolist() == ["s1", "s2", "s3"]
        stack.session.hide_sections(["s2"])
        assert names.text.values.tolist() == ["s1", "s3"]
        stack.session.hide_sections(())


@pytest.mark.parametrize("heights", [(0.0, 0.0, 50.0), (0.0, 20.0, 60.0), (40.0,)], ids=["double", "missing", "single"])
def test_odd_stacks_can_be_seen_and_painted(hand, new_stack, heights):
    hand.window.session.add(new_stack(heights))
    hand.window.brush.set_active(True)
    stack = StackHand(hand)
    last = len(heights) - 1
    for mode in (SPACE, GRID, ONE):
        stack.show(mode)
        if mode is ONE:
            stack.viewer.dims.set_point(0, stack.scene.layout.stack.heights[last])
            QTest.qWait(50)
        stack.drag(stack.spot(last, 100, 100))
        assert stack.painted_sections == [last], mode
        stack.session.clear()
