"""Buttons of tools and modes, and the brush's size."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.selection import Mode
from napari_concert.ui.tool_bar import ToolBar
from napari_concert.ui.tools import Tool, tip


@pytest.fixture
def bar(session, brush, show):
    return show(ToolBar(session, brush))


def checked(buttons):
    return [which for which, button in buttons.items() if button.isChecked()]


@pytest.mark.parametrize("tool", list(Tool))
def test_a_click_takes_a_tool_and_another_puts_it_away(bar, opened, brush, click, tool):
    click(bar.tools[tool])
    assert brush.active
    assert brush.tool is tool
    assert checked(bar.tools) == [tool]
    click(bar.tools[tool])
    assert not brush.active
    assert checked(bar.tools) == []


def test_tools_exclude_each_other(bar, opened, brush, click):
    click(bar.tools[Tool.BRUSH])
    click(bar.tools[Tool.LASSO])
    assert brush.active
    assert checked(bar.tools) == [Tool.LASSO]


@pytest.mark.parametrize("mode", list(Mode))
def test_one_mode_is_always_chosen(bar, opened, brush, click, mode):
    assert checked(bar.modes) == [Mode.ADD]
    for _ in range(2):
        click(bar.modes[mode])
        assert brush.mode is mode
        assert checked(bar.modes) == [mode]


def test_the_buttons_follow_the_brush(bar, opened, brush):
    brush.set_tool(Tool.REGION)
    brush.set_mode(Mode.SUBTRACT)
    assert checked(bar.tools) == [], "no tool is in hand"
    brush.set_active(True)
    assert checked(bar.tools) == [Tool.REGION]
    assert checked(bar.modes) == [Mode.SUBTRACT]
    brush.set_active(False)
    assert checked(bar.tools) == []


def test_without_a_slide_no_tool_can_be_taken(bar, brush, click):
    click(bar.tools[Tool.BRUSH])
    assert not brush.active
    assert checked(bar.tools) == []


def test_each_tool_shows_its_own_settings(bar, opened, brush):
    shown = {}
    for tool in Tool:
        brush.set_tool(tool)
        shown[tool] = bar.size.isVisible(), bar.lesion.isVisible()
    assert shown.pop(Tool.BRUSH) == (True, False)
    assert shown.pop(Tool.LESION) == (False, True)
    assert set(shown.values()) == {(False, False)}


def test_tooltips_tell_the_keys(bar):
    assert {tool: button.toolTip() for tool, button in bar.tools.items()} == {tool: tip(tool) for tool in Tool}


def test_the_radius_is_in_the_slides_unit(bar, opened):
    assert bar.radius.value() == opened.brush_radius == pytest.approx(150.0)
    assert bar.radius.text() == "radius 150 µm"
    bar.radius.lineEdit().selectAll()
    QTest.keyClicks(bar.radius.lineEdit(), "260")
    QTest.keyClick(bar.radius, Qt.Key.Key_Return)
    assert opened.brush_radius == pytest.approx(260.0)
    assert bar.slider.value() == 26


def test_the_slider_sets_the_radius_too(bar, opened):
    bar.slider.setFocus()
    QTest.keyClick(bar.slider, Qt.Key.Key_Right)
    assert opened.brush_radius == pytest.approx(160.0)
    assert bar.radius.value() == pytest.approx(160.0)


def test_the_radius_follows_the_session(bar, opened):
    opened.brush_radius = 320.0
    assert bar.radius.value() == pytest.approx(320.0)
    assert bar.slider.value() == 32


def test_another_slide_brings_its_own_unit(bar, opened, new_slide, grid):
    opened.add(new_slide(grid(6), {"region": ["a", "b", "c"] * 12}))
    assert bar.radius.suffix() == " units"
    assert bar.radius.value() == pytest.approx(15.0), "still 1.5 times the distance between spots"


def test_a_slide_in_small_units_has_a_radius_that_can_be_read(bar, session, new_slide, grid):
    session.add(new_slide(grid(6) / 1000.0, {"region": ["a", "b", "c"] * 12}))
    assert bar.radius.text() == "radius 0.0150 units"
    assert session.brush_radius == pytest.approx(0.015)
