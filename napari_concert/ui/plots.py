"""Small matplotlib plots that take their colours from the window's theme."""

from __future__ import annotations

from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtCore import QTimer
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QSizePolicy

FONT_SIZE = 8
FIRST, SECOND = "#56b4e9", "#e69f00"
# room around the axes in pixels; matplotlib's own layouts take as long as drawing everything
LEFT, RIGHT, BOTTOM, TOP = 48, 10, 42, 22
REDRAW_EVERY = 300  # milliseconds


class PlotCanvas(FigureCanvasQTAgg):
    """One axes on the background of the window; drawn only while it can be seen, as drawing holds the window up.

    Parameters
    ----------
    height
        In pixels.
    """

    def __init__(self, height: int) -> None:
        super().__init__(Figure())  # type: ignore[no-untyped-call]
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.axes = self.figure.add_subplot()

    def resizeEvent(self, event: Any) -> None:
        """Keep the room around the axes."""
        super().resizeEvent(event)  # type: ignore[no-untyped-call]
        width, height = max(self.width(), 2 * (LEFT + RIGHT)), self.height()
        self.figure.subplots_adjust(LEFT / width, BOTTOM / height, 1 - RIGHT / width, 1 - TOP / height)

    def showEvent(self, event: Any) -> None:
        """Draw what was plotted meanwhile."""
        super().showEvent(event)  # type: ignore[no-untyped-call]
        self.draw_idle()  # type: ignore[no-untyped-call]

    def begin(self, xlabel: str, ylabel: str) -> Any:
        """Clear the axes and give them back, in the theme's colours."""
        ink = self.palette().color(QPalette.ColorRole.WindowText).name()
        self.figure.set_facecolor(self.palette().color(QPalette.ColorRole.Window).name())
        axes = self.axes
        axes.clear()
        axes.set_facecolor("none")
        axes.set_xlabel(xlabel, fontsize=FONT_SIZE, color=ink)
        axes.set_title(ylabel, loc="left", fontsize=FONT_SIZE, color=ink)
        axes.tick_params(labelsize=FONT_SIZE, colors=ink)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(ink)
        return axes

    def end(self) -> None:
        """Draw when the window is idle, if it shows; name the lines if they have names."""
        handles, labels = self.axes.get_legend_handles_labels()
        if labels:
            ink = self.palette().color(QPalette.ColorRole.WindowText).name()
            self.axes.legend(handles, labels, fontsize=FONT_SIZE, frameon=False, labelcolor=ink)
        if self.isVisible():
            self.draw_idle()  # type: ignore[no-untyped-call]


class LossPlot(PlotCanvas):
    """Training and held-out loss by epoch; epochs may come faster than they can be drawn."""

    def __init__(self) -> None:
        super().__init__(170)
        self._epochs: list[Any] = []
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REDRAW_EVERY)
        self._soon.timeout.connect(self._draw_curves)
        self._draw_curves()

    def show_epochs(self, epochs: list[Any]) -> None:
        """Draw both curves soon; the empty axes until there is an epoch."""
        if epochs[-1:] != self._epochs[-1:]:
            self._epochs = list(epochs)
            if not self._soon.isActive():
                self._soon.start()

    def _draw_curves(self) -> None:
        axes = self.begin("epoch", "loss (nats per spot and gene)")
        epochs = self._epochs
        index = [epoch.index for epoch in epochs]
        if index:
            axes.plot(index, [epoch.train_loss for epoch in epochs], color=FIRST, label="training spots")
            axes.plot(index, [epoch.heldout_loss for epoch in epochs], color=SECOND, label="hidden spots")
            axes.xaxis.get_major_locator().set_params(integer=True)
        self.end()
