"""Step 3: brush, patch, target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_concert.ui.paint_panel import NOTHING, PaintPanel


@pytest.fixture
def panel(session, brush, show):
    return show(PaintPanel(session, brush))


def test_without_a_slide_nothing_can_be_painted(panel):
    assert not panel.isEnabled()


@pytest.mark.parametrize("key", ["paint", "erase"])
def test_a_mode_is_switched_on_and_off(panel, opened, brush, click, key):
    button = getattr(panel, key)
    click(button)
    assert brush.active
    assert brush.erase is (key == "erase")
    assert button.isChecked()
    click(button)
    assert not brush.active
    assert not button.isChecked()


def test_paint_and_erase_exclude_each_other(panel, opened, brush, click):
    click(panel.paint)
    click(panel.erase)
    assert brush.active
    assert brush.erase
    assert not panel.paint.isChecked()
    click(panel.paint)
    assert not brush.erase
    assert not panel.erase.isChecked()


def test_the_buttons_follow_the_brush(panel, opened, brush):
    brush.set_active(True)
    assert panel.paint.isChecked()
    brush.set_active(False)
    assert not panel.paint.isChecked()


def test_the_radius_is_in_the_slides_unit(panel, opened):
    assert panel.radius.value() == opened.brush_radius == pytest.approx(150.0)
    assert panel.radius.text() == "radius 150.0 µm"
    panel.radius.lineEdit().selectAll()
    QTest.keyClicks(panel.radius.lineEdit(), "260")
    QTest.keyClick(panel.radius, Qt.Key.Key_Return)
    assert opened.brush_radius == pytest.approx(260.0)
    assert panel.slider.value() == 26


def test_the_slider_sets_the_radius_too(panel, opened):
    panel.slider.setFocus()
    QTest.keyClick(panel.slider, Qt.Key.Key_Right)
    assert opened.brush_radius == pytest.approx(160.0)
    assert panel.radius.value() == pytest.approx(160.0)


def test_the_radius_follows_the_session(panel, opened):
    opened.brush_radius = 320.0
    assert panel.radius.value() == pytest.approx(320.0)


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
    assert panel.patch.text() == f"4 spots · {area:.3g} mm²"
    names, counts = np.unique(tiny.tissue_of[rows].astype(str), return_counts=True)
    assert all(f"{name} {count}" in panel.tissues.text() for name, count in zip(names, counts, strict=True))


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
    assert panel.paint.isEnabled(), "labels can still be painted"


def test_a_saved_patch_is_loaded_as_one_stroke(panel, opened, tmp_path, monkeypatch, click):
    path = tmp_path / "patch.txt"
    opened.paint([3, 4, 5])
    opened.save_patch(path)
    opened.clear()
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    click(next(made for made in panel.findChildren(QPushButton) if made.text() == "Load a patch…"))
    assert opened.painted.tolist() == [3, 4, 5]
    click(panel.undo)
    assert len(opened.painted) == 0


def test_another_slide_brings_its_own_unit(panel, opened, new_slide, grid):
    opened.add(new_slide(grid(6), {"region": ["a", "b", "c"] * 12}))
    assert panel.radius.suffix() == " units"
    assert panel.radius.value() == pytest.approx(15.0), "still 1.5 times the distance between spots"


def test_a_model_that_no_longer_fits_is_said_here_too(panel, trained):
    assert not panel.blocker.isVisible()
    trained.read_as(columns=replace(trained.slide.columns, tissue=None))
    assert panel.blocker.text().startswith("The model is not used: the model was trained with")
    assert panel.blocker.text().endswith(". Training again in step 2 makes one that fits.")
    assert panel.blocker.isVisible()
