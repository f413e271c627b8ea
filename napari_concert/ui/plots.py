"""Small matplotlib plots that take their colours from the window's theme."""

from __future__ import annotations

from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QSizePolicy

FONT_SIZE = 8
FIRST, SECOND = "#56b4e9", "#e69f00"


class PlotCanvas(FigureCanvasQTAgg):
    """One axes on the background of the window.

    Parameters
    ----------
    height
        In pixels.
    """

    def __init__(self, height: int) -> None:
        super().__init__(Figure(layout="constrained"))  # type: ignore[no-untyped-call]
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.axes = self.figure.add_subplot()

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
        """Draw when the window is idle; name the lines if they have names."""
        handles, labels = self.axes.get_legend_handles_labels()
        if labels:
            ink = self.palette().color(QPalette.ColorRole.WindowText).name()
            self.axes.legend(handles, labels, fontsize=FONT_SIZE, frameon=False, labelcolor=ink)
        self.draw_idle()  # type: ignore[no-untyped-call]


class LossPlot(PlotCanvas):
    """Training and held-out loss by epoch."""

    def __init__(self) -> None:
        super().__init__(170)
        self.show_epochs([])

    def show_epochs(self, epochs: list[Any]) -> None:
        """Draw both curves; the empty axes until there is an epoch."""
        axes = self.begin("epoch", "loss (nats per spot and gene)")
        index = [epoch.index for epoch in epochs]
        if index:
            axes.plot(index, [epoch.train_loss for epoch in epochs], color=FIRST, label="training spots")
            axes.plot(index, [epoch.heldout_loss for epoch in epochs], color=SECOND, label="hidden spots")
            axes.xaxis.get_major_locator().set_params(integer=True)
        self.end()
