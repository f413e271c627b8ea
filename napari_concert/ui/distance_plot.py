"""How the change of the shown gene depends on the distance from the patch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_concert.session import View
from napari_concert.ui.plots import FIRST, SECOND, PlotCanvas
from napari_concert.ui.widgets import follow

if TYPE_CHECKING:
    from napari_concert.session import Session

FARTHEST = 10.0  # pitches


class DistancePlot(PlotCanvas):
    """A dot a spot: change of the shown gene against distance from the painted spots; the truth where it is known."""

    def __init__(self, session: Session) -> None:
        super().__init__(190)
        self.session = session
        for signal in (session.prediction_changed, session.shown_changed, session.slide_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        is_seen, gene = self.isVisible(), self._gene()
        self.setVisible(gene is not None)
        if is_seen and gene is not None:
            self._draw_gene(gene)

    def showEvent(self, event: Any) -> None:
        """Plot what changed while it could not be seen."""
        super().showEvent(event)
        gene = self._gene()
        if gene is not None:
            self._draw_gene(gene)

    def _gene(self) -> str | None:
        """Return the shown gene if there is a change of it to plot."""
        colour, result = self.session.colour, self.session.result
        if colour is None or colour.kind != "gene" or result is None or result.what_if.is_empty:
            return None
        return colour.name if colour.name in result.prediction else None

    def _draw_gene(self, name: str) -> None:
        current, result, scaling = self.session.current, self.session.result, self.session.scaling
        if current is None or result is None:
            return
        distance = current.index.distance_to(result.patch)
        near = np.flatnonzero(distance <= FARTHEST * current.slide.pitch)
        gene, factor = result.prediction.gene(name), scaling.change_factor
        axes = self.begin(f"distance from the patch ({current.slide.units.name})", f"{name}: {_short(scaling.log2)}")
        axes.axhline(0, color="0.5", linewidth=0.6)
        reach = np.stack([gene.change - gene.lower, gene.upper - gene.change])[:, near] * factor
        axes.errorbar(
            distance[near], gene.change[near] * factor, reach, fmt="o", ms=2.5, lw=0.5, color=FIRST, label="predicted"
        )
        truth = self.session.true_change(name)
        if truth is not None:
            axes.plot(distance[near], truth[near] * factor, ".", ms=3, color=SECOND, label=str(View.TRUTH))
        self.end()


def _short(log2: bool) -> str:
    return "log2 fold change" if log2 else "ln fold change"
