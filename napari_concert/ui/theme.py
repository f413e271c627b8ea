"""Colours of napari's current theme, for what its style sheet does not reach."""

from __future__ import annotations

from napari.settings import get_settings
from napari.utils.theme import get_theme
from qtpy.QtGui import QColor

# of words of concern, for dark and for light themes
CONCERNS = {"warning": ("#e0a526", "#7a5200"), "error": ("#f4736a", "#a81f17")}
CONCERN = "concern"  # property of a label that says which it is


def colour(role: str) -> str:
    """Return a colour of the theme in hex: "background", "foreground", "text", "current" and so on."""
    theme = get_theme(get_settings().appearance.theme)
    return str(getattr(theme, role).as_hex())


def concern_colour(kind: str) -> str:
    """Return the colour of a "warning" or an "error" that is easier to read on the theme's background."""
    return max(CONCERNS[kind], key=lambda ink: contrast(ink, colour("background")))


def concern_style() -> str:
    """Return the style of labels whose property :data:`CONCERN` is set."""
    return " ".join(f'QLabel[{CONCERN}="{kind}"] {{ color: {concern_colour(kind)}; }}' for kind in CONCERNS)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours in hex, 1 to 21, as WCAG 2.1 defines it; text needs 4.5."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(hexed: str) -> float:
    made = QColor(hexed)
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (made.redF(), made.greenF(), made.blueF())
    ]
    return float(sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)))


def popup_style() -> str:
    """Return the style of a list that pops up over the window."""
    return (
        f"QAbstractItemView {{ background: {colour('foreground')}; color: {colour('text')}; border: 1px solid "
        f"{colour('highlight')}; padding: 3px; outline: 0; }}"
        f"QAbstractItemView::item {{ padding: 3px 5px; }}"
        f"QAbstractItemView::item:selected {{ background: {colour('current')}; color: {colour('text')}; }}"
    )
