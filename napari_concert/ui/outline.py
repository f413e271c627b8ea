"""An outline on the slide, in its coordinates: a lasso being drawn, a lesion before it is stamped.

One overlay of the spots' layer in napari's own way: an evented model, and a vispy visual that follows it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari._vispy.overlays.base import LayerOverlayMixin, VispySceneOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import SceneOverlay
from vispy.scene.visuals import Compound, Line

# a dark line under a light one is seen on any colour
_UNDER, _OVER = (0.0, 0.0, 0.0, 0.85), (1.0, 0.92, 0.55, 1.0)
_WIDE, _NARROW = 4.0, 1.8
_NOWHERE = np.zeros((2, 2))


class OutlineOverlay(SceneOverlay):
    """What the outline shows.

    Attributes
    ----------
    points
        Corners (row, column) in the layer's coordinates; none draws nothing.
    """

    points: tuple[tuple[float, float], ...] = ()
    visible: bool = True


class VispyOutline(LayerOverlayMixin, VispySceneOverlay):
    """Draws an :class:`OutlineOverlay`."""

    overlay: OutlineOverlay

    def __init__(self, **kwargs: Any) -> None:
        self._under = Line(pos=_NOWHERE, color=_UNDER, width=_WIDE, method="agg", antialias=True)
        self._over = Line(pos=_NOWHERE, color=_OVER, width=_NARROW, method="agg", antialias=True)
        super().__init__(node=Compound([self._under, self._over]), **kwargs)
        self.overlay.events.points.connect(self._redraw)
        self.reset()

    def reset(self) -> None:
        """Bring the visual up to date with its model."""
        super().reset()
        self._redraw()

    def _redraw(self) -> None:
        points = np.asarray(self.overlay.points, dtype=np.float32).reshape(-1, 2)[:, ::-1]
        for line in (self._under, self._over):
            line.visible = len(points) > 1
            if line.visible:
                line.set_data(pos=points)


overlay_to_visual[OutlineOverlay] = VispyOutline
