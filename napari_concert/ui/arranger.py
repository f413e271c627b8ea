"""How a stack is seen in the viewer: 2D or 3D, which section, from where; and napari's own 3D button goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_concert.session.stack_view import StackMode
from napari_concert.ui.colours import is_dark
from napari_concert.ui.section_layer import SectionLayer

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.layout import StackLayout
    from napari_concert.ui.scene import SlideScene

_ROOM = 0.9  # of the canvas: names of sections and what is written on the picture need the rest
_ASLANT = (-0.45, -0.87, 0.2)  # z, y, x: from where space is first looked at, so that no section hides the others
_UP = (1.0, 0.0, 0.0)


class _Camera(NamedTuple):
    center: tuple[float, ...]
    zoom: float
    angles: tuple[float, float, float]


class Arranger:
    """Follows how stacks are to be shown, and what the user does with napari's slider, 3D button and camera."""

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers) -> None:
        self.viewer, self.session, self.layers = viewer, session, layers
        self.sections: SectionLayer | None = None
        self._cameras: dict[StackMode, _Camera] = {}
        self._level = 0
        self._flat = StackMode.ONE  # what napari's 3D button leads back to
        self._is_own = False
        dims = viewer.dims.events
        session.stack_changed.connect(self._rearrange)
        layers.drawn.connect(self._on_drawn)
        dims.ndisplay.connect(self._before_ndisplay, position="first")
        dims.ndisplay.connect(self._on_ndisplay, position="last")
        dims.current_step.connect(self._follow_slider)
        viewer.canvas.events.background_color.connect(self._annotate)
        self._on_drawn("slide")

    def close(self) -> None:
        """Stop following; the layers stay in the viewer."""
        dims = self.viewer.dims.events
        self.session.stack_changed.disconnect(self._rearrange, missing_ok=True)
        self.layers.drawn.disconnect(self._on_drawn, missing_ok=True)
        for event, slot in (
            (dims.ndisplay, self._before_ndisplay),
            (dims.ndisplay, self._on_ndisplay),
            (dims.current_step, self._follow_slider),
            (self.viewer.canvas.events.background_color, self._annotate),
        ):
            event.disconnect(slot)

    @property
    def _scene(self) -> SlideScene | None:
        return self.layers.scene

    @property
    def _stack(self) -> StackLayout | None:
        return self._scene.layout.stack if self._scene is not None else None

    # -- following the session ----------------------------------------------------------------------------------------

    def _on_drawn(self, what: str) -> None:
        """Take in another slide: its sections are annotated, and seen as the last stack was."""
        if what != "slide" or (self.sections is not None and self.sections.scene is self._scene):
            return
        was_space = self.sections is not None and self.viewer.dims.ndisplay == 3
        self.sections = None
        self._cameras.clear()
        if self._scene is not None and self._stack is not None:
            self.sections = self._add(self._scene)
            self._follow_slider()
            self._show()
        elif was_space:
            self._set_ndisplay(2)
            self._fit(StackMode.ONE)

    def _add(self, scene: SlideScene) -> SectionLayer:
        made = SectionLayer(scene)
        scene.notes, active = made.layer, self.viewer.layers.selection.active
        self.viewer.layers.insert(self.viewer.layers.index(scene.spots), made.layer)
        self.viewer.layers.selection.active = active
        return made

    def _rearrange(self) -> None:
        """Draw the stack otherwise; where one looks from comes back with each view."""
        before, scene = self._stack, self._scene
        if before is None or scene is None:
            return
        if not self._is_own:
            self._remember()
        was_own, self._is_own = self._is_own, True  # the slider moves as spots do
        scene.arrange(self.session.stack_view, self.session.hidden_levels)
        after = scene.layout.stack
        assert after is not None
        if after.mode is StackMode.GRID and before.hidden != after.hidden:
            self._cameras.pop(StackMode.GRID, None)  # the others have moved
        if after.mode is before.mode is StackMode.SPACE:
            self._restretch(float(np.ptp(after.heights)), float(np.ptp(before.heights)))
        self._show()
        self._is_own = was_own

    def _restretch(self, after: float, before: float) -> None:
        """Go on looking at the same section where sections are drawn farther apart."""
        seen = self._cameras.get(StackMode.SPACE)
        if seen is not None and before > 0:
            z, *others = seen.center
            self._cameras[StackMode.SPACE] = seen._replace(center=(z * after / before, *others))

    def _show(self) -> None:
        """Bring viewer, slider and camera in line with what is drawn."""
        stack, dims = self._stack, self.viewer.dims
        if stack is None:
            return
        if stack.mode is not StackMode.SPACE:
            self._flat = stack.mode
        self._set_ndisplay(3 if stack.mode is StackMode.SPACE else 2)
        if stack.mode is StackMode.ONE:
            dims.set_point(dims.ndim - 3, stack.heights[self._level])
        self._look(stack.mode)
        self._annotate()
        self.layers.show_caption()

    def _annotate(self, *_: object) -> None:
        """Name the sections, or draw the neighbours of the one in view, as wanted."""
        stack = self._stack
        if self.sections is None or stack is None:
            return
        dark = is_dark(self.viewer.canvas.background_color)
        if stack.mode is not StackMode.ONE:
            self.sections.show_names(dark)
        elif self.session.stack_view.neighbours:
            self.sections.show_neighbours(self._level, dark)
        else:
            self.sections.clear()

    # -- camera -------------------------------------------------------------------------------------------------------

    def _remember(self) -> None:
        stack, camera = self._stack, self.viewer.scene.camera
        if stack is not None:
            self._cameras[stack.mode] = _Camera(camera.center, camera.zoom, camera.angles)

    def _look(self, mode: StackMode) -> None:
        """Look from where this view was last seen; the first time, at all of it."""
        seen, camera = self._cameras.get(mode), self.viewer.scene.camera
        if seen is None:
            self._fit(mode)
        else:
            camera.center, camera.zoom, camera.angles = seen

    def _fit(self, mode: StackMode) -> None:
        """Show all of it; one section at a time needs no more room for texts than another slide."""
        camera, scene = self.viewer.scene.camera, self._scene
        if mode is StackMode.ONE or scene is None or scene.notes is None:
            self.viewer.reset_view()
            camera.zoom *= _ROOM
            return
        if mode is StackMode.SPACE:
            camera.set_view_direction(_ASLANT, _UP)
        self._annotate()
        self.layers.framing.fit(scene.spots, scene.notes)

    # -- following napari ---------------------------------------------------------------------------------------------

    def _set_ndisplay(self, count: int) -> None:
        before, self._is_own = self._is_own, True
        self.viewer.dims.ndisplay = count
        self._is_own = before

    def _before_ndisplay(self, *_: object) -> None:
        """Keep where one looked from, before napari moves the camera."""
        if not self._is_own:
            self._remember()

    def _on_ndisplay(self, *_: object) -> None:
        """Go with napari's own 3D button."""
        if self._is_own or self._stack is None:
            return
        self._is_own = True
        self.session.show_stack(mode=StackMode.SPACE if self.viewer.dims.ndisplay == 3 else self._flat)
        self._is_own = False

    def _follow_slider(self, *_: object) -> None:
        """Take note of the section in view, and draw its neighbours."""
        stack, dims = self._stack, self.viewer.dims
        if self._is_own or stack is None or stack.mode is not StackMode.ONE or dims.ndisplay != 2:
            return
        level = int(np.argmin(np.abs(stack.heights - dims.point[dims.ndim - 3])))
        if level != self._level:
            self._level = level
            self._annotate()
