"""Small icons of lists: signs in the theme's colour, and a swatch of a patch's colour."""

from __future__ import annotations

from functools import cache

from napari._qt.qt_resources import QColoredSVGIcon
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QIcon, QPainter, QPixmap

from napari_concert.ui.theme import colour

_SIDE, _ROUNDING = 32, 6  # pixels; drawn at half that or less
_MODES = (QIcon.Mode.Normal, QIcon.Mode.Selected)  # else Qt tints the icons of a selected row


def theme_icon(name: str, opacity: float = 1.0) -> QIcon:
    """Return one of napari's icons ("visibility", "lock", …) in the colour of the theme's text."""
    return _icon(name, colour("text"), opacity)


@cache
def swatch(colour: str) -> QIcon:
    """Return a square of a colour in hex."""
    drawn = QPixmap(_SIDE, _SIDE)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(QRectF(1, 1, _SIDE - 2, _SIDE - 2), _ROUNDING, _ROUNDING)
    painter.end()
    return _of(drawn)


@cache
def _icon(name: str, colour: str, opacity: float) -> QIcon:
    drawn = QColoredSVGIcon.from_resources(name).colored(colour, opacity).pixmap(_SIDE, _SIDE)
    return _of(drawn)


def _of(drawn: QPixmap) -> QIcon:
    icon = QIcon()
    for mode in _MODES:
        icon.addPixmap(drawn, mode)
    return icon
