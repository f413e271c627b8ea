"""A plot with a point a gene: hovering names it, a click chooses it, the shown one is marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QToolTip

from napari_concert.ui.plots import FONT_SIZE, PlotCanvas

Floats = npt.NDArray[np.float64]

NEAR = 8.0  # pixels from a point within which it is meant
DOT = 4.0  # points across


class PointPlot(PlotCanvas):
    """Points with names.

    Attributes
    ----------
    gene_chosen
        Emitted with the name of the point that was clicked.
    """

    gene_chosen = Signal(str)

    def __init__(self, height: int) -> None:
        super().__init__(height)
        self._names: Sequence[str] = ()
        self._at: Floats = np.zeros((0, 2))
        self._about: Callable[[int], str] = str
        self._marked = ""
        self._mark: list[Any] = []
        self.mpl_connect("motion_notify_event", self._hovered)
        self.mpl_connect("button_press_event", self._clicked)

    def set_points(self, x: Floats, y: Floats, names: Sequence[str], about: Callable[[int], str]) -> None:
        """Say where the points that were drawn are, each (n,), and what the tooltip says of a point.

        Points without a finite place are never found.
        """
        self._at, self._names, self._about = np.column_stack([x, y]), names, about
        self._mark = []
        self._draw_mark()

    def clear_points(self, text: str) -> None:
        """Show what to do instead of points."""
        self._at, self._names, self._mark = np.zeros((0, 2)), (), []
        self.tell(text)

    def mark(self, name: str) -> None:
        """Mark a point by its name; none if no point has it."""
        if name != self._marked:
            self._marked = name
            self._draw_mark()
            self._draw_soon()

    def _draw_mark(self) -> None:
        for part in self._mark:
            part.remove()
        self._mark = []
        found = [i for i, name in enumerate(self._names) if name == self._marked]
        if not found or not np.isfinite(self._at[found[0]]).all():
            return
        at = self._at[found[0]]
        is_left = self.axes.transAxes.inverted().transform(self.axes.transData.transform(at))[0] < 0.5
        ring = self.axes.plot(*at, "o", ms=9, mfc="none", mec=self.ink, mew=1.4, zorder=5)[0]
        text = self.axes.annotate(
            self._marked,
            at,
            xytext=(8 if is_left else -8, 0),
            textcoords="offset points",
            ha="left" if is_left else "right",
            va="center",
            fontsize=FONT_SIZE + 1,
            fontweight="bold",
            color=self.ink,
            zorder=6,
        )
        self._mark = [ring, text]

    def changeEvent(self, event: Any) -> None:
        """Take on the colours of another theme."""
        super().changeEvent(event)
        if self.axes is not None and self._mark:
            self._draw_mark()

    # -- the mouse ----------------------------------------------------------------------------------------------------

    def nearest(self, x: float, y: float) -> int:
        """Return the point nearest to a place in the plot's own pixels; -1 if none is near."""
        if not len(self._names):
            return -1
        away = np.hypot(*(self.axes.transData.transform(self._at) - (x, y)).T)
        found = int(np.argmin(np.where(np.isfinite(away), away, np.inf)))
        return found if away[found] <= NEAR * self.device_pixel_ratio else -1

    def _hovered(self, event: Any) -> None:
        found = self.nearest(event.x, event.y)
        self.setCursor(Qt.CursorShape.ArrowCursor if found < 0 else Qt.CursorShape.PointingHandCursor)
        if found < 0:
            QToolTip.hideText()
            return
        at = event.guiEvent.position().toPoint() if event.guiEvent is not None else QPoint()
        QToolTip.showText(self.mapToGlobal(at), f"{self._names[found]}\n{self._about(found)}", self)

    def _clicked(self, event: Any) -> None:
        found = self.nearest(event.x, event.y)
        if event.button == 1 and found >= 0:
            self.gene_chosen.emit(self._names[found])
