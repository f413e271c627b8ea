"""The caption's text on the napari canvas, which changes with every move of a stroke."""

from __future__ import annotations

from typing import Any

from napari._vispy.overlays.text import VispyTextOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import TextOverlay


class CaptionOverlay(TextOverlay):
    """What the caption says; it stands at the left of the canvas, or at the right while what-ifs are compared."""


class VispyCaption(VispyTextOverlay):
    """Draws a :class:`CaptionOverlay`.

    Napari places all texts anew where one has another size, once the picture is drawn, and then draws it again. Another
    width of a text at the left moves nothing.
    """

    _placed: tuple[object, ...] = ()

    def _on_position_change(self, event: Any = None) -> None:
        placed = self.viewer.canvas.events._overlay_positions_changed  # noqa: SLF001 - napari has no public way yet
        with placed.blocker():
            super()._on_position_change(event)
        across = self.x_size if "right" in str(self.overlay.position) else 0.0
        place = self.overlay.position, self.overlay.visible, self.y_size, across
        if place != self._placed:
            self._placed = place
            placed()


overlay_to_visual[CaptionOverlay] = VispyCaption
