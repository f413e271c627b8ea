"""How large texts are on napari's canvas, and where their lines break.

napari draws the glyphs of a large font, scaled down, but measures the small font, whose hinted glyphs are a few per
cent narrower; its boxes are then too small for their texts.
"""

from __future__ import annotations

from qtpy.QtGui import QFont, QFontMetricsF, QGuiApplication

_GLYPHS = 256  # points in which napari renders glyphs
_TALL, _LEADING = "ÅÉÑŐjgpqy", 1.1  # letters that tell vispy's height of a line, and how far apart lines are


def text_size(text: str, points: float, face: str | None = None, dpi: float = 96.0) -> tuple[float, float]:
    """Return the width of the longest line of a text and the height of all in canvas pixels, as they are drawn."""
    metrics = QFontMetricsF(QFont(face or QGuiApplication.font().family(), _GLYPHS))
    lines = text.split("\n")
    scale = points / _GLYPHS * dpi / 72
    height = metrics.tightBoundingRect(_TALL).height() * (1 + _LEADING * (len(lines) - 1))
    return scale * max(map(metrics.horizontalAdvance, lines)), scale * height


def wrap(text: str, room: float, points: float) -> str:
    """Break the lines of a text between words so that they fit into ``room`` canvas pixels; a word is never broken."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and text_size(longer, points)[0] > room:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return "\n".join(lines)
