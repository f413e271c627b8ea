"""What was measured against what the model expects of the spots as they are, a point a gene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_concert.ui.captions import count_spots, format_number
from napari_concert.ui.plots import FIRST, MUTED, PLOT_HEIGHT
from napari_concert.ui.rank_columns import LEVELS
from napari_concert.ui.scatter import DOT, Floats, PointPlot

if TYPE_CHECKING:
    from napari_concert.session.results import Tables

NOTHING = "Paint spots in step 3: a point a gene appears here."
MARGIN = 1.4  # factor around the outermost points


class FitPlot(PointPlot):
    """Genes on the line are fitted as measured; what was not counted at all is drawn at the left edge."""

    def __init__(self) -> None:
        super().__init__(PLOT_HEIGHT)
        self.clear_points(NOTHING)

    def show_tables(self, tables: Tables | None) -> None:
        """Draw the genes of a region."""
        spots = self._modelled(tables)
        if tables is None or not spots:
            self.clear_points(NOTHING)
            return
        measured, expected = tables.measured.to_numpy(), tables.genes["baseline"].to_numpy()
        both = np.concatenate([measured, expected])
        floor = float(both[both > 0].min(initial=1.0)) / 2
        x, y = np.maximum(measured, floor), np.maximum(expected, floor)
        axes = self.begin(
            f"measured; both axes: {LEVELS}",
            f"expected as is; {count_spots(spots)}, r of the logarithms {_correlation(x, y):.2f}",
        )
        ends = (min(x.min(), y.min()) / MARGIN, max(x.max(), y.max()) * MARGIN)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.plot(ends, ends, color=MUTED, linewidth=0.8, zorder=1)
        axes.plot(x, y, "o", ms=DOT, mew=0, color=FIRST, alpha=0.7, ls="none")
        axes.set_xlim(*ends)
        axes.set_ylim(*ends)
        self.end()
        names = [str(name) for name in tables.genes.index]
        self.set_points(x, y, names, lambda i: _about(measured[i], expected[i]))

    @staticmethod
    def _modelled(tables: Tables | None) -> int:
        return 0 if tables is None else int(np.isin(tables.rows, tables.result.prediction.rows).sum())


def _about(measured: float, expected: float) -> str:
    return f"measured {format_number(measured)}, expected {format_number(expected)} {LEVELS}"


def _correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation of the logarithms; NaN where there is nothing to compare."""
    logs = np.log(np.stack([x, y]))
    return float(np.corrcoef(logs)[0, 1]) if logs.shape[1] > 2 and logs.std(axis=1).all() else float("nan")
