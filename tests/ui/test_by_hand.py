"""Sections moved in the real window with a real mouse: dragged, turned, matched by places; and how it ends."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_concert.session.stack_view import StackMode
from napari_concert.slide import Rigid
from napari_concert.ui.by_hand_form import ByHandForm
from napari_concert.ui.section_drag import SectionDrag
from napari_concert.ui.section_match import SectionMatch
from napari_concert.ui.tools import Tool

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class Mover:
    """A mouse over sections that are moved by hand, and the form beside them."""

    def __init__(self, hand):
        self.hand, self.window = hand, hand.window
        self.session, self.viewer, self.brush = hand.window.session, hand.window.viewer, hand.window.brush
        self.form = hand.window.dock.findChild(ByHandForm)
        self.by_hand = self.form.by_hand
        nudge = hand.window.dock.slide_panel.sections.nudge
        nudge.unfold(True)
        nudge.section.setCurrentText("top")

    @property
    def task(self):
        return self.by_hand.task

    @property
    def scene(self):
        return self.brush.layers.scene

    def click_on(self, button):
        QTest.mouseClick(button, LEFT, PLAIN, button.rect().center())
        QTest.qWait(100)

    def pixel(self, y, x, layer=0):
        """Where on the canvas a place of a layer is drawn; of the world, for layers that stay."""
        node = self.window.canvas.layer_to_visual[self.task.layers[layer]].node
        place = node.get_transform("visual", "canvas").map([x, y, 0, 1])
        return QPoint(round(place[0] / place[3]), round(place[1] / place[3]))

    def drag(self, *stops):
        native = self.window.native
        QTest.mouseMove(native, stops[0])
        QTest.mousePress(native, LEFT, PLAIN, stops[0])
        for begin, end in pairwise(stops):
            for share in np.linspace(0, 1, 9)[1:]:
                self.hand._move(begin + (end - begin) * float(share), PLAIN, LEFT)
        QTest.mouseRelease(native, LEFT, PLAIN, stops[-1])
        QApplication.processEvents()

    def click(self, x, y, side):
        """Click a place of the slide on the section that moves (0) or on the one that stays (1)."""
        dy, dx = self.task._shifts[side]
        QTest.mouseClick(self.window.native, LEFT, PLAIN, self.pixel(y + dy, x + dx))
        QApplication.processEvents()

    @property
    def handle(self):
        """The box's corners and handles in the layer's own coordinates: 0 is a corner, 8 turns it."""
        from napari.layers.utils.interaction_box import generate_transform_box_from_layer

        return generate_transform_box_from_layer(self.task.layers[-1], (0, 1))

    @property
    def misplaced(self):
        """How far, at most, spots of one section lie from those they are copies of, in pitches."""
        low, top = np.split(self.session.slide.coords[:, :2], 2)
        return float(np.linalg.norm(low - top, axis=1).max() / self.session.slide.pitch)

    def is_as_before(self):
        """Whether the slide is seen again, with the tool in hand, and nothing else."""
        names = {layer.name for layer in self.viewer.layers}
        return (
            self.task is None
            and self.scene.spots.visible
            and self.scene.rings.visible
            and self.brush.active
            and names <= {self.session.slide.name, "painted spots", "sections"}
            and not self.form.isVisible()
        )


@pytest.fixture
def mover(hand, turned):
    hand.window.session.add(turned[0])
    hand.window.brush.set_active(True)
    QTest.qWait(150)
    return Mover(hand)


@pytest.fixture
def stack(hand, stack_slide):
    hand.window.session.add(stack_slide)
    hand.window.brush.set_active(True)
    QTest.qWait(150)
    mover = Mover(hand)
    hand.window.dock.slide_panel.sections.nudge.section.setCurrentText("s2")
    return mover


# -- dragging ---------------------------------------------------------------------------------------------------------


def test_a_section_is_turned_and_shifted_with_the_mouse(mover, turned):
    before = mover.misplaced
    camera = mover.hand.camera
    mover.click_on(mover.form.drag)
    assert isinstance(mover.task, SectionDrag)
    assert not mover.scene.spots.visible
    assert not mover.brush.active
    assert not mover.form.apply.isEnabled()
    assert mover.form.cancel.text() == "Close"
    box = mover.handle
    middle, arm = box[:4].mean(axis=0), box[8] - box[:4].mean(axis=0)
    back = Rigid(25).linear  # of y, x: turns against the 25 degrees of x, y
    mover.drag(mover.pixel(*box[8], layer=-1), mover.pixel(*(middle + back @ arm), layer=-1))
    assert mover.task.move.angle == pytest.approx(-25, abs=1.5)
    now = mover.task.move.apply(mover.task.piece.points[:, ::-1]).mean(axis=0)
    wanted = mover.session.slide.coords[:144, :2].mean(axis=0)
    mover.drag(mover.pixel(*now[::-1]), mover.pixel(*wanted[::-1]))
    assert "anticlockwise" in mover.form.says.text()
    assert mover.misplaced == before, "nothing is moved before it is applied"
    mover.click_on(mover.form.apply)
    assert mover.misplaced < 0.35
    assert mover.is_as_before()
    assert mover.hand.camera != camera, "the slide is drawn anew"
    (pair,) = mover.session.scores
    assert pair.after.correlation > pair.before.correlation
    mover.session.undo_alignment()
    assert mover.misplaced == pytest.approx(before)


def test_a_section_is_never_stretched(mover):
    mover.click_on(mover.form.drag)
    corner, middle = mover.pixel(*mover.handle[3], layer=-1), mover.pixel(*mover.handle[:4].mean(axis=0), layer=-1)
    mover.drag(corner, corner + (middle - corner) * 0.5)
    assert not mover.task.is_ready
    assert "not stretched" in mover.brush.layers.text.caption.text.replace("\n", " ")
    mover.drag(middle, middle + QPoint(40, 0))
    assert mover.task.is_ready
    x, y = mover.task.move.shift
    assert x > 0
    assert y == pytest.approx(0, abs=1e-6)


def test_a_section_is_mirrored_where_it_lies(mover):
    mover.click_on(mover.form.drag)
    mover.click_on(mover.form.flip)
    here = mover.task.piece.points[:, ::-1]
    there = mover.task.move.apply(here)
    np.testing.assert_allclose(there.mean(axis=0), here.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(there[:, 0] - there[0, 0], here[0, 0] - here[:, 0], atol=1e-6)
    assert "irrored" in mover.form.says.text()
    mover.hand.key(Qt.Key.Key_Return)
    assert mover.session.stack.move_of("top").mirrored


# -- matching places --------------------------------------------------------------------------------------------------


def test_places_are_clicked_on_both_sections(mover):
    coords = mover.session.slide.coords[:, :2].copy()
    mover.click_on(mover.form.match)
    assert isinstance(mover.task, SectionMatch)
    for row in (13, 130):
        mover.click(*coords[144 + row], side=0)
        assert "low" in mover.task.hint
        mover.click(*coords[row], side=1)
    assert mover.task.pairs == 2
    assert "2 pairs" in mover.form.says.text()
    marks = mover.task.layers[-1]
    assert marks.text.values.tolist() == ["1", "2", "1", "2"]
    zoom = mover.viewer.scene.camera.zoom
    mover.click(*coords[22], side=1)
    mover.click(*coords[22], side=1)  # the same side again: the place is put elsewhere; and nothing zooms
    assert [len(side) for side in mover.task.places] == [2, 3]
    assert mover.viewer.scene.camera.zoom == zoom
    mover.hand.key(Qt.Key.Key_Backspace)
    assert [len(side) for side in mover.task.places] == [2, 2]
    mover.click_on(mover.form.apply)
    assert mover.misplaced < 0.2
    assert isinstance(mover.task, SectionDrag), "what came of it is seen, and can be moved on"
    assert len(mover.session.scores) == 1
    mover.click_on(mover.form.cancel)
    assert mover.is_as_before()


def test_too_few_places_and_places_that_say_nothing_are_told(mover):
    coords = mover.session.slide.coords[:, :2].copy()
    mover.click_on(mover.form.match)
    assert "it takes 2" in mover.form.says.text()
    assert not mover.form.back.isEnabled()
    for _ in range(2):
        mover.click(*coords[144], side=0)
        mover.click(*coords[0], side=1)
    assert "far apart" in mover.form.says.text()
    assert not mover.form.apply.isEnabled()
    mover.click_on(mover.form.back)
    mover.click_on(mover.form.back)
    assert not mover.task.is_begun
    mover.form.mirror.click()
    assert "it takes 3" in mover.form.says.text()
    mover.form.mirror.click()


def test_a_drag_moves_the_picture_and_sets_no_place(mover):
    mover.click_on(mover.form.match)
    camera = mover.hand.camera
    mover.drag(QPoint(200, 200), QPoint(260, 230))
    assert mover.hand.camera != camera
    assert not mover.task.is_begun


# -- how it ends ------------------------------------------------------------------------------------------------------


def test_all_comes_back_when_it_is_given_up(mover):
    camera, coords = mover.hand.camera, mover.session.slide.coords.copy()
    for way, end in product(("drag", "match"), ("escape", "cancel", "button", "delete")):
        button = getattr(mover.form, way)
        mover.click_on(button)
        assert button.isChecked()
        if end == "escape":
            mover.hand.key(Qt.Key.Key_Escape)
        elif end == "delete":
            mover.viewer.layers.remove(mover.task.layers[-1])
            QTest.qWait(20)
        else:
            mover.click_on(mover.form.cancel if end == "cancel" else button)
        assert mover.is_as_before(), (way, end)
        assert not button.isChecked()
        assert mover.hand.camera == pytest.approx(camera)
    np.testing.assert_array_equal(mover.session.slide.coords, coords)
    assert not mover.session.can_undo_alignment


def test_escape_works_in_the_form_too(mover):
    mover.click_on(mover.form.drag)
    mover.form.drag.setFocus()
    mover.hand.key(Qt.Key.Key_Escape, widget=mover.form.drag)
    assert mover.is_as_before()


def test_a_tool_taken_in_hand_ends_it(mover):
    mover.click_on(mover.form.match)
    mover.brush.set_tool(Tool.BRUSH)
    mover.brush.set_active(True)
    assert mover.is_as_before()
    assert mover.viewer.layers.selection.active is mover.scene.spots
    mover.hand.drag((300, 300), (500, 300))
    assert len(mover.session.painted) > 0


def test_another_slide_or_none_ends_it(mover, tiny):
    mover.click_on(mover.form.drag)
    mover.session.add(tiny)
    assert mover.is_as_before()
    mover.session.choose(mover.session.workspaces[0])
    mover.click_on(mover.form.match)
    mover.session.close_slide()
    assert mover.is_as_before()
    assert mover.session.slide is tiny
    mover.session.close_slide()
    assert not list(mover.viewer.layers)


def test_other_ways_and_other_sections_take_its_place(stack, choose):
    stack.click_on(stack.form.drag)
    stack.click_on(stack.form.match)
    assert isinstance(stack.task, SectionMatch)
    assert (stack.form.drag.isChecked(), stack.form.match.isChecked()) == (False, True)
    assert stack.form.onto.currentText() == "s1"
    choose(stack.form.onto, "s3")
    assert stack.task.names == ("s2", "s3")
    stack.form.section.setCurrentText("s1")
    assert stack.form.onto.currentText() == "s2"


def test_moving_in_3d_goes_to_the_plane_and_back(stack):
    stack.session.show_stack(mode=StackMode.SPACE)
    QTest.qWait(100)
    camera = stack.hand.camera
    stack.click_on(stack.form.drag)
    assert stack.viewer.dims.ndisplay == 2
    middle = stack.pixel(*stack.task.piece.points.mean(axis=0), layer=-1)
    stack.drag(middle, middle + QPoint(50, 30))
    assert stack.task.is_ready
    stack.click_on(stack.form.cancel)
    assert stack.viewer.dims.ndisplay == 3
    assert stack.hand.camera == pytest.approx(camera)
    assert stack.is_as_before()


def test_another_view_of_the_stack_ends_it(stack):
    for mode in (StackMode.GRID, StackMode.SPACE):
        stack.click_on(stack.form.drag)
        stack.session.show_stack(mode=mode)
        assert stack.is_as_before()
        assert stack.viewer.dims.ndisplay == (3 if mode is StackMode.SPACE else 2)
        stack.session.show_stack(mode=StackMode.ONE)
    stack.click_on(stack.form.match)
    stack.viewer.dims.ndisplay = 3
    assert stack.is_as_before()
    assert stack.session.stack_view.mode is StackMode.SPACE


def test_it_says_why_it_is_off(mover):
    mover.session._registers(None, busy=True)
    assert not mover.form.drag.isEnabled()
    assert "being aligned" in mover.form.match.toolTip()
    mover.session._registers(None)
    assert mover.form.drag.isEnabled()
    assert "both sections" in mover.form.match.toolTip()


def test_a_comparison_ends_it_and_switches_it_off(stack, stack_model):
    session = stack.session
    session.load_model(stack_model)
    session.show_gene(session.model.genes[0])
    for rows in ([3, 4, 5], [6, 7]):
        session.paint(rows)
        session.keep_what_if()
    stack.click_on(stack.form.drag)
    session.compare([0, 1])
    QTest.qWait(50)
    assert stack.task is None
    assert stack.viewer.canvas.grid.enabled
    assert not stack.scene.spots.visible, "the slide has no cell of its own"
    assert not stack.form.drag.isEnabled()
    assert "end the comparison" in stack.form.drag.toolTip()
    session.compare([])
    assert stack.form.drag.isEnabled()
    assert stack.scene.spots.visible


def test_what_is_painted_and_the_section_in_view_stay(stack):
    stack.session.paint([5, 60, 120])
    stack.viewer.dims.set_point(0, 150.0)
    stack.click_on(stack.form.drag)
    middle = stack.pixel(*stack.task.piece.points.mean(axis=0), layer=-1)
    stack.drag(middle, middle + QPoint(50, 30))
    stack.hand.key(Qt.Key.Key_Return)
    assert stack.session.can_undo_alignment
    assert stack.session.painted.tolist() == [5, 60, 120]
    assert stack.is_as_before()
