"""Step 3: tools, patches, target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_concert.selection import Mode
from napari_concert.ui.paint_panel import NOTHING, PaintPanel
from napari_concert.ui.patch_table import AREA, NAME, SPOTS
from napari_concert.ui.tools import Tool


@pytest.fixture
def panel(session, brush, show):
    return show(PaintPanel(session, brush))


def test_without_a_slide_nothing_can_be_painted(panel):
    assert not panel.isEnabled()


@pytest.mark.parametrize("tool", list(Tool))
def test_a_tool_is_taken_and_put_away(panel, opened, brush, click, tool):
    button = panel.tools.tools[tool]
    click(button)
    assert brush.active
    assert brush.tool is tool
    assert [made.isChecked() for made in panel.tools.tools.values()] == [each is tool for each in Tool]
    click(button)
    assert not brush.active
    assert not button.isChecked()


def test_modes_exclude_each_other(panel, opened, brush, click):
    for mode, button in panel.tools.modes.items():
        click(button)
        assert brush.mode is mode
        assert [made.isChecked() for made in panel.tools.modes.values()] == [each is mode for each in panel.tools.modes]


def test_the_buttons_follow_the_brush(panel, opened, brush):
    brush.set_active(True)
    assert panel.tools.tools[Tool.BRUSH].isChecked()
    brush.set_mode(Mode.SUBTRACT)
    assert panel.tools.modes[Mode.SUBTRACT].isChecked()
    brush.set_active(False)
    assert not panel.tools.tools[Tool.BRUSH].isChecked()


def test_only_the_tool_in_hand_shows_its_settings(panel, opened, brush):
    assert panel.tools.size.isVisible()
    assert not panel.tools.lesion.isVisible()
    brush.set_tool(Tool.LESION)
    assert panel.tools.lesion.isVisible()
    assert not panel.tools.size.isVisible()


def test_the_radius_is_in_the_slides_unit(panel, opened):
    assert panel.tools.radius.value() == opened.brush_radius == pytest.approx(150.0)
    assert panel.tools.radius.text() == "radius 150 µm"
    panel.tools.radius.lineEdit().selectAll()
    QTest.keyClicks(panel.tools.radius.lineEdit(), "260")
    QTest.keyClick(panel.tools.radius, Qt.Key.Key_Return)
    assert opened.brush_radius == pytest.approx(260.0)
    assert panel.tools.slider.value() == 26


def test_the_slider_sets_the_radius_too(panel, opened):
    panel.tools.slider.setFocus()
    QTest.keyClick(panel.tools.slider, Qt.Key.Key_Right)
    assert opened.brush_radius == pytest.approx(160.0)
    assert panel.tools.radius.value() == pytest.approx(160.0)


def test_the_radius_follows_the_session(panel, opened):
    opened.brush_radius = 320.0
    assert panel.tools.radius.value() == pytest.approx(320.0)


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


def test_a_saved_patch_is_loaded_as_one_stroke(panel, opened, tmp_path, monkeypatch, click):
    path = tmp_path / "patch.txt"
    opened.paint([3, 4, 5])
    opened.save_patch(path)
    opened.clear()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    click(panel.load)
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


def test_another_slide_brings_its_own_unit(panel, opened, new_slide, grid):
    opened.add(new_slide(grid(6), {"region": ["a", "b", "c"] * 12}))
    assert panel.tools.radius.suffix() == " units"
    assert panel.tools.radius.value() == pytest.approx(15.0), "still 1.5 times the distance between spots"


def test_a_model_that_no_longer_fits_is_said_here_too(panel, trained):
    assert not panel.blocker.isVisible()
    trained.read_as(columns=replace(trained.slide.columns, tissue=None))
    assert panel.blocker.text().startswith("The model is not used: the model was trained with")
    assert panel.blocker.text().endswith(". Training again in step 2 makes one that fits.")
    assert panel.blocker.isVisible()
