"""Sections moved with the mouse: which way is in hand, what ends it, and what becomes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from psygnal import Signal, SignalInstance
from qtpy.QtCore import QTimer

from napari_concert.errors import ConcertError
from napari_concert.ui.section_drag import SectionDrag
from napari_concert.ui.section_match import SectionMatch
from napari_concert.ui.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.layers import SlideLayers

Task: TypeAlias = "SectionDrag | SectionMatch"


class ByHand:
    """Moves one section at a time, by dragging it or by matching places; one session, one canvas.

    Attributes
    ----------
    changed
        One was begun, went on, or ended.
    task
        What is in hand; None while nothing is.
    """

    changed = Signal()

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers, brush: BrushTool) -> None:
        self.viewer, self.session, self.layers = viewer, session, layers
        self.stage = Stage(viewer, session, layers, brush)
        self.task: Task | None = None
        others = (session.slide_changed, session.columns_changed, session.stack_changed, session.compared_changed)
        self._links: list[tuple[SignalInstance, Callable[..., None]]] = [(other, self._give_way) for other in others]
        self._links.append((brush.active_changed, self._yield_to_tool))
        for signal, slot in self._links:
            signal.connect(slot, priority=1)  # the canvas is as it was before others draw on it
        session.alignment_changed.connect(self._on_alignment)
        viewer.dims.events.ndisplay.connect(self._give_way, position="first")
        viewer.layers.events.removed.connect(self._on_layer_removed)

    def close(self) -> None:
        """Stop following; the layers stay in the viewer, whose canvas may be gone by now."""
        task, self.task = self.task, None
        if task is not None:
            task.stop()
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)
        self.session.alignment_changed.disconnect(self._on_alignment, missing_ok=True)
        self.viewer.dims.events.ndisplay.disconnect(self._give_way)
        self.viewer.layers.events.removed.disconnect(self._on_layer_removed)

    # -- verbs --------------------------------------------------------------------------------------------------------

    def drag(self, name: str, onto: str) -> None:
        """Lay a section over another one, to be moved with the mouse."""
        self._begin(SectionDrag, name, onto)

    def match(self, name: str, onto: str) -> None:
        """Set two sections side by side, for the same places to be clicked on both."""
        self._begin(SectionMatch, name, onto)

    def finish(self, *_: object) -> None:
        """Move the section as was shown; what was matched can be seen, and moved on with the mouse."""
        task = self.task
        if task is None or not task.is_ready:
            return
        self.cancel()
        task.finish()
        if isinstance(task, SectionMatch):
            self.drag(*task.names)

    def cancel(self, *_: object) -> None:
        """Give up what is in hand; the section stays where it is."""
        self._end()

    # -- beginning and ending -----------------------------------------------------------------------------------------

    def _begin(self, kind: type[Task], name: str, onto: str) -> None:
        self.cancel()
        scene, why = self.layers.scene, self.session.no_adjusting
        if why or scene is None:
            self.session.notified.emit("error", why)
            return
        try:
            task = kind(self.session, scene, (name, onto), self.viewer)
        except ConcertError as error:
            self.session.notified.emit("error", str(error))
            return
        self.stage.take(scene, task.layers, task.margin)
        self.task = task
        task.start({"Enter": self.finish, "Escape": self.cancel})
        task.changed.connect(self._on_changed)
        self._on_changed()

    def _end(self, *, keep_view: bool = False) -> None:
        task, self.task = self.task, None
        if task is None:
            return
        task.changed.disconnect(self._on_changed)
        task.stop()
        self.layers.tell_instead("")
        self.stage.give_back(keep_view=keep_view)
        self.changed.emit()

    def _on_changed(self) -> None:
        task = self.task
        if task is not None:
            self.layers.tell_instead(task.hint, *task.legend)
            self.changed.emit()

    # -- giving way ---------------------------------------------------------------------------------------------------

    def _give_way(self, *_: object) -> None:
        """End with what the slide was drawn by: another slide, view or comparison."""
        self._end(keep_view=True)

    def _yield_to_tool(self, active: bool) -> None:
        if active:
            self._give_way()

    def _on_alignment(self) -> None:
        if self.session.is_registering:
            self.cancel()

    def _on_layer_removed(self, event: Any) -> None:
        """Give up when the user deletes one of the layers, once napari is done with deleting."""
        if self.task is not None and event.value in self.task.layers:
            QTimer.singleShot(0, self.cancel)
