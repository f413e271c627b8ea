"""The tools on the slide: which one is in hand, its cursor and keys; what the mouse does is in :mod:`.gestures`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_concert.selection import Lesion, Mode
from napari_concert.session.preferences import LESION
from napari_concert.ui.gestures import GESTURES, look_ahead, problem_in_space
from napari_concert.ui.held_zoom import HeldZoom
from napari_concert.ui.pointing import is_in_space, spot_at
from napari_concert.ui.tools import ABOUT, Tool

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Points

    from napari_concert.session import Session
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

_LEFT = 1
# one press of [ or ] changes the radius by this factor
_STEP = 1.2
# napari's ring at the mouse; its own name, as there is no public one
_RING = "_brush_circle"
# held while dragging, one swaps painting and erasing, and the other is napari's own: it zooms into a box
_SWAP, _ZOOM = "Shift", "Alt"
SWAPPED = {Mode.ADD: Mode.SUBTRACT, Mode.SUBTRACT: Mode.ADD}


class BrushTool:
    """Selects spots in a viewer; the dock switches it on and off, and chooses the tool.

    While it is active the camera stays still, but for the time that Space is held; in the 3D view a press beside the
    spots turns it, too. The brush's cursor is a ring of its size.

    Attributes
    ----------
    tool, mode, lesion
        The tool in hand, what it does to the active patch, and the lesion that is stamped.
    corners, polygon_mode, polygon_plane
        Of the polygon that is being drawn, and the section of a stack that it is on.
    is_turning
        Whether the mouse moves the camera, though a tool is in hand.
    active_changed, tool_changed
        Emitted with the new state; the second also for another mode or lesion.
    stroke_ended
        Emitted with the time (``time.perf_counter``) at which the mouse was released; for timing.
    move_took
        Emitted with the seconds one mouse move took, its redrawing left out; for timing.
    """

    active_changed = Signal(bool)
    tool_changed = Signal()
    stroke_ended = Signal(float)
    move_took = Signal(float)

    def __init__(self, viewer: Viewer, layers: SlideLayers, session: Session) -> None:
        self.viewer = viewer
        self.layers = layers
        self.session = session
        self.active = False
        self.tool, self.mode = Tool.BRUSH, Mode.ADD
        self.lesion = LESION
        self.corners: list[Floats] = []
        self.polygon_mode = Mode.ADD
        self.polygon_plane: int | None = None
        self.is_turning = False
        self._zoom = HeldZoom(viewer)
        self._said: set[str] = set()
        self._callbacks = (
            (viewer.mouse_drag_callbacks, self._drag),
            (viewer.mouse_move_callbacks, self._move),
            (viewer.mouse_wheel_callbacks, self._wheel),
            (viewer.mouse_double_click_callbacks, self._double_click),
        )
        for callbacks, callback in self._callbacks:
            callbacks.append(callback)
        viewer.layers.selection.events.active.connect(self._on_layer_chosen)
        viewer.events.mouse_over_canvas.connect(self._on_over)
        layers.drawn.connect(self._on_drawn)
        # the box napari draws behind texts is of no size here: a dark dot on the spot under the mouse, which stays
        viewer.canvas.overlays[_RING].box = False
        self._bind_keys()

    def close(self) -> None:
        """Take the tool out of the viewer."""
        self.set_active(False)
        for callbacks, callback in self._callbacks:
            if callback in callbacks:
                callbacks.remove(callback)
        self.viewer.layers.selection.events.active.disconnect(self._on_layer_chosen)
        self.viewer.events.mouse_over_canvas.disconnect(self._on_over)
        self.layers.drawn.disconnect(self._on_drawn, missing_ok=True)
        self.viewer.canvas.overlays[_RING].box = True

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
        self.give_up()
        if active and scene is not None:
            self.viewer.layers.selection.active = scene.spots
        self._zoom.hold(active)
        self._show_cursor()
        self.active_changed.emit(active)

    def set_tool(self, tool: Tool) -> None:
        """Take a tool in hand; a polygon that is not closed is given up."""
        if tool != self.tool:
            self.give_up()
            self.tool = tool
            self._show_cursor()
            self.tool_changed.emit()

    def set_mode(self, mode: Mode) -> None:
        """Choose what the tools do to the active patch."""
        if mode != self.mode:
            self.mode = mode
            self.tool_changed.emit()

    def set_lesion(self, lesion: Lesion) -> None:
        """Choose the lesion that is stamped."""
        if lesion != self.lesion:
            self.lesion = lesion
            self.tool_changed.emit()

    def finish_polygon(self) -> None:
        """Select what the polygon encloses."""
        scene, corners = self.layers.scene, self.corners
        self.give_up()
        if scene is not None and len(corners) > 2:
            rows = scene.index.spots_in_polygon(np.stack(corners)[:, :2], self.polygon_plane)
            self.session.select(rows, self.polygon_mode)

    def give_up(self) -> None:
        """Forget the corners of a polygon that was not closed, and any outline."""
        self.corners = []
        if self.layers.scene is not None:
            self.layers.scene.draw_outline(None)

    def set_radius(self, radius: float) -> None:
        """Set the brush radius in the slide's units; at least a tenth of the distance between spots."""
        slide = self.session.slide
        smallest = 0.1 * slide.pitch if slide is not None else 1e-6
        self.session.brush_radius = max(float(radius), smallest)
        self._show_cursor()

    # -- strokes ------------------------------------------------------------------------------------------------------

    def _drag(self, _viewer: Viewer, event: Any) -> Iterator[None]:
        """Follow one press of the button; napari resumes this generator at every mouse move and at the release."""
        scene = self.layers.scene
        if scene is None or not self.active or event.button != _LEFT or _ZOOM in event.modifiers:
            return
        if self.is_turning or (is_in_space(event) and not self._meets(scene, event)):
            yield from self._turn(event)
            return
        mode = SWAPPED.get(self.mode, self.mode) if _SWAP in event.modifiers else self.mode
        yield from GESTURES[self.tool](self, scene, event, mode)

    def _move(self, _viewer: Viewer, event: Any) -> None:
        scene = self.layers.scene
        if scene is not None and self.active and not event.is_dragging:
            look_ahead(self, scene, event)

    def _on_over(self, *_: object) -> None:
        """Hide the lesion that follows the mouse where that leaves the canvas; a polygon is still being drawn."""
        scene = self.layers.scene
        if scene is not None and self.tool is Tool.LESION and not self.viewer.mouse_over_canvas:
            scene.draw_outline(None)

    def _wheel(self, _viewer: Viewer, event: Any) -> None:
        """Change the brush's radius with Shift and the wheel."""
        if self.active and _SWAP in event.modifiers and self.tool is Tool.BRUSH:
            turned = event.delta[1] or event.delta[0]
            self._scale_radius(_STEP if turned > 0 else 1 / _STEP)
            event.handled = True

    def _double_click(self, _viewer: Viewer, event: Any) -> None:
        if self.active and self.tool is Tool.POLYGON:
            event.handled = True
            self.finish_polygon()

    # -- in the 3D view -----------------------------------------------------------------------------------------------

    def _meets(self, scene: SlideScene, event: Any) -> bool:
        """Give whether a press in the 3D view is work for the tool; if not, the mouse turns the view."""
        problem = problem_in_space(scene, self.tool)
        if problem and problem not in self._said:
            self._said.add(problem)
            self.session.notified.emit("info", problem)
        return not problem and spot_at(scene, event) is not None

    def _turn(self, event: Any) -> Iterator[None]:
        """Let the mouse move the camera until the button is released."""
        held = self.is_turning
        self._let_turn(turning=True)
        try:
            yield
            while event.type == "mouse_move":
                yield
        finally:
            self._let_turn(turning=held and self.is_turning)

    def _hold_camera(self, _layer: Points) -> Iterator[None]:
        """Let the mouse move the camera while a key is held."""
        self._let_turn(turning=True)
        yield
        self._let_turn(turning=False)

    def _let_turn(self, *, turning: bool) -> None:
        self.is_turning = turning
        self._show_cursor()

    # -- cursor, keys, layers -----------------------------------------------------------------------------------------

    def _show_cursor(self) -> None:
        """Show the ring, or napari's own cursor; and keep the camera still while painting."""
        if self.layers.scene is None:
            return
        spots = self.layers.scene.spots
        spots.mode = "pan_zoom"
        spots.mouse_pan = not self.active or self.is_turning
        self.viewer.cursor.scaled = True
        brush = self.tool is Tool.BRUSH
        spots.cursor = "standard" if spots.mouse_pan else "circle" if brush else "cross"
        spots.cursor_size = 2 * self.radius

    def _bind_keys(self) -> None:
        """Bind keys on the slide's own layers, so that no other layer's shortcuts are shadowed."""
        scene = self.layers.scene
        for layer in (scene.spots, scene.rings) if scene is not None else ():
            layer.bind_key("Control-Z", lambda _layer: self.session.undo(), overwrite=True)
            layer.bind_key("Control-Shift-Z", lambda _layer: self.session.redo(), overwrite=True)
            layer.bind_key("[", lambda _layer: self._scale_radius(1 / _STEP), overwrite=True)
            layer.bind_key("]", lambda _layer: self._scale_radius(_STEP), overwrite=True)
            layer.bind_key("Enter", lambda _layer: self.finish_polygon(), overwrite=True)
            layer.bind_key("Escape", lambda _layer: self.give_up(), overwrite=True)
            layer.bind_key("Space", self._hold_camera, overwrite=True)  # napari's own key for this
            for tool, about in ABOUT.items():
                # a function: napari asks what it binds for its name, which a partial lacks
                layer.bind_key(about.key, lambda _layer, tool=tool: self._take(tool), overwrite=True)

    def _take(self, tool: Tool) -> None:
        """Take the tool of a key in hand; the key of the one in hand puts it away."""
        if self.active and tool is self.tool:
            self.set_active(False)
            return
        self.set_tool(tool)
        self.set_active(True)

    def _scale_radius(self, factor: float) -> None:
        if self.active:
            self.set_radius(self.radius * factor)

    def _on_drawn(self, what: str) -> None:
        """Carry the tool over to the layers of another slide."""
        if what != "slide":
            return
        self.give_up()
        if self.layers.scene is None:
            self.set_active(False)
        self._bind_keys()
        self._show_cursor()

    def _on_layer_chosen(self, event: Any) -> None:
        """Stop painting when another layer is chosen; our own other layers count as the slide."""
        scene = self.layers.scene
        if not self.active or scene is None or event.value is scene.spots:
            return
        if event.value in (scene.rings, scene.notes, None) and scene.spots in self.viewer.layers:
            self.viewer.layers.selection.active = scene.spots
        else:
            self.set_active(False)
