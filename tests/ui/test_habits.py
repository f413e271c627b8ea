"""The dock is as its user left it, at the next start too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox

from napari_concert.selection import Depth, Lesion, Mode
from napari_concert.session import Session, TrainingSettings
from napari_concert.session.preferences import FORMAT, Preferences, read, write
from napari_concert.session.results import Region
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.dock import ConcertDock
from napari_concert.ui.gene_plots import Plot
from napari_concert.ui.genes_panel import LIST_SETS
from napari_concert.ui.plugin import find_dock, make_dock, make_session, open_dock
from napari_concert.ui.tools import Tool


@pytest.fixture
def file(state_folder: Path) -> Path:
    return state_folder.with_name("preferences.json")


@pytest.fixture
def dock_of(viewer: Any, qtbot: Any) -> Callable[[Session], ConcertDock]:
    """Return a maker of docks in a viewer without a window, which end their session when they are destroyed."""

    def made(session: Session) -> ConcertDock:
        dock = make_dock(viewer, session)
        dock.resize(430, 900)
        dock.show()
        qtbot.waitExposed(dock)
        return dock

    return made


def destroy(dock: ConcertDock) -> None:
    dock.close()
    dock.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


def pick(box: QComboBox, text: str) -> None:
    """Choose an entry of a combo box with the mouse, as far as a test can; in a window napari takes the arrow keys."""
    box.setCurrentText(text)
    box.activated.emit(box.currentIndex())
    box.textActivated.emit(text)


def set_by_hand(dock: ConcertDock, click: Callable[..., None]) -> None:
    """Set one thing of every kind, as a user would."""
    bar, paint, genes = dock.steps.tabBar(), dock.paint_panel, dock.genes_panel
    settings = dock.model_panel.settings
    click(bar, bar.tabRect(1).center())
    settings.seed.value, settings.n_genes.value, settings.also.value = 5, 30, "Krt8"
    click(bar, bar.tabRect(2).center())
    click(paint.tools.modes[Mode.SUBTRACT])
    paint.tools.radius.setValue(3 * dock.session.slide.pitch)
    click(paint.tools.tools[Tool.LESION])
    pick(paint.tools.lesion.kind, "Irregular")
    paint.tools.lesion.size.setValue(45)
    click(paint.select.fold)
    QTest.keyClick(paint.reach.ring, Qt.Key.Key_Space)
    pick(dock.strip.log, "ln")
    dock.strip.clip.slider.setValue((50, 900))
    click(bar, bar.tabRect(3).center())
    click(genes.region.buttons[Region.RING])
    click(genes.mode.buttons[LIST_SETS])
    click(genes.plots.choice.buttons[Plot.VOLCANO])
    QTest.keyClick(genes.list.only_sure, Qt.Key.Key_Space)


def assert_as_set(dock: ConcertDock) -> None:
    session, paint, genes, settings = dock.session, dock.paint_panel, dock.genes_panel, dock.model_panel.settings
    assert (settings.seed.value, settings.n_genes.value) == (5, 30)
    assert (dock.brush.tool, dock.brush.mode, dock.brush.active) == (Tool.LESION, Mode.SUBTRACT, False)
    assert paint.tools.modes[Mode.SUBTRACT].isChecked()
    assert dock.brush.lesion == Lesion("blob", spots=45)
    assert (paint.tools.lesion.kind.currentText(), paint.tools.lesion.size.value()) == ("Irregular", 45)
    assert not paint.select.body.isHidden()
    assert not session.shows_reach
    assert not paint.reach.ring.isChecked()
    assert (session.scaling.log2, dock.strip.log.currentText()) == (False, "ln")
    assert (session.scaling.clip, dock.strip.clip.slider.value()) == ((5, 90), (50, 900))
    assert dock.strip.clip.low.text() == "p5"
    assert (genes.region.value, genes.source.region) == (Region.RING, Region.RING)
    assert genes.region.buttons[Region.RING].isChecked()
    assert genes.lists_sets
    assert not genes.sets.isHidden()
    assert genes.plots.choice.value is Plot.VOLCANO
    assert genes.plots.stack.currentWidget() is genes.plots.volcano
    assert genes.list.only_sure.isChecked()


def test_all_is_as_it_was_left_in_the_next_window(
    window_of: Callable,
    tiny: Any,
    patch_rows: np.ndarray,
    model_folder: Path,
    file: Path,
    qtbot: Any,
    click: Callable,
) -> None:
    first = make_session()
    window = window_of(first)
    first.add(tiny)
    qtbot.waitUntil(lambda: first.slide is not None)
    first.load_model(model_folder)
    qtbot.waitUntil(lambda: first.model is not None)
    first.paint(patch_rows)
    set_by_hand(window.dock, click)
    assert_as_set_but_tool(window.dock)
    window.viewer.window.close()
    first.close()
    assert file.exists()
    again = window_of(make_session())
    assert_as_set(again.dock)
    assert again.dock.model_panel.settings.also.value == "", "these genes are those of a slide"
    assert again.dock.step == "slide", "there is nothing to see in the other steps"
    again.session.add(tiny)
    qtbot.waitUntil(lambda: again.session.slide is not None)
    assert again.dock.step == "genes", "a slide that was worked on comes back where it was left"
    assert again.session.brush_radius == pytest.approx(3 * tiny.pitch)
    assert again.dock.paint_panel.tools.radius.value() == pytest.approx(3 * tiny.pitch, rel=0.01)
    assert_as_set(again.dock)
    assert again.session.jobs.wait(pump=QApplication.processEvents)


def test_a_stack_is_seen_as_the_last_one_was_in_the_next_window(
    window_of: Callable, stack_slide: Any, file: Path, qtbot: Any
) -> None:
    first = make_session()
    window = window_of(first)
    first.add(stack_slide)
    qtbot.waitUntil(lambda: window.dock.brush.layers.scene is not None)
    first.show_stack(mode=StackMode.SPACE, stretch=3.0)
    first.set_depth(Depth("sphere"))
    window.viewer.window.close()
    first.close()
    again = window_of(make_session())
    assert again.viewer.dims.ndisplay == 2
    again.session.add(stack_slide)
    qtbot.waitUntil(lambda: again.dock.brush.layers.scene is not None)
    assert again.viewer.dims.ndisplay == 3
    strip, depth = again.dock.strip.stack, again.dock.paint_panel.tools.depth
    assert (strip.mode.value, strip.stretch.value()) == (StackMode.SPACE, 3.0)
    assert depth.reaches.currentText() == "a sphere"
    assert file.exists()
    again.session.forget_choices()
    assert again.viewer.dims.ndisplay == 2
    assert depth.reaches.currentText() == "this section"
    assert again.session.jobs.wait(pump=QApplication.processEvents)


def assert_as_set_but_tool(dock: ConcertDock) -> None:
    """The tool is in hand until the window closes."""
    assert dock.brush.active
    dock.brush.set_active(False)
    assert_as_set(dock)


def test_a_scale_bar_that_was_switched_off_in_napari_stays_off(
    dock_of: Callable, viewer: Any, tiny: Any, other: Any, file: Path
) -> None:
    dock, bar = dock_of(Session(preferences=file)), viewer.canvas.overlays.scale_bar
    assert not bar.visible, "there is no slide yet"
    dock.session.add(tiny)
    assert bar.visible
    bar.visible = False
    dock.session.add(other)
    assert not bar.visible
    destroy(dock)
    assert not read(file).shows_scale_bar
    bar.visible = True
    assert not read(file).shows_scale_bar, "the dock is gone"
    dock = dock_of(Session(preferences=file))
    dock.session.add(tiny)
    assert not bar.visible
    dock.session.forget_choices()
    assert bar.visible
    destroy(dock)


def test_a_dock_that_was_closed_and_is_opened_again_is_the_same(window: Any, tiny: Any) -> None:
    window.session.add(tiny)
    window.dock.step = "paint"
    window.brush.set_tool(Tool.LASSO)
    window.viewer.window.remove_dock_widget(window.dock)
    assert find_dock(window.viewer) is None
    dock = open_dock(window.viewer)
    assert (dock.step, dock.brush.tool) == ("paint", Tool.LASSO)


def test_a_new_slide_begins_with_the_first_step(dock_of: Callable, tiny: Any, file: Path) -> None:
    write(file, Preferences(step="genes"))
    dock = dock_of(Session(preferences=file))
    dock.session.add(tiny)
    assert dock.step == "slide"
    assert read(file).step == "genes", "nobody chose another step"
    destroy(dock)


def test_a_step_that_the_user_opened_meanwhile_stays(dock_of: Callable, tiny: Any, file: Path, tmp_path: Path) -> None:
    kept = Session(autosave=tmp_path)
    kept.add(tiny)
    kept.paint([1, 2])
    kept.close()
    write(file, Preferences(step="genes"))
    dock = dock_of(Session(autosave=tmp_path, preferences=file))
    dock.step = "save"
    dock.session.add(tiny)
    assert dock.step == "save"
    destroy(dock)


def test_a_dock_on_a_session_that_has_work_opens_the_step_of_last_time(
    dock_of: Callable, painted: Session, tmp_path: Path
) -> None:
    painted.prefer(step="compare")
    dock = dock_of(painted)
    assert dock.step == "compare"
    destroy(dock)


def test_names_that_this_version_does_not_know_are_passed_over(dock_of: Callable, painted: Session) -> None:
    painted.prefer(step="knit", tool="laser", mode="maybe", lists="poems", plot="pie", only_sure=True)
    dock = dock_of(painted)
    assert (dock.step, dock.brush.tool, dock.brush.mode) == ("slide", Tool.BRUSH, Mode.ADD)
    assert not dock.genes_panel.lists_sets
    assert dock.genes_panel.plots.choice.value is Plot.DISTANCE
    assert dock.genes_panel.list.only_sure.isChecked(), "what is known is taken"
    destroy(dock)


def test_a_file_of_another_version_or_a_broken_one_stops_no_start(dock_of: Callable, file: Path) -> None:
    file.parent.mkdir(parents=True)
    for content in ("{", f'{{"format": {FORMAT + 1}, "tool": "lasso"}}'):
        file.write_text(content)
        dock = dock_of(Session(preferences=file))
        assert dock.brush.tool is Tool.BRUSH
        destroy(dock)


def test_choices_are_forgotten_with_one_click(dock_of: Callable, painted: Session, click: Callable) -> None:
    dock = dock_of(painted)
    set_by_hand(dock, click)
    dock.step = "slide"
    rows = painted.painted.tolist()
    assert "What was painted and trained stays" in dock.slide_panel.forget.toolTip()
    click(dock.slide_panel.forget)
    assert painted.preferences == Preferences()
    fresh = ConcertDock(painted, dock.brush.viewer, dock.brush)
    for name in ("tools", "modes"):
        was, now = getattr(fresh.paint_panel.tools, name), getattr(dock.paint_panel.tools, name)
        assert [made.isChecked() for made in now.values()] == [made.isChecked() for made in was.values()]
    assert dock.brush.lesion == Lesion("disc", spots=20)
    assert dock.paint_panel.select.body.isHidden()
    assert dock.paint_panel.reach.ring.isChecked()
    assert (dock.strip.log.currentText(), dock.strip.clip.slider.value()) == ("log2", (10, 990))
    assert (dock.genes_panel.region.value, dock.genes_panel.source.region) == (Region.PATCH, Region.PATCH)
    assert not dock.genes_panel.lists_sets
    assert dock.genes_panel.plots.choice.value is Plot.DISTANCE
    assert not dock.genes_panel.list.only_sure.isChecked()
    assert dock.model_panel.settings.lasting() == TrainingSettings()
    assert painted.painted.tolist() == rows
    assert dock.step == "slide"
    destroy(fresh)
    destroy(dock)


def test_two_windows_keep_choices_beside_each_other(dock_of: Callable, file: Path) -> None:
    one, other = dock_of(Session(preferences=file)), dock_of(Session(preferences=file))
    one.brush.set_tool(Tool.LASSO)
    other.brush.set_tool(Tool.REGION)
    destroy(one)
    destroy(other)
    assert read(file).tool == "region"
