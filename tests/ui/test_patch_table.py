"""The list of patches."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QColorDialog, QLineEdit

from napari_concert.ui.patch_table import AREA, BECOMES, COLOUR, LOCKED, LONGEST, NAME, SHOWN, SPOTS, TIPS, PatchTable

CTRL, PLAIN = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def table(opened, show):
    """A list of three patches, the last of which is the active one."""
    opened.set_target("perturbation", "Jak2")
    for start in (0, 10, 20):
        if start:
            opened.new_patch()
        opened.paint(np.arange(start, start + 5))
    made = PatchTable(opened)
    for signal in (opened.patch_changed, opened.target_changed, opened.slide_changed):
        signal.connect(made.refresh)
    show(made)
    yield made
    for signal in (opened.patch_changed, opened.target_changed, opened.slide_changed):
        signal.disconnect(made.refresh)


@pytest.fixture
def click_at(table):
    def click(row, column, keys=PLAIN):
        at = table.visualRect(table.patches.index(row, column)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, keys, at)

    return click


@pytest.fixture
def double_click_at(table, click_at):
    def click(row, column):
        click_at(row, column)
        at = table.visualRect(table.patches.index(row, column)).center()
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, PLAIN, at)

    return click


def cell(table, row, column, role=Qt.ItemDataRole.DisplayRole):
    return table.patches.index(row, column).data(role)


def drawn(table, row, column):
    """Return the pixels of a cell's sign."""
    return cell(table, row, column, Qt.ItemDataRole.DecorationRole).pixmap(QSize(16, 16)).toImage()


def active(session):
    return session.current.painting.keys.index(session.current.painting.active)


def test_a_row_tells_name_spots_area_and_target(table, opened, tiny):
    area = tiny.area(np.arange(5)) / 1e6
    assert [cell(table, 0, column) for column in (NAME, SPOTS, AREA, BECOMES)] == [
        "patch 1",
        "5",
        f"{area:.3g} mm²",
        "Jak2",
    ]
    opened.set_target("tissue", "tumour")
    assert cell(table, 2, BECOMES) == "Jak2, tumour"
    for name in ("perturbation", "tissue"):
        opened.set_target(name, None)
    assert cell(table, 2, BECOMES) == "as observed"
    opened.clear()
    assert cell(table, 2, AREA) == "–"


def test_spots_that_a_later_patch_takes_are_counted(table, opened):
    opened.paint([3, 4])
    assert cell(table, 0, SPOTS) == "5 (2)"
    assert cell(table, 2, SPOTS) == "7"
    opened.restyle_patch(opened.current.painting.keys[2], hidden=True)
    assert cell(table, 0, SPOTS) == "5"


def test_every_column_has_a_tooltip_and_cut_words_can_be_read_in_it(table, opened):
    opened.restyle_patch(opened.current.painting.keys[0], name="invasive front, third biopsy")
    for column, tip in enumerate(TIPS):
        assert table.patches.headerData(column, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == tip
        assert cell(table, 0, column, Qt.ItemDataRole.ToolTipRole).endswith(tip)
    assert cell(table, 0, NAME, Qt.ItemDataRole.ToolTipRole).startswith("invasive front, third biopsy\n")


def test_a_click_on_a_row_chooses_the_patch_that_is_painted(table, opened, click_at):
    assert active(opened) == 2
    click_at(0, NAME)
    assert active(opened) == 0
    opened.paint([7])
    assert cell(table, 0, SPOTS) == "6"
    assert table.keys == [opened.current.painting.keys[0]]


def test_the_row_of_the_active_patch_is_selected(table, opened):
    keys = opened.current.painting.keys
    assert table.keys == [keys[2]]
    opened.choose_patch(keys[1])
    assert table.keys == [keys[1]]
    opened.new_patch()
    assert table.keys == [opened.current.painting.active]


def test_the_eye_hides_a_patch_and_the_chosen_one_stays(table, opened, click_at):
    shown = drawn(table, 0, SHOWN)
    click_at(0, SHOWN)
    assert opened.patches[0].hidden
    assert drawn(table, 0, SHOWN) != shown
    assert opened.painted.tolist() == [*range(10, 15), *range(20, 25)]
    assert active(opened) == 2
    assert table.keys == [opened.current.painting.keys[2]]
    click_at(0, SHOWN)
    assert not opened.patches[0].hidden
    assert drawn(table, 0, SHOWN) == shown


def test_the_lock_keeps_spots_as_they_are(table, opened, click_at, said):
    open_lock = drawn(table, 2, LOCKED)
    click_at(2, LOCKED)
    assert opened.patches[2].locked
    assert drawn(table, 2, LOCKED) != open_lock
    opened.paint([50])
    assert 50 not in opened.painted
    assert "locked" in said[-1][1]
    click_at(2, LOCKED)
    opened.paint([50])
    assert 50 in opened.painted


def test_a_double_click_on_the_swatch_chooses_a_colour(table, opened, double_click_at, monkeypatch):
    answers = [QColor("#123456"), QColor()]
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_args: answers.pop(0))
    double_click_at(1, COLOUR)
    assert opened.patches[1].color == "#123456"
    assert QColor(drawn(table, 1, COLOUR).pixel(8, 8)).name() == "#123456"
    double_click_at(1, COLOUR)
    assert opened.patches[1].color == "#123456", "a dialog that was closed changes nothing"


def test_a_double_click_on_the_name_edits_it_in_place(table, opened, double_click_at):
    double_click_at(1, NAME)
    editor = table.findChild(QLineEdit)
    assert editor.text() == "patch 2"
    editor.selectAll()
    QTest.keyClicks(editor, "rim ")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert opened.patches[1].name == "rim"
    opened.undo()
    assert opened.patches[1].name == "patch 2"


@pytest.mark.parametrize(("text", "name"), [("core", "core"), ("  ", "patch 3")])
def test_f2_renames_the_chosen_patch_and_a_name_is_never_empty(table, opened, text, name):
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = table.findChild(QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert opened.patches[2].name == name


def test_several_rows_are_selected_and_deleted_with_a_key(table, opened, click_at):
    click_at(0, NAME)
    click_at(2, NAME, CTRL)
    keys = opened.current.painting.keys
    assert table.keys == [keys[0], keys[2]]
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert opened.current.painting.keys == (keys[1],)
    assert table.keys == [keys[1]]
    opened.undo()
    assert opened.current.painting.keys == keys


def test_letters_do_not_search_the_list(table, opened):
    opened.restyle_patch(opened.current.painting.keys[0], name="front")
    table.setFocus()
    QTest.keyClick(table, Qt.Key.Key_F)
    assert active(opened) == 2


def test_the_list_is_as_high_as_it_has_rows_up_to_a_limit(table, opened):
    heights = []
    for _ in range(LONGEST):
        heights.append(table.height())
        opened.new_patch()
    assert heights[0] < heights[1] < heights[4]
    assert heights[5] == heights[6] == table.height()
    last = table.visualRect(table.patches.index(LONGEST + 2, NAME))
    assert table.viewport().rect().contains(last), "the patch that was added is in view"


def test_another_slide_has_a_list_of_its_own(table, opened, other):
    opened.add(other)
    assert table.patches.rowCount() == 0
    opened.choose(opened.workspaces[0])
    assert table.patches.rowCount() == 3
