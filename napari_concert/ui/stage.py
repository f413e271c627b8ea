"""The canvas while sections are moved with the mouse: all else is out of sight, and comes back as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_concert.session.stack_view import StackMode

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer

    from napari_concert.session import Session
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.scene import SlideScene


@dataclass(frozen=True, eq=False)
class _Before:
    """What was on the canvas."""

    scene: SlideScene
    seen: tuple[Layer, ...]
    active: Layer | None
    camera: tuple[tuple[float, ...], float]
    in_space: bool
    had_tool: bool


class Stage:
    """Holds the canvas for some layers of its own, in the 2D view, with the tools put away."""

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers, brush: BrushTool) -> None:
        self.viewer, self.session, self.layers, self.brush = viewer, session, layers, brush
        self._before: _Before | None = None
        self._own: tuple[Layer, ...] = ()

    def take(self, scene: SlideScene, own: Sequence[Layer], margin: float) -> None:
        """Show these layers alone; the last one gets the keys.

        Parameters
        ----------
        margin
            What stays free around them, as a share of the canvas.
        """
        viewer, session = self.viewer, self.session
        had_tool, in_space = self.brush.active, viewer.dims.ndisplay == 3
        self.brush.set_active(False)
        if in_space and scene.stack is not None:
            session.show_stack(mode=StackMode.ONE)
        viewer.dims.ndisplay = 2
        camera, seen = viewer.scene.camera, tuple(layer for layer in viewer.layers if layer.visible)
        active = viewer.layers.selection.active
        self._before = _Before(scene, seen, active, (camera.center, camera.zoom), in_space, had_tool)
        for layer in seen:
            layer.visible = False
        self._own = tuple(own)
        for layer in own:
            viewer.add_layer(layer)
        viewer.layers.selection.active = own[-1]
        self._look_at(own, margin)

    def _look_at(self, own: Sequence[Layer], margin: float) -> None:
        """Fit flat layers into the canvas; napari's own fit wants all axes that the slide has."""
        ends = np.concatenate([layer.extent.world[:, -2:] for layer in own if len(layer.data)])
        low, high = ends.min(axis=0), ends.max(axis=0)
        camera, room = self.viewer.scene.camera, (1 - 2 * margin) * np.asarray(self.viewer.canvas.size)
        camera.center = (0.0, *(0.5 * (low + high)).tolist())
        camera.zoom = float(np.min(room / np.maximum(high - low, 1e-9)))

    def give_back(self, *, keep_view: bool = False) -> None:
        """Take the layers away, and show what was there before.

        Parameters
        ----------
        keep_view
            Whether another view of the stack, or another slide, was chosen meanwhile.
        """
        before, own = self._before, self._own
        if before is None:
            return
        self._before, self._own, viewer = None, (), self.viewer
        for layer in own:
            if layer in viewer.layers:
                viewer.layers.remove(layer)
        for layer in before.seen:
            layer.visible = True
        if before.active in viewer.layers and not self.brush.active:
            viewer.layers.selection.active = before.active
        viewer.scene.camera.center, viewer.scene.camera.zoom = before.camera
        if before.in_space and not keep_view:
            self._go_to_space(before.scene)
        if before.had_tool:
            self.brush.set_active(True)

    def _go_to_space(self, scene: SlideScene) -> None:
        if scene.stack is not None:
            self.session.show_stack(mode=StackMode.SPACE)
        else:
            self.viewer.dims.ndisplay = 3
