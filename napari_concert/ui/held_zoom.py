"""napari zooms at a double click; tools that are clicked fast keep it from doing so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.components._viewer_mouse_bindings import double_click_to_zoom

if TYPE_CHECKING:
    from napari import Viewer


class HeldZoom:
    """Keeps the second of two quick clicks from zooming while it is held, and lets it zoom again as before."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self._zoomed = False

    def hold(self, held: bool) -> None:
        """Keep double clicks from zooming, or let them."""
        callbacks = self.viewer.mouse_double_click_callbacks
        if held and double_click_to_zoom in callbacks:
            callbacks.remove(double_click_to_zoom)
            self._zoomed = True
        elif not held and self._zoomed:
            callbacks.insert(0, double_click_to_zoom)
            self._zoomed = False
