"""Hidden spots of a quality check on the canvas: observed, predicted and error in cells, or z over the whole canvas."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_concert.session.hidden_spots import Look
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.captions import shortened
from napari_concert.ui.cell_grid import Cell, CellGrid

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.session.hidden_spots import HiddenSpots
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.scene import SlideScene

LONGEST = 18  # letters of a gene in a cell
RING = (0.55, 0.55, 0.55, 1.0)  # no colour of the scale, and seen on dark and on light


class HiddenLayers:
    """Draws the hidden spots of a session's check instead of the slide while they are looked at."""

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers, brush: BrushTool) -> None:
        self.viewer, self.session, self.layers, self.brush = viewer, session, layers, brush
        self.grid = CellGrid(viewer, session)
        self._links: list[tuple[Any, Any]] = [
            (session.checked_changed, self._show),
            (session.shown_changed, self._show),
            (session.slide_changed, self._show),
            (session.columns_changed, self._show),
            (brush.active_changed, self._on_brush),
        ]
        for signal, slot in self._links:
            signal.connect(slot)
        viewer.canvas.events.background_color.connect(self._show)

    def close(self) -> None:
        """Stop following the session."""
        self.grid.close()
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)
        self.viewer.canvas.events.background_color.disconnect(self._show)

    def _show(self, *_: object) -> None:
        look, hidden = self.session.look, self.session.hidden_spots()
        if look is Look.SLIDE or hidden is None:
            self._end()
            return
        shown = hidden.maps(self.session.scaling) if look is Look.MAPS else hidden.scores()
        ringed = hidden.rows if look is Look.Z else np.zeros(0, np.int64)
        colours = np.tile(np.array(RING, np.float32), (len(ringed), 1))
        is_new = not self.grid.cells
        self.grid.show([Cell(name, each, ringed, colours) for name, each in shown], shortened(hidden.gene, LONGEST))
        self._listen(hidden)
        if is_new:
            self.brush.set_active(False)  # there is nothing to paint on
            self._turn_to(hidden)
        self.viewer.layers.selection.active = self.grid.cells[0].spots  # napari asks the chosen layer what is hovered
        self.layers.tell_instead(_caption(hidden, look), place="bottom_right" if look is Look.MAPS else "bottom_left")

    def _turn_to(self, hidden: HiddenSpots) -> None:
        """Move the slider of a stack to the section of most hidden spots, if the one in view has none."""
        stack, dims = self.grid.cells[0].layout.stack, self.viewer.dims
        if stack is None or stack.mode is not StackMode.ONE:
            return
        count = np.bincount(stack.levels.of[hidden.rows], minlength=len(stack.levels))
        if not count[int(np.argmin(np.abs(stack.heights - dims.point[-3])))]:
            dims.set_point(dims.ndim - 3, float(stack.heights[int(np.argmax(count))]))

    def _end(self) -> None:
        if not self.grid.cells:
            return
        self.grid.remove()
        self.layers.tell_instead("")
        scene = self.layers.scene
        if scene is not None and scene.spots in self.viewer.layers:
            self.viewer.layers.selection.active = scene.spots

    def _listen(self, hidden: HiddenSpots) -> None:
        """Say of a spot under the mouse what was counted and expected, whichever cell it is in."""
        for cell in self.grid.cells:
            cell.spots.describe = partial(_describe, cell, hidden)

    def _on_brush(self, active: bool) -> None:
        """Show the slide again as soon as a tool is taken."""
        if active:
            self.session.look_at(Look.SLIDE)


def _describe(cell: SlideScene, hidden: HiddenSpots, index: int) -> list[str]:
    row = int(cell.rows[index])
    return [f"spot {cell.slide.spot_names[row]}", *hidden.describe(row)]


def _caption(hidden: HiddenSpots, look: Look) -> str:
    """Say what the colours are."""
    spots = f"{len(hidden.rows):,} hidden spots, ringed" if look is Look.Z else f"{len(hidden.rows):,} hidden spots"
    if look is Look.Z:
        ((_, shown),) = hidden.scores()
        return f"{hidden.gene}: z = {shown.unit}\n{shown.note}\n{spots}"
    return f"{spots}\ncounts at median depth\nerror: observed − predicted"
