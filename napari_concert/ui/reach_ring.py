"""The learned reach of what is painted, as a dotted ring around the tool on the slide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from psygnal import Signal, SignalInstance

from napari_concert.ui.reach_words import on_picture

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.concert.reach import Reach
    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.layers import SlideLayers


class ReachRing:
    """Follows the mouse while a tool is in hand over a slide, and a model knows how far its state reaches.

    Attributes
    ----------
    reach
        What it shows; None while there is nothing to show.
    moved
        Emitted after each step of the mouse that moved it; for timing.
    """

    moved = Signal()

    def __init__(self, viewer: Viewer, layers: SlideLayers, session: Session, brush: BrushTool) -> None:
        self.viewer, self.layers, self.session, self.brush = viewer, layers, session, brush
        self.reach: Reach | None = None
        self._is_over = False
        self._links: list[tuple[SignalInstance, Callable[..., object]]] = [
            (session.reach_changed, self._look),
            (session.target_changed, self._look),
            (session.model_changed, self._look),
            (session.compared_changed, self._look),
            (brush.active_changed, self._look),
            (layers.drawn, self._on_drawn),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        viewer.mouse_move_callbacks.append(self._move)
        viewer.mouse_drag_callbacks.append(self._drag)
        viewer.events.mouse_over_canvas.connect(self._on_over)
        viewer.dims.events.ndisplay.connect(self._look)

    def close(self) -> None:
        """Take the ring out of the viewer."""
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)
        for callbacks, callback in (
            (self.viewer.mouse_move_callbacks, self._move),
            (self.viewer.mouse_drag_callbacks, self._drag),
        ):
            if callback in callbacks:
                callbacks.remove(callback)
        self.viewer.events.mouse_over_canvas.disconnect(self._on_over)
        self.viewer.dims.events.ndisplay.disconnect(self._look)

    # -- following the mouse ------------------------------------------------------------------------------------------

    def _move(self, _viewer: Viewer, event: Any) -> None:
        if not event.is_dragging:
            self._follow(event)

    def _drag(self, _viewer: Viewer, event: Any) -> Iterator[None]:
        yield
        while event.type == "mouse_move":
            self._follow(event)
            yield

    def _follow(self, event: Any) -> None:
        scene = self.layers.scene
        if not self._is_over:
            self._is_over = True
            self._look()
        if self.reach is not None and scene is not None:
            plane = scene.plane_at(event.position)
            scene.move_reach(scene.locate(event.position, plane), plane)
            self.moved.emit()

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _on_over(self, *_: object) -> None:
        """Hide where the mouse leaves the canvas; it appears at the first step of a mouse that comes back."""
        if not self.viewer.mouse_over_canvas:
            self._is_over = False
            self._look()

    def _on_drawn(self, what: str) -> None:
        if what == "slide":
            self.reach = None  # of another slide's layers
            self._look()

    def _look(self, *_: object) -> None:
        """Show what there is to show now, if it is not shown yet."""
        reach = self.session.reach if self._is_wanted() else None
        if reach is self.reach:
            return
        self.reach = reach
        if self.layers.scene is not None:
            self.layers.scene.show_reach(reach.outline if reach is not None else None)
        self.layers.set_reach_note(on_picture(reach) if reach is not None else "")

    def _is_wanted(self) -> bool:
        current = self.session.current
        return (
            self._is_over
            and self.brush.active
            and self.session.shows_reach
            and self.viewer.dims.ndisplay == 2
            and current is not None
            and not current.compared
        )
