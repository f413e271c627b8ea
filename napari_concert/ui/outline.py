"""An outline on the slide, in its coordinates: a lasso being drawn, a lesion before it is stamped.

One overlay of the spots' layer in napari's own way: an evented model, and a vispy visual that follows it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from napari._vispy.overlays.base import LayerOverlayMixin, VispySceneOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import SceneOverlay
from napari.layers.base._base_constants import Blending
from vispy.scene.visuals import Compound, Line

# closed lines in space: vispy draws smooth ones in a plane alone
_IN_SPACE = np.zeros((2, 3))
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
    rings
        Lines through points (z, row, column), for the 3D view.
    """

    points: tuple[tuple[float, float], ...] = ()
    rings: tuple[tuple[tuple[float, float, float], ...], ...] = ()
    visible: bool = True
    blending: Blending | Any = Blending.TRANSLUCENT_NO_DEPTH  # seen through spots in front of it


class VispyOutline(LayerOverlayMixin, VispySceneOverlay):
    """Draws an :class:`OutlineOverlay`."""

    overlay: OutlineOverlay

    def __init__(self, **kwargs: Any) -> None:
        self._under = Line(pos=_NOWHERE, color=_UNDER, width=_WIDE, method="agg", antialias=True)
        self._over = Line(pos=_NOWHERE, color=_OVER, width=_NARROW, method="agg", antialias=True)
        looks = (_UNDER, _WIDE), (_OVER, _NARROW)
        self._far = [Line(pos=_IN_SPACE, color=color, width=width) for color, width in looks]
        super().__init__(node=Compound([self._under, self._over, *self._far]), **kwargs)
        self.overlay.events.points.connect(self._redraw)
        self.overlay.events.rings.connect(self._redraw_rings)
        self.reset()

    def reset(self) -> None:
        """Bring the visual up to date with its model."""
        super().reset()
        self._redraw()
        self._redraw_rings()

    def _redraw(self) -> None:
        points = np.asarray(self.overlay.points, dtype=np.float32).reshape(-1, 2)[:, ::-1]
        for line in (self._under, self._over):
            line.visible = len(points) > 1
            if line.visible:
                line.set_data(pos=points)

    def _redraw_rings(self) -> None:
        rings = [np.asarray(ring, dtype=np.float32)[:, ::-1] for ring in self.overlay.rings]
        for line in self._far:
            line.visible = bool(rings)
            if rings:
                line.set_data(pos=np.concatenate(rings), connect=_joined([len(ring) for ring in rings]))


def _joined(lengths: list[int]) -> npt.NDArray[np.uint32]:
    """Return which points (m, 2) of lines one after the other are joined."""
    starts = np.cumsum([0, *lengths[:-1]])
    firsts = np.concatenate([start + np.arange(length - 1) for start, length in zip(starts, lengths, strict=True)])
    return np.column_stack([firsts, firsts + 1]).astype(np.uint32)


overlay_to_visual[OutlineOverlay] = VispyOutline
