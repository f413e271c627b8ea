"""The slide in several cells of napari's grid instead of once: one camera, each cell named by its layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QTimer

from napari_concert.ui.colours import Rgba, colormap, is_dark
from napari_concert.ui.measure import text_size
from napari_concert.ui.scene import SlideScene
from napari_concert.ui.spots import show_values

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer

    from napari_concert.session import Session, ShownValues

ROOM = 20  # pixels around a text
CELL = 2  # layers: the spots, and the rings on them
NAME_SIZE = 11  # points
FULL = 4  # cells that leave none free for texts


@dataclass(frozen=True, eq=False)
class Cell:
    """What one cell shows: its name, values of all spots, and which spots (n,) have a ring of which colour (n, 4)."""

    name: str
    shown: ShownValues
    ringed: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    colours: Rgba = field(default_factory=lambda: np.zeros((0, 4), np.float32))


class CellGrid:
    """Cells over the whole canvas while there are any; all other layers are out of sight then.

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
        session.stack_changed.connect(self._arrange)
        viewer.dims.events.current_step.connect(self._name)

    def close(self) -> None:
        """Stop following the viewer."""
        self.session.stack_changed.disconnect(self._arrange, missing_ok=True)
        self.viewer.dims.events.current_step.disconnect(self._name)

    def show(self, wanted: Sequence[Cell], shows: str) -> None:
        """Show cells of the current slide, and what of it they all show."""
        slide = self.session.slide
        if len(wanted) != len(self.cells) or any(cell.slide is not slide for cell in self.cells):
            self.remove()
            self._add(len(wanted))
        self._names, self._shows = [each.name for each in wanted], shows
        self._name()
        dark = is_dark(self.viewer.canvas.background_color)
        for cell, each in zip(self.cells, wanted, strict=True):
            values = np.asarray(each.shown.values, dtype=np.float64)[cell.rows]
            show_values(cell.spots, values, each.shown.limits, colormap(each.shown.kind, dark))
            cell.set_off_rings(dark)
            cell.mark(each.ringed, each.colours)

    def remove(self) -> None:
        """Show the slide alone again."""
        gone: list[Layer] = [layer for cell in self.cells for layer in (cell.spots, cell.rings)]
        self.cells, self._names = [], []
        for layer in gone:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        if gone:
            self._set_grid(on=False)

    def _name(self, *_: object) -> None:
        """Say in each cell what it shows, and of what; of a stack, which section: there is room for one."""
        dims = self.viewer.dims
        for cell, name in zip(self.cells, self._names, strict=True):
            section = cell.section_at(dims.point[-3]) if dims.ndisplay < dims.ndim else ""
            cell.spots.name = f"{name}: {section or self._shows}"
            cell.rings.name = f"{cell.spots.name} · rings"

    def _add(self, count: int) -> None:
        slide = self.session.slide
        if slide is None:
            return
        active = self.viewer.layers.selection.active
        for place in range(count):
            cell = SlideScene(slide, self.session.stack_view, self.session.hidden_levels)
            self.cells.append(cell)
            # below all others: napari counts off the layers of a cell from there, those that are out of sight too
            for index, layer in enumerate((cell.spots, cell.rings)):
                self.viewer.layers.insert(CELL * place + index, layer)
            overlay = cell.spots.name_overlay
            overlay.visible, overlay.font_size, overlay.position = True, NAME_SIZE, "top_left"
        self.viewer.layers.selection.active = active
        self._set_grid(on=True)

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
        QTimer.singleShot(0, self._fit)

    def _fit(self) -> None:
        """Fit the slide into each cell; where none is free, above the texts at the foot of the canvas."""
        self.viewer.reset_view()
        if len(self.cells) not in (1, FULL):
            return
        cell, camera = self.viewer.canvas.size[0] / (1 if len(self.cells) == 1 else 2), self.viewer.scene.camera
        taken = min(self._foot(), cell / 2)
        camera.zoom *= 1 - taken / cell
        along, down, across = camera.center
        camera.center = (along, down + taken / 2 / camera.zoom, across)

    def _foot(self) -> float:
        """Return the height of the texts at the foot of the canvas."""
        overlays = self.viewer.canvas.overlays
        texts = [overlays.get(name) for name in ("concert_caption", "concert_banner")]
        shown = [each for each in texts if each is not None and each.visible and str(each.position) == "bottom_left"]
        return float(sum(text_size(each.text, each.font_size)[1] + ROOM for each in shown))
