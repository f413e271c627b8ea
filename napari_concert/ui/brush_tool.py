"""The paint tool: dragging over the slide paints or erases spots within a radius of the path."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from psygnal import Signal

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

_LEFT = 1
# one press of [ or ] changes the radius by this factor
_STEP = 1.2
# held while dragging, one swaps painting and erasing, and the other is napari's own: it zooms into a box
_SWAP, _ZOOM = "Shift", "Alt"


class BrushTool:
    """Paints spots in a viewer; the dock switches it on and off.

    While it is active the camera stays still, and the cursor is a ring of the brush's size.

    Attributes
    ----------
    active_changed, erase_changed
        Emitted with the new state.
    stroke_ended
        Emitted with the time (``time.perf_counter``) at which the mouse was released; for timing.
    move_took
        Emitted with the seconds one mouse move took, its redrawing left out; for timing.
    """

    active_changed = Signal(bool)
    erase_changed = Signal(bool)
    stroke_ended = Signal(float)
    move_took = Signal(float)

    def __init__(self, viewer: Viewer, layers: SlideLayers, session: Session) -> None:
        self.viewer = viewer
        self.layers = layers
        self.session = session
        self.active = False
        self.erase = False
        viewer.mouse_drag_callbacks.append(self._drag)
        viewer.layers.selection.events.active.connect(self._on_layer_chosen)
        layers.drawn.connect(self._on_drawn)
        self._bind_keys()

    def close(self) -> None:
        """Take the tool out of the viewer."""
        self.set_active(False)
        if self._drag in self.viewer.mouse_drag_callbacks:
            self.viewer.mouse_drag_callbacks.remove(self._drag)
        self.viewer.layers.selection.events.active.disconnect(self._on_layer_chosen)
        self.layers.drawn.disconnect(self._on_drawn, missing_ok=True)

    # -- what the dock controls -------------------------------------------------------------------------------------

    @property
    def radius(self) -> float:
        """Brush radius in the slide's units."""
        return float(self.session.brush_radius)

    def set_active(self, active: bool) -> None:
        """Switch painting on or off; on needs an open slide."""
        scene = self.layers.scene
        active = active and scene is not None
        if active == self.active:
            return
        self.active = active
        if active and scene is not None:
            self.viewer.layers.selection.active = scene.spots
        self._show_cursor()
        self.active_changed.emit(active)

    def set_erase(self, erase: bool) -> None:
        """Make dragging erase instead of paint."""
        if erase != self.erase:
            self.erase = erase
            self.erase_changed.emit(erase)

    def set_radius(self, radius: float) -> None:
        """Set the brush radius in the slide's units; at least a tenth of the distance between spots."""
        slide = self.session.slide
        smallest = 0.1 * slide.pitch if slide is not None else 1e-6
        self.session.brush_radius = max(float(radius), smallest)
        self._show_cursor()

    # -- strokes ------------------------------------------------------------------------------------------------------

    def _drag(self, _viewer: Viewer, event: Any) -> Iterator[None]:
        """Follow one stroke; napari resumes this generator at every mouse move and at the release."""
        scene = self.layers.scene
        if scene is None or not self.active or event.button != _LEFT or _ZOOM in event.modifiers:
            return
        if not self._is_flat(event):
            return
        self.session.begin_stroke(self.erase != (_SWAP in event.modifiers))
        try:
            last = scene.locate(event.position)
            plane = scene.plane_at(last)
            self._extend(scene, [last], plane)
            yield
            while event.type == "mouse_move":
                started = time.perf_counter()
                here = scene.locate(event.position)
                self._extend(scene, [last, here], plane)
                last = here
                self.move_took.emit(time.perf_counter() - started)
                yield
        finally:
            self.stroke_ended.emit(time.perf_counter())
            self.session.end_stroke()

    def _extend(self, scene: SlideScene, path: list[Floats], plane: int | None) -> None:
        rows = scene.index.spots_in_stroke(np.stack(path), self.radius, plane)
        if len(rows):
            self.session.extend_stroke(rows)

    def _is_flat(self, event: Any) -> bool:
        """Give whether the view is 2D; in 3D, say how to get there."""
        if len(event.dims_displayed) == 2:
            return True
        self.session.notified.emit("info", "Painting works in the 2D view, section by section. Switch 3D off (Ctrl+Y).")
        return False

    # -- cursor, keys, layers -----------------------------------------------------------------------------------------

    def _show_cursor(self) -> None:
        """Show the ring, or napari's own cursor; and keep the camera still while painting."""
        if self.layers.scene is None:
            return
        spots = self.layers.scene.spots
        spots.mode = "pan_zoom"
        spots.mouse_pan = not self.active
        self.viewer.cursor.scaled = True
        spots.cursor = "circle" if self.active else "standard"
        spots.cursor_size = 2 * self.radius

    def _bind_keys(self) -> None:
        """Bind keys on the slide's own layers, so that no other layer's shortcuts are shadowed."""
        scene = self.layers.scene
        for layer in (scene.spots, scene.rings) if scene is not None else ():
            layer.bind_key("Control-Z", lambda _layer: self.session.undo(), overwrite=True)
            layer.bind_key("Control-Shift-Z", lambda _layer: self.session.redo(), overwrite=True)
            layer.bind_key("[", lambda _layer: self._scale_radius(1 / _STEP), overwrite=True)
            layer.bind_key("]", lambda _layer: self._scale_radius(_STEP), overwrite=True)

    def _scale_radius(self, factor: float) -> None:
        if self.active:
            self.set_radius(self.radius * factor)

    def _on_drawn(self, what: str) -> None:
        """Carry the tool over to the layers of another slide."""
        if what != "slide":
            return
        if self.layers.scene is None:
            self.set_active(False)
        self._bind_keys()
        self._show_cursor()

    def _on_layer_chosen(self, event: Any) -> None:
        """Stop painting when another layer is chosen; our own ring layer counts as the slide."""
        scene = self.layers.scene
        if not self.active or scene is None or event.value is scene.spots:
            return
        if event.value in (scene.rings, None) and scene.spots in self.viewer.layers:
            self.viewer.layers.selection.active = scene.spots
        else:
            self.set_active(False)
