"""The plots of the genes step, one at a time: by distance, volcano, fit."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from psygnal import Signal
from qtpy.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from napari_concert.ui.choice import Choice
from napari_concert.ui.distance_plot import DistancePlot
from napari_concert.ui.fit_plot import FitPlot
from napari_concert.ui.plots import PLOT_HEIGHT
from napari_concert.ui.volcano import VolcanoPlot
from napari_concert.ui.widgets import follow, note, say

if TYPE_CHECKING:
    import pandas as pd

    from napari_concert.prediction import GeneSet
    from napari_concert.session import Session
    from napari_concert.session.results import Tables


class Plot(Enum):
    """Which plot is in sight."""

    DISTANCE = "distance"
    VOLCANO = "volcano"
    FIT = "fit"


OPTIONS = {
    Plot.DISTANCE: ("By distance", "The change of the chosen gene or set, ring by ring around the patch."),
    Plot.VOLCANO: ("Volcano", "All rows of the table: how much they change, and how sure the sign is."),
    Plot.FIT: ("Fit", "All genes: what was measured in these spots, and what the model expects of them as they are."),
}
EXPLAINED = {
    Plot.DISTANCE: "Band: 95 % interval of the mean; open circles come from neighbours. Dots and numbers: spots.",
    Plot.VOLCANO: "Above the dashed line (false sign rate 0.025) the sign is called sure.",
    Plot.FIT: "A check of the fit on spots that the model was trained on, not a validation. "
    "At the left edge: genes without any count here.",
}
TIP_PARTS = (
    "Own response: what the spots would do if each of them alone were changed. From neighbours: what changing the "
    "others adds. In this model a spot feels no other spots that are in its own state."
)


class GenePlots(QWidget):
    """One plot and what it means; only the one in sight is drawn.

    Attributes
    ----------
    gene_chosen
        Emitted with the gene of a point that was clicked in the plot of the fit.
    row_chosen
        Emitted with the name of a point that was clicked in the volcano: a row of the table.
    """

    gene_chosen = Signal(str)
    row_chosen = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.choice = Choice(OPTIONS)
        self.distance, self.volcano, self.fit = DistancePlot(session), VolcanoPlot(), FitPlot()
        self.says, self.parts = note(kind="quiet"), note()
        self.parts.setToolTip(TIP_PARTS)
        self._tables: Tables | None = None
        self._rows: pd.DataFrame | None = None
        self._drawn: tuple[object, ...] = (None, None, None, None)
        self._marked = ""
        self._lay_out()
        self.choice.chosen.connect(self._show)
        self.distance.says.connect(self._say_parts)
        self.volcano.gene_chosen.connect(self.row_chosen.emit)
        self.fit.gene_chosen.connect(self.gene_chosen.emit)
        follow(self, session.shown_changed, self._show)
        self._show()

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        self.stack.setFixedHeight(PLOT_HEIGHT)
        for plot in (self.distance, self.volcano, self.fit):
            self.stack.addWidget(plot)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for part in (self.choice, self.stack, self.parts, self.says):
            layout.addWidget(part)

    def show_tables(self, tables: Tables | None, rows: pd.DataFrame | None) -> None:
        """Plot other tables: the rows that the table lists, and the fit of their region."""
        self._tables, self._rows = tables, rows
        self._show()

    def show_set(self, gene_set: GeneSet | None) -> None:
        """Plot a set by distance, and mark it; None asks for one."""
        self.distance.show_set(gene_set)
        self._mark(gene_set.name if gene_set is not None else "")

    def show_gene(self) -> None:
        """Plot the gene that the slide shows, and mark it."""
        self.distance.show_gene()
        self._mark(self._shown_gene())

    def _say_parts(self, *_: object) -> None:
        say(self.parts, self.distance.said if self.choice.value is Plot.DISTANCE else "")

    def _shown_gene(self) -> str:
        colour = self.session.colour
        return colour.name if colour is not None and colour.kind == "gene" else ""

    def _mark(self, name: str) -> None:
        self._marked = name
        self.volcano.mark(name)
        self.fit.mark(self._shown_gene())

    def showEvent(self, event: Any) -> None:
        """Draw what changed while it could not be seen."""
        super().showEvent(event)
        self._show()

    def _show(self, *_: object) -> None:
        plot, scaling = self.choice.value, self.session.scaling
        self.stack.setCurrentIndex(list(Plot).index(plot))
        say(self.says, EXPLAINED[plot])
        self._say_parts()
        wanted = (plot, self._tables, self._rows, scaling.log2)
        if not self.isVisible() or _same(wanted, self._drawn):
            return
        self._drawn = wanted
        if plot is Plot.VOLCANO:
            self.volcano.show_rows(self._rows, scaling.change_factor, scaling.change_unit)
        elif plot is Plot.FIT:
            self.fit.show_tables(self._tables)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether both hold the same objects; tables are not compared number by number."""
    return all(a is b for a, b in zip(one, other, strict=True))
