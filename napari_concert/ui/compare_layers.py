"""Compared what-ifs on the canvas: one cell of napari's grid each, with one camera, named by their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QTimer

from napari_concert.ui.captions import shortened
from napari_concert.ui.colours import colormap, is_dark, patch_colours
from napari_concert.ui.scene import SlideScene
from napari_concert.ui.spots import show_values

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer

    from napari_concert.session import Session, ShownValues
    from napari_concert.session.workspace import Kept

CELL = 2  # layers: the spots, and the rings on them
NAME_SIZE = 11  # points
LONGEST = 18  # letters of what a cell shows: its colour bar stands beside them


class CompareLayers:
    """Draws a session's comparison beside the slide while there is one.

    Attributes
    ----------
    cells
        Spots and rings of each cell.
    """

    def __init__(self, viewer: Viewer, session: Session) -> None:
        self.viewer, self.session = viewer, session
        self.cells: list[SlideScene] = []
        self._names: list[str] = []
        self._shows = ""
        self._hidden: list[Layer] = []
        self._links = [
            (session.compared_changed, self._show),
            (session.shown_changed, self._show),
            (session.slide_changed, self._show),
            (session.columns_changed, self._show),
            (session.model_changed, session.predict_compared),
            (session.stack_changed, self._arrange),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        viewer.dims.events.current_step.connect(self._name)

    def close(self) -> None:
        """Stop following the session."""
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)
        self.viewer.dims.events.current_step.disconnect(self._name)

    def _show(self, *_: object) -> None:
        """Bring the cells up to date: none without a comparison."""
        current = self.session.current
        found = self.session.comparison() if current is not None and current.compared else None
        if current is None or found is None:
            if current is None or not current.compared:
                self._remove()
            return
        wanted: list[tuple[str, ShownValues, Kept | None]] = [
            (shortened(kept.name, LONGEST), shown, kept) for kept, shown in found.shown
        ]
        if found.difference is not None:
            wanted.append((*found.difference, None))
        if len(wanted) != len(self.cells) or any(cell.slide is not current.slide for cell in self.cells):
            self._remove()
            self._add(len(wanted))
        self._names, self._shows = [each[0] for each in wanted], shortened(found.name, LONGEST)
        self._name()
        dark = is_dark(self.viewer.canvas.background_color)
        for cell, (_name, shown, kept) in zip(self.cells, wanted, strict=True):
            values = np.asarray(shown.values, dtype=np.float64)[cell.rows]
            show_values(cell.spots, values, shown.limits, colormap(shown.kind, dark))
            cell.set_off_rings(dark)
            cell.mark(*_rings(kept, current.slide.n_spots))

    def _name(self, *_: object) -> None:
        """Say in each cell which what-if it shows, and what of it; of a stack, which section: there is room for one."""
        dims = self.viewer.dims
        for cell, name in zip(self.cells, self._names, strict=True):
            section = cell.section_at(dims.point[-3]) if dims.ndisplay < dims.ndim else ""
            cell.spots.name = f"{name}: {section or self._shows}"
            cell.rings.name = f"{cell.spots.name} · painted"

    def _add(self, count: int) -> None:
        slide = self.session.slide
        if slide is None:
            return
        active = self.viewer.layers.selection.active
        for _ in range(count):
            cell = SlideScene(slide, self.session.stack_view, self.session.hidden_levels)
            self.cells.append(cell)
            for layer in (cell.spots, cell.rings):
                self.viewer.layers.append(layer)
            overlay = cell.spots.name_overlay
            overlay.visible, overlay.font_size, overlay.position = True, NAME_SIZE, "top_left"
        self.viewer.layers.selection.active = active
        self._set_grid(on=True)

    def _remove(self) -> None:
        gone: list[Layer] = [layer for cell in self.cells for layer in (cell.spots, cell.rings)]
        self.cells, self._names = [], []
        for layer in gone:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        if gone:
            self._set_grid(on=False)

    def _arrange(self) -> None:
        """Draw a stack in the cells as it is drawn on the slide."""
        for cell in self.cells:
            if cell.stack is not None:
                cell.arrange(self.session.stack_view, self.session.hidden_levels)
        self._name()

    def _set_grid(self, *, on: bool) -> None:
        """Show the cells alone, in a grid, or the slide alone; napari knows the cells' size a moment later."""
        cells = {layer for cell in self.cells for layer in (cell.spots, cell.rings)}
        for layer in self.viewer.layers:
            if on and layer not in cells and layer.visible:
                layer.visible = False
                self._hidden.append(layer)
        if not on:
            for layer in self._hidden:
                layer.visible = True
            self._hidden = []
        self.viewer.canvas.grid.stride = CELL if on else 1
        self.viewer.canvas.grid.enabled = on
        QTimer.singleShot(0, self.viewer.reset_view)


def _rings(kept: Kept | None, n_spots: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return painted spots and their colours."""
    owner = np.full(n_spots, -1, np.int64)
    patches = [] if kept is None else [patch for patch in kept.patches if not patch.hidden]
    for key, patch in enumerate(patches):
        owner[patch.spots] = key
    rows = np.flatnonzero(owner >= 0)
    hexes = {key: patch.color for key, patch in enumerate(patches)}
    colours = patch_colours(owner[rows], hexes, None) if len(rows) else np.zeros((0, 4), np.float32)
    colours[:, 3] = 1.0
    return rows, colours
