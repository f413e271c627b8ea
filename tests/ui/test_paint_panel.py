"""Step 3: tools, patches, target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QFileDialog, QLineEdit, QSlider, QTableView

from napari_concert.ui.paint_panel import HIDDEN, NOTHING, OVERLAP, PaintPanel
from napari_concert.ui.patch_table import AREA, NAME, SPOTS
from napari_concert.ui.tools import Tool


@pytest.fixture
def panel(session, brush, show):
    return show(PaintPanel(session, brush))


def test_without_a_slide_nothing_can_be_painted(panel):
    assert not panel.isEnabled()


def test_every_control_has_a_tooltip(panel, opened, new_slide, grid):
    for slide in (
        opened.slide,
        new_slide(grid(6), {"perturbation": ["ctrl", "b"] * 18, "time": np.linspace(0, 9, 36)}),
    ):
        opened.add(slide)
        controls = [
            part
            for kind in (QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSlider, QTableView)
            for part in panel.findChildren(kind)
            if not isinstance(part.parent(), (QAbstractSpinBox, QTableView)) and not part.objectName().startswith("qt_")
        ]
        assert len(controls) > 30
        assert [f"{part} {getattr(part, 'text', str)()}" for part in controls if not part.toolTip()] == []


def test_undo_redo_and_clear_are_on_when_they_can_act(panel, opened, click):
    def on():
        return panel.undo.isEnabled(), panel.redo.isEnabled(), panel.clear.isEnabled()

    assert on() == (False, False, False)
    opened.paint([1, 2])
    opened.paint([5])
    assert on() == (True, False, True)
    click(panel.undo)
    assert opened.painted.tolist() == [1, 2]
    assert on() == (True, True, True)
    click(panel.redo)
    assert opened.painted.tolist() == [1, 2, 5]
    click(panel.clear)
    assert len(opened.painted) == 0
    assert on() == (True, False, False)
    click(panel.undo)
    assert opened.painted.tolist() == [1, 2, 5]


def test_count_area_and_tissues_are_shown(panel, opened, tiny):
    assert panel.patch.text() == NOTHING
    rows = np.array([0, 1, 2, 150])
    opened.paint(rows)
    area = len(rows) * np.sqrt(3) / 2 * 100**2 / 1e6
    shown = [panel.table.patches.index(0, column).data() for column in (NAME, SPOTS, AREA)]
    assert shown == ["patch 1", "4", f"{area:.3g} mm²"]
    names, counts = np.unique(tiny.tissue_of[rows].astype(str), return_counts=True)
    assert all(f"{count} of {name}" in panel.patch.text() for name, count in zip(names, counts, strict=True))
    opened.new_patch()
    assert panel.patch.text() == "", "something is painted"
    opened.paint([7])
    assert panel.patch.text().startswith("patch 2: 1 spot: ")


def test_where_tissue_is_unknown_spots_are_counted_alone(panel, session, new_slide, grid):
    session.add(new_slide(grid(6), {"perturbation": ["ctrl", "b"] * 18}))
    session.paint([1, 2])
    assert panel.patch.text() == "patch 1: 2 spots"


def test_a_target_never_seen_in_the_tissue_is_warned_of(panel, opened, tiny):
    opened.set_target("perturbation", "Jak2")
    opened.paint(np.flatnonzero(tiny.tissue_of == "tumour")[:3])
    assert "never" not in panel.warning.text()
    opened.clear()
    opened.paint(np.flatnonzero(tiny.tissue_of == "normal lung")[:3])
    assert "normal lung" in panel.warning.text()
    assert "Jak2" in panel.warning.text()


def test_where_what_ifs_are_off_the_reason_is_shown(panel, session, new_slide, grid):
    session.add(new_slide(grid(4), {"note": ["x"] * 16}))
    assert "What-ifs are off" in panel.blocker.text()
    assert panel.tools.tools[Tool.BRUSH].isEnabled(), "labels can still be painted"
    session.paint([1])
    assert not panel.niche.isEnabled()


def test_a_saved_patch_is_loaded_as_one_edit(panel, opened, tmp_path, monkeypatch, click):
    path = tmp_path / "patch.txt"
    opened.paint([3, 4, 5])
    opened.save_patch(path)
    opened.clear()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    panel.load.choices.actions()[0].trigger()
    assert opened.painted.tolist() == [3, 4, 5]
    assert [patch.name for patch in opened.patches] == ["patch 1", "patch"]
    click(panel.undo)
    assert len(opened.painted) == 0


def test_the_list_makes_copies_merges_and_deletes_patches(panel, opened, click):
    opened.paint([1, 2])
    click(panel.copy)
    click(panel.new)
    opened.paint([7])
    assert [len(patch) for patch in opened.patches] == [2, 2, 1]
    assert panel.overlap.text().startswith("Patches overlap")
    panel.table.selectAll()
    click(panel.merge)
    assert [patch.spots.tolist() for patch in opened.patches] == [[1, 2, 7]]
    click(panel.delete)
    assert opened.patches == ()
    click(panel.undo)
    assert [patch.spots.tolist() for patch in opened.patches] == [[1, 2, 7]]


# -- the list of patches -----------------------------------------------------------------------------------------------


@pytest.fixture
def three(panel, opened):
    """The panel with three patches, which do not overlap."""
    opened.set_target("perturbation", "Jak2")
    for start in (0, 10, 20):
        if start:
            opened.new_patch()
        opened.paint(np.arange(start, start + 5))
    return panel


def choose_rows(panel, *rows):
    for row in rows:
        at = panel.table.visualRect(panel.table.patches.index(row, NAME)).center()
        keys = Qt.KeyboardModifier.NoModifier if row == rows[0] else Qt.KeyboardModifier.ControlModifier
        QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, keys, at)


def names(session):
    return [patch.name for patch in session.patches]


def test_buttons_of_the_list_are_on_when_they_can_act(panel, opened):
    def on():
        return [part.isEnabled() for part in (panel.new, panel.copy, panel.merge, panel.delete)]

    assert on() == [True, False, False, False]
    opened.paint([1])
    assert on() == [True, True, False, True]
    opened.new_patch()
    choose_rows(panel, 0, 1)
    assert on() == [True, True, True, True]


def test_rows_that_are_selected_with_the_mouse_are_merged(three, opened, click):
    choose_rows(three, 0, 2)
    click(three.merge)
    assert names(opened) == ["patch 1", "patch 2"]
    assert opened.patches[0].spots.tolist() == [*range(5), *range(20, 25)]
    click(three.undo)
    assert names(opened) == ["patch 1", "patch 2", "patch 3"]


def test_rows_that_are_selected_with_the_mouse_are_deleted(three, opened, click):
    choose_rows(three, 0, 1)
    click(three.delete)
    assert names(opened) == ["patch 3"]
    click(three.undo)
    assert names(opened) == ["patch 1", "patch 2", "patch 3"]


def test_rows_that_are_selected_with_the_mouse_are_copied(three, opened, click):
    choose_rows(three, 0, 1)
    click(three.copy)
    assert names(opened) == ["patch 1", "patch 2", "patch 3", "patch 1 copy", "patch 2 copy"]


def test_each_patch_has_its_own_target(three, opened, choose):
    choose_rows(three, 0)
    assert three.becomes.text() == "What becomes of patch 1"
    choose(three.target.boxes["perturbation"], "Tgfbr2")
    assert [patch.target["perturbation"] for patch in opened.patches] == ["Tgfbr2", "Jak2", "Jak2"]
    choose_rows(three, 1)
    assert three.target.boxes["perturbation"].currentText() == "Jak2"


def test_an_overlap_and_a_hidden_patch_are_told(three, opened):
    assert three.overlap.text() == ""
    opened.paint([3])
    assert three.overlap.text() == OVERLAP
    opened.restyle_patch(opened.current.painting.active, hidden=True)
    assert three.overlap.text() == HIDDEN.format("patch 3")


def test_the_button_says_how_wide_the_surroundings_are(panel, opened):
    assert "105 µm wide" in panel.niche.text()
    panel.select.by.setValue(210.0)
    assert "210 µm wide" in panel.niche.text()


def test_a_core_is_kept_and_its_surroundings_are_perturbed(panel, trained, click):
    trained.set_target("perturbation", "Jak2")
    trained.paint([150])
    panel.select.by.setValue(1.05 * trained.slide.pitch)
    click(panel.niche)
    around, core = trained.patches
    assert core.spots.tolist() == [150]
    assert dict(core.target) == {}
    assert dict(around.target) == {"perturbation": "Jak2"}
    assert trained.current.what_if.rows.tolist() == around.spots.tolist()
    assert trained.result.patch.tolist() == [150]


def test_a_model_that_no_longer_fits_is_said_here_too(panel, trained):
    assert not panel.blocker.isVisible()
    trained.read_as(columns=replace(trained.slide.columns, tissue=None))
    assert panel.blocker.text().startswith("The model is not used: the model was trained with")
    assert panel.blocker.text().endswith(". Training again in step 2 makes one that fits.")
    assert panel.blocker.isVisible()


def test_while_a_stroke_goes_on_spots_are_counted_and_warnings_wait(panel, opened, tiny):
    opened.set_target("perturbation", "Jak2")
    normal = np.flatnonzero(tiny.tissue_of == "normal lung")[:3]
    opened.begin_stroke()
    opened.extend_stroke(normal)
    assert panel.patch.text().startswith("patch 1: 3 spots")
    assert panel.warning.text() == ""
    opened.end_stroke()
    assert "Jak2" in panel.warning.text()
