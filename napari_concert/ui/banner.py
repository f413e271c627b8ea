"""A text in a coloured box on the napari canvas; the box is as large as the text is drawn."""

from __future__ import annotations

from napari._vispy.overlays.text import VispyTextOverlay
from napari._vispy.utils.visual import overlay_to_visual
from napari.components.overlays import TextOverlay

from napari_concert.ui.measure import text_size


class BannerOverlay(TextOverlay):
    """What the banner says; it stands at the left of the canvas."""


class VispyBanner(VispyTextOverlay):
    """Draws a :class:`BannerOverlay`."""

    def _on_box_change(self) -> None:
        dpi = self.node.transforms.dpi
        self.x_size, self.y_size = text_size(self.overlay.text, self.overlay.font_size, self.node.face, dpi)
        _, up = self.node.anchors
        self.node.anchors = ("left", up)  # sentences begin at the left, wherever the box is
        self.node.pos = (0.0, self.y_size if up == "top" else 0.0)
        super()._on_box_change()


overlay_to_visual[BannerOverlay] = VispyBanner
