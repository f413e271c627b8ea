"""What is written on the picture: title and unit, legend, the what-if's caption, and warnings.

All of it is drawn on napari's canvas, so that it is part of every screenshot and legible in dark and light themes.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from napari.components.overlays import TextOverlay

from napari_concert.ui.banner import BannerOverlay
from napari_concert.ui.caption_overlay import CaptionOverlay
from napari_concert.ui.framing import Margins
from napari_concert.ui.legend import LegendOverlay
from napari_concert.ui.measure import text_size, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari import Viewer

    from napari_concert.ui.colours import Rgba

_WARNING_BOX = (0.96, 0.72, 0.16, 0.95)
_WARNING_TEXT = (0.08, 0.06, 0.0, 1.0)
_FONT_SIZE = 10
# widths in canvas pixels: of what stands at the right (title and legend; the scale bar), and the least for a text
_RIGHT_COLUMN = 290
_SCALE_BAR = 190
_BAR = 50  # a colour bar of the cell at the left, with its numbers
_BAR_TALL = 160  # a colour bar with its numbers
_PADDING = 10  # napari's own, around each overlay
_TITLE_USUAL = 200  # the width of a title
_LINES = 3  # that a title or a caption may get later, so that nothing has to move then
_NARROWEST = 200
_TITLE_WIDTH = 30
# beyond this a legend would run off the canvas
_LEGEND_MAX = 24


class PictureText:
    """The texts on the canvas of one viewer; each is hidden while it is empty."""

    def __init__(self, viewer: Viewer) -> None:
        self._canvas = viewer.canvas
        self._overlays = viewer.canvas.overlays
        self._warning, self._caption = "", ""
        for corner in ("top_right", "bottom_left", "bottom_right"):
            setattr(viewer.canvas.overlay_tiling, corner, "vertical")
        self.title = TextOverlay(position="top_right", font_size=_FONT_SIZE)
        self.legend = LegendOverlay(position="top_right", font_size=_FONT_SIZE)
        self.banner = BannerOverlay(
            position="top_left", font_size=_FONT_SIZE, box_color=_WARNING_BOX, color=_WARNING_TEXT
        )
        self.caption = CaptionOverlay(position="bottom_left", font_size=_FONT_SIZE)
        for name in ("title", "legend", "banner", "caption"):
            self._overlays[f"concert_{name}"] = getattr(self, name)
        viewer.canvas.events.size.connect(self._wrap)

    def set_title(self, name: str, detail: str) -> None:
        """Say what the colours show, and in which unit."""
        lines = [part for line in (name, *detail.splitlines()) for part in textwrap.wrap(line, _TITLE_WIDTH)]
        _write(self.title, "\n".join(lines))

    def set_legend(self, title: str, names: Sequence[str], colours: Rgba) -> None:
        """List categories with their colours; no names hide the legend."""
        labels = tuple(names[:_LEGEND_MAX])
        swatches = [tuple(float(c) for c in colour) for colour in colours[: len(labels)]]
        if len(names) > len(labels):
            labels = (*labels, f"… and {len(names) - len(labels)} more")
            swatches.append((0.5, 0.5, 0.5, 1.0))
        self.legend.update({"title": title, "labels": labels, "colours": tuple(swatches)})
        self.legend.visible = bool(labels)

    def set_warning(self, text: str | None, place: str = "top_left") -> None:
        """Show a warning on the picture itself, or none; ``place`` in napari's words."""
        self._warning = text or ""
        self.banner.position = place
        self._wrap()

    def set_caption(self, text: str, place: str = "bottom_left") -> None:
        """Say what is painted."""
        self._caption = text
        self.caption.position = place
        self._wrap()

    def margins(self) -> tuple[Margins, Margins]:
        """Return what is to stay free around a picture: left of what stands at the right of the canvas, or below it."""
        foot = self._room(self.caption)[1]
        head = self._room(self.banner)[1] if self.banner.visible else _PADDING
        title, legend = self._room(self.title), self._legend_room()
        wide, tall = max(title[0], legend[0], _TITLE_USUAL), max(title[1] + _BAR_TALL + _PADDING, legend[1], head)
        return Margins(_PADDING, head, wide, foot), Margins(_PADDING, tall, _PADDING, foot)

    def _room(self, overlay: TextOverlay) -> tuple[float, float]:
        """Return the width and height of a text with the space around it; of a few lines at least."""
        text = overlay.text if overlay.visible else ""
        tall = text_size("\n" * max(_LINES - 1, text.count("\n")), _FONT_SIZE)[1]
        return text_size(text, _FONT_SIZE)[0] + 2 * _PADDING, tall + 2 * _PADDING

    def _legend_room(self) -> tuple[float, float]:
        """Return the width and height of the legend, its discs included."""
        names = (self.legend.title, *self.legend.labels) if self.legend.visible else ("",)
        wide, tall = text_size("\n".join(names), _FONT_SIZE)
        return wide + 4 * _PADDING, 1.2 * tall + 2 * _PADDING

    def clear(self) -> None:
        """Hide all texts."""
        self.set_title("", "")
        self.set_legend("", (), np.zeros((0, 4), np.float32))
        self.set_warning(None)
        self.set_caption("")

    def close(self) -> None:
        """Take the texts off the canvas."""
        self._canvas.events.size.disconnect(self._wrap)
        for name in ("title", "legend", "banner", "caption"):
            self._overlays.pop(f"concert_{name}", None)

    def _wrap(self) -> None:
        """Break lines so that the warning leaves title and legend free, and the caption the scale bar."""
        width = self._canvas.size[1]
        taken = {"bottom_right": width / 2 + _BAR, "bottom_left": _SCALE_BAR, "top_left": _RIGHT_COLUMN}
        for overlay, text in ((self.banner, self._warning), (self.caption, self._caption)):
            room = max(_NARROWEST, width - taken[str(overlay.position)])
            _write(overlay, wrap(text, room, _FONT_SIZE) if text else "")


def _write(overlay: TextOverlay, text: str) -> None:
    if text:
        overlay.text = text
    overlay.visible = bool(text)
