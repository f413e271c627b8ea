"""The dock as a whole: what it holds, and that nothing of it outlives it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import psygnal
import pytest
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_concert.session import Session, View
from napari_concert.ui.dock import WIDTH, ConcertDock
from napari_concert.ui.plugin import make_dock


def signals(session):
    """Return the session's signals by name."""
    names = [name for name in dir(type(session)) if isinstance(getattr(type(session), name, None), psygnal.Signal)]
    return {name: getattr(session, name) for name in names}


def destroy(widget):
    widget.close()
    widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()


@pytest.fixture
def dock(session, viewer, brush, show):
    return show(ConcertDock(session, viewer, brush))


def test_the_strip_and_status_stay_while_steps_change(dock, opened):
    assert [dock.steps.tabText(i) for i in range(dock.steps.count())] == [
        "1 Slide",
        "2 Model",
        "3 Paint",
        "4 Genes",
        "5 Compare",
        "6 QC",
        "7 Save",
    ]
    for panel in (
        dock.save_panel,
        dock.quality_panel,
        dock.compare_panel,
        dock.genes_panel,
        dock.paint_panel,
        dock.model_panel,
        dock.slide_panel,
    ):
        dock.show_step(panel)
        assert panel.isVisible()
        assert dock.strip.isVisible()
        assert dock.status.isVisible()


def test_a_click_on_a_step_opens_it(dock, click):
    bar = dock.steps.tabBar()
    click(bar, bar.tabRect(2).center())
    assert dock.paint_panel.isVisible()


def test_a_name_that_is_not_there_is_said_in_the_status_line(dock, opened):
    dock.strip.gene_box.failed.emit("There is no gene called 'x'.")
    assert dock.status.message.text() == "Error: There is no gene called 'x'."


def test_nothing_is_wider_than_the_dock(dock, painted):
    for panel in (
        dock.slide_panel,
        dock.model_panel,
        dock.paint_panel,
        dock.genes_panel,
        dock.compare_panel,
        dock.save_panel,
    ):
        dock.show_step(panel)
        dock.resize(WIDTH, 900)
        QApplication.processEvents()
        assert panel.minimumSizeHint().width() <= WIDTH


def test_every_signal_is_safe_without_a_slide(dock, session):
    for name, signal in signals(session).items():
        values = {"notified": ("info", "text"), "busy_changed": ("text",), "brush_changed": (1.0,)}.get(name, ())
        signal.emit(*values)
    assert session.slide is None
    assert dock.status.message.text() == "text", "the last thing said is shown"


def test_after_the_dock_is_gone_no_signal_reaches_it(painted, viewer, qtbot):
    before = {name: len(signal) for name, signal in signals(painted).items()}
    dock = make_dock(viewer, painted)
    assert sum(len(signal) for signal in signals(painted).values()) > sum(before.values()) + 20
    dock.show()
    dock.brush.set_active(True)
    destroy(dock)
    assert {name: len(signal) for name, signal in signals(painted).items()} == before


def test_after_the_dock_is_gone_the_session_can_still_be_used(painted, viewer, model_folder):
    dock = make_dock(viewer, painted)
    dock.show()
    destroy(dock)
    painted.show_gene("Vim")
    painted.show_view(View.BASELINE)
    painted.set_scaling(replace(painted.scaling, log2=False))
    painted.undo()
    for name, signal in signals(painted).items():
        values = {"notified": ("info", "text"), "busy_changed": ("text",), "brush_changed": (1.0,)}.get(name, ())
        signal.emit(*values)
    assert painted.colour.name == "Vim"
    assert painted.view is View.BASELINE


def test_the_dock_ends_the_session_and_keeps_the_work(tiny, viewer, state_folder):
    session = Session(autosave=state_folder)
    dock = make_dock(viewer, session)
    session.add(tiny)
    dock.show()
    session.paint([4, 5])
    dock.brush.set_active(True)
    destroy(dock)
    again = Session(autosave=state_folder)
    again.add(tiny)
    assert again.painted.tolist() == [4, 5]


def test_the_viewer_keeps_nothing_of_a_dock_that_is_gone(viewer, session, tiny):
    session.add(tiny)
    dock = make_dock(viewer, session)
    dock.show()
    brush = weakref.ref(dock.brush)
    destroy(dock)
    del dock
    gc.collect()
    assert not [name for name in viewer.canvas.overlays if name.startswith("concert_")]
    assert not any(getattr(slot, "__self__", None) is brush() for slot in viewer.mouse_drag_callbacks if brush())
