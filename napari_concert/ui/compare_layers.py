"""Compared what-ifs on the canvas: one cell of napari's grid each, with one camera, named by their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.ui.captions import shortened
from napari_concert.ui.cell_grid import Cell, CellGrid
from napari_concert.ui.colours import patch_colours

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.session.workspace import Kept
    from napari_concert.ui.scene import SlideScene

LONGEST = 18  # letters of what a cell shows: its colour bar stands beside them


class CompareLayers:
    """Draws a session's comparison instead of the slide while there is one."""

    def __init__(self, viewer: Viewer, session: Session) -> None:
        self.session, self.grid = session, CellGrid(viewer, session)
        self._links = [
            (session.compared_changed, self._show),
            (session.shown_changed, self._show),
            (session.slide_changed, self._show),
            (session.columns_changed, self._show),
            (session.model_changed, session.predict_compared),
        ]
        for signal, slot in self._links:
            signal.connect(slot)

    @property
    def cells(self) -> list[SlideScene]:
        """Spots and rings of each cell."""
        return self.grid.cells

    def close(self) -> None:
        """Stop following the session."""
        self.grid.close()
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)

    def _show(self, *_: object) -> None:
        """Bring the cells up to date: none without a comparison."""
        current = self.session.current
        found = self.session.comparison() if current is not None and current.compared else None
        if current is None or found is None:
            if current is None or not current.compared:
                self.grid.remove()
            return
        count = current.slide.n_spots
        wanted = [Cell(shortened(kept.name, LONGEST), shown, *_rings(kept, count)) for kept, shown in found.shown]
        if found.difference is not None:
            wanted.append(Cell(*found.difference))
        self.grid.show(wanted, shortened(found.name, LONGEST))


def _rings(kept: Kept, n_spots: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Return painted spots and their colours."""
    owner = np.full(n_spots, -1, np.int64)
    patches = [patch for patch in kept.patches if not patch.hidden]
    for key, patch in enumerate(patches):
        owner[patch.spots] = key
    rows = np.flatnonzero(owner >= 0)
    hexes = {key: patch.color for key, patch in enumerate(patches)}
    colours = patch_colours(owner[rows], hexes, None) if len(rows) else np.zeros((0, 4), np.float32)
    colours[:, 3] = 1.0
    return rows, colours
