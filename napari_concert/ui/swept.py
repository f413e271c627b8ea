"""Tells the session where tools are drawn over the slide, so that gaps in the tissue can be part of a hole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.selection import Mode
from napari_concert.ui.brush_tool import SWAPPED
from napari_concert.ui.pointing import is_in_space
from napari_concert.ui.tools import Tool

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

_LEFT, _SWAP, _ZOOM = 1, "Shift", "Alt"


class SweptAreas:
    """Follows strokes and lassos in the 2D view that add spots; it draws nothing itself."""

    def __init__(self, viewer: Viewer, brush: BrushTool) -> None:
        self.viewer, self.brush = viewer, brush
        viewer.mouse_drag_callbacks.append(self._drag)

    def close(self) -> None:
        """Stop following the mouse."""
        if self._drag in self.viewer.mouse_drag_callbacks:
            self.viewer.mouse_drag_callbacks.remove(self._drag)

    def _drag(self, _viewer: Viewer, event: Any) -> Iterator[None]:
        """Follow one press of the button to its release."""
        scene, brush = self.brush.layers.scene, self.brush
        if scene is None or not self._is_drawing(event):
            return
        level = scene.plane_at(event.position)
        path = [scene.locate(event.position, level)]
        yield
        while event.type == "mouse_move":
            path.append(scene.locate(event.position, level))
            yield
        path.append(scene.locate(event.position, level))
        self._tell(scene, brush.tool, np.stack(path), level)

    def _is_drawing(self, event: Any) -> bool:
        brush = self.brush
        mode = SWAPPED.get(brush.mode, brush.mode) if _SWAP in event.modifiers else brush.mode
        in_hand = brush.active and not brush.is_turning and brush.tool in (Tool.BRUSH, Tool.LASSO, Tool.RECTANGLE)
        return (
            in_hand
            and mode is Mode.ADD
            and event.button == _LEFT
            and _ZOOM not in event.modifiers
            and not is_in_space(event)
        )

    def _tell(self, scene: SlideScene, tool: Tool, path: Floats, level: int | None) -> None:
        row = scene.index.nearest(path[0][: scene.index.coords.shape[1]], level)
        if row is None:
            return
        slide = scene.slide
        if level is None:  # sections without z are drawn beside each other
            path = path - scene.layout.points[row, ::-1] + slide.coords[row]
        plane = int(slide.planes[row])
        if tool is Tool.BRUSH:
            self.brush.session.sweep(path, self.brush.radius, plane)
        elif tool is Tool.LASSO:
            self.brush.session.enclose(path, plane)
        else:
            (x0, y0), (x1, y1) = path[0, :2], path[-1, :2]
            self.brush.session.enclose([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], plane)
