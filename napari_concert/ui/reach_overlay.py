"""A dotted ring on the slide that is moved as a whole: how far what is painted reaches.

One overlay of the spots' layer, as the outline is: dots, where the brush and the outlines have lines.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from napari._vispy.overlays.base import LayerOverlayMixin, VispySceneOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import SceneOverlay
from vispy.scene.visuals import Markers

APART, FEWEST, MOST = 13.0, 12, 150  # canvas pixels between dots, and how many there are
_SIZE, _EDGE = 6.0, 1.5  # pixels; a dark edge around a light dot is seen on any colour
_DARK, _LIGHT = (0.0, 0.0, 0.0, 0.9), (1.0, 0.9, 0.25, 1.0)


class ReachOverlay(SceneOverlay):
    """What the ring shows.

    Attributes
    ----------
    points
        A closed line (row, column) around the origin, in the layer's coordinates.
    centre
        Where its origin lies (row, column).
    """

    points: tuple[tuple[float, float], ...] = ()
    centre: tuple[float, float] = (0.0, 0.0)
    visible: bool = False


class VispyReach(LayerOverlayMixin, VispySceneOverlay):
    """Draws a :class:`ReachOverlay`.

    Its dots are set anew at every step: the transform of an overlay's node is napari's, which puts it back.
    """

    overlay: ReachOverlay

    def __init__(self, **kwargs: Any) -> None:
        self._dots = np.zeros((0, 2))
        super().__init__(node=Markers(scaling="fixed", antialias=1.0), **kwargs)
        self.overlay.events.points.connect(self._redraw)
        self.overlay.events.centre.connect(self._move)
        self.viewer.scene.camera.events.zoom.connect(self._redraw)
        self.reset()

    def reset(self) -> None:
        """Bring the visual up to date with its model."""
        super().reset()
        self._redraw()

    def close(self) -> None:
        """Stop following the camera."""
        self.viewer.scene.camera.events.zoom.disconnect(self._redraw)
        super().close()

    def _should_be_visible(self) -> bool:
        return bool(super()._should_be_visible() and self.overlay.points)

    def _redraw(self) -> None:
        points = np.asarray(self.overlay.points, dtype=np.float64).reshape(-1, 2)
        self._dots = dotted(points, self.viewer.scene.camera.zoom)[:, ::-1] if len(points) else points
        self._move()
        self._on_visible_change()

    def _move(self) -> None:
        if len(self._dots):
            at = self._dots + self.overlay.centre[::-1]
            self.node.set_data(at, face_color=_LIGHT, edge_color=_DARK, edge_width=_EDGE, size=_SIZE)


def dotted(line: npt.NDArray[np.float64], zoom: float) -> npt.NDArray[np.float64]:
    """Return points (k, 2) at equal distances along a closed line (n, 2): about as far apart on the canvas at any zoom.

    Parameters
    ----------
    zoom
        Canvas pixels a unit of the line.
    """
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = int(np.clip(round(along[-1] * zoom / APART), FEWEST, MOST))
    at = np.linspace(0.0, along[-1], count, endpoint=False)
    return np.column_stack([np.interp(at, along, line[:, axis]) for axis in (0, 1)])


overlay_to_visual[ReachOverlay] = VispyReach
