"""Colours of napari's current theme, for what its style sheet does not reach."""

from __future__ import annotations

from napari.settings import get_settings
from napari.utils.theme import get_theme


def colour(role: str) -> str:
    """Return a colour of the theme in hex: "background", "foreground", "text", "current" and so on."""
    theme = get_theme(get_settings().appearance.theme)
    return str(getattr(theme, role).as_hex())


def popup_style() -> str:
    """Return the style of a list that pops up over the window."""
    return (
        f"QAbstractItemView {{ background: {colour('foreground')}; color: {colour('text')}; border: 1px solid "
        f"{colour('highlight')}; padding: 3px; outline: 0; }}"
        f"QAbstractItemView::item {{ padding: 3px 5px; }}"
        f"QAbstractItemView::item:selected {{ background: {colour('current')}; color: {colour('text')}; }}"
    )
