"""Small matplotlib plots that take their colours from the window's theme."""

from __future__ import annotations

from typing import Any

from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QSizePolicy

FONT_SIZE = 8
PLOT_HEIGHT = 180  # pixels, of the plots of genes
FIRST, SECOND = "#56b4e9", "#e69f00"
UP, DOWN, MUTED = "#dc5a45", "#5584e6", "#85888f"  # red and blue as on the slide; all read on dark and on light
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

    axes: Any = None  # Qt tells of changes while the canvas is made

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

    def changeEvent(self, event: Any) -> None:
        """Take on the colours of another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange) and self.axes is not None:
            self._colour()
            self._draw_soon()

    def begin(self, xlabel: str, ylabel: str) -> Any:
        """Clear the axes and give them back, in the theme's colours."""
        axes = self.axes
        axes.clear()
        axes.set_axis_on()
        axes.set_facecolor("none")
        axes.set_xlabel(xlabel, fontsize=FONT_SIZE)
        axes.set_title(ylabel, loc="left", fontsize=FONT_SIZE)
        axes.tick_params(labelsize=FONT_SIZE)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
        self._colour()
        return axes

    def tell(self, text: str) -> None:
        """Say what to do instead of drawing nothing."""
        self.begin("", "")
        self.axes.set_axis_off()
        self.axes.text(0.5, 0.5, text, ha="center", va="center", wrap=True, fontsize=FONT_SIZE, color=MUTED)
        self.end()

    @property
    def ink(self) -> str:
        """Colour of text in the window's theme, in hex."""
        return str(self.palette().color(QPalette.ColorRole.WindowText).name())

    def _colour(self) -> None:
        ink = self.ink
        self.figure.set_facecolor(self.palette().color(QPalette.ColorRole.Window).name())
        axes, legend = self.axes, self.axes.get_legend()
        axes.tick_params(colors=ink)
        axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=FONT_SIZE, color=ink)
        named = legend.get_texts() if legend is not None else ()
        for part in (axes.xaxis.label, *axes.spines.values(), *named):
            part.set_color(ink)

    def end(self) -> None:
        """Draw when the window is idle, if it shows; name the lines if they have names."""
        handles, labels = self.axes.get_legend_handles_labels()
        if labels:
            self.axes.legend(handles, labels, fontsize=FONT_SIZE, frameon=False)
            self._colour()
        self._draw_soon()

    def _draw_soon(self) -> None:
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
