"""A legend for categories, drawn on the napari canvas beside the colour bar and scale bar.

napari draws colour bars but no legends (0.9), and its canvas overlays have one text colour each. This adds one overlay
in napari's own way: an evented model, and a vispy visual that follows it; napari then tiles it with the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from napari._vispy.overlays.base import ViewerOverlayMixin, VispyCanvasOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari._vispy.visuals.text import Text
from napari.components._viewer_constants import CanvasPosition
from napari.components.overlays import CanvasOverlay
from vispy.scene.visuals import Compound, Markers

from napari_concert.ui.measure import text_size

_SWATCH = 11.0
_GAP = 7.0


class LegendOverlay(CanvasOverlay):
    """What the legend shows.

    Attributes
    ----------
    title
        First line.
    labels, colours
        One entry a category, and its RGB(A) colour.
    font_size
        In points.
    """

    title: str = ""
    labels: tuple[str, ...] = ()
    colours: tuple[tuple[float, ...], ...] = ()
    font_size: float = 10
    position: CanvasPosition | Any = CanvasPosition.TOP_RIGHT


class VispyLegend(ViewerOverlayMixin, VispyCanvasOverlay):
    """Draws a :class:`LegendOverlay`: a title, then a disc and a name for each category."""

    overlay: LegendOverlay

    def __init__(self, *, font_info: Any, **kwargs: Any) -> None:
        self._names = Text(text=["x"], pos=np.zeros((1, 2)), anchor_x="left", anchor_y="center", font_info=font_info)
        self._swatches = Markers()
        super().__init__(node=Compound([self._swatches, self._names]), font_info=font_info, **kwargs)
        for field in (self.overlay.events.title, self.overlay.events.labels, self.overlay.events.colours):
            field.connect(self._redraw)
        self.viewer.canvas.events.background_color.connect(self._redraw)
        self.reset()

    def reset(self) -> None:
        """Bring the visual up to date with its model."""
        super().reset()
        self._redraw()

    def _redraw(self) -> None:
        if len(self.overlay.labels) != len(self.overlay.colours) or not self.overlay.labels:
            return
        self._names.font_size = self.overlay.font_size
        height = self._text_size("Xg")[1] + 3
        rows = height * (0.5 + np.arange(len(self.overlay.labels) + 1))
        self._draw_names(rows)
        self._draw_swatches(rows[1:])
        widths = [self._text_size(label)[0] + _SWATCH + _GAP for label in self.overlay.labels]
        self.x_size = max([self._text_size(self.overlay.title)[0], *widths])
        self.y_size = height * len(rows)
        self._on_position_change()

    def _draw_names(self, rows: np.ndarray[Any, Any]) -> None:
        left = np.array([0.0] + [_SWATCH + _GAP] * (len(rows) - 1))
        self._names.text = [self.overlay.title, *self.overlay.labels]
        self._names.pos = np.column_stack([left, rows])
        self._names.color = self._get_fgcolor()

    def _draw_swatches(self, rows: np.ndarray[Any, Any]) -> None:
        centres = np.column_stack([np.full(len(rows), _SWATCH / 2), rows])
        colours = np.array([(*tuple(colour)[:3], 1.0) for colour in self.overlay.colours])
        self._swatches.set_data(centres, face_color=colours, edge_width=0, size=_SWATCH)

    def _text_size(self, text: str) -> tuple[float, float]:
        """Give the width and height of a text in canvas pixels."""
        return text_size(text, self.overlay.font_size, self._names.face)


overlay_to_visual[LegendOverlay] = VispyLegend
