"""What intervals hold, against what they promise."""

from __future__ import annotations

import pandas as pd

from napari_concert.ui.plots import FIRST, MUTED, PLOT_HEIGHT, SECOND, PlotCanvas

NOTHING = "Press Check: what intervals hold is drawn here."
ALL = "all"
EXPLAINED = (
    "Blue: what intervals of whole counts held; dashed: what they would hold were the prediction right, as counts are "
    "whole. Orange: freed of that (randomised PIT), it should lie on the thin line."
)


class CoveragePlot(PlotCanvas):
    """Promised levels from 50 to 99 %, and what was held of the hidden counts."""

    def __init__(self) -> None:
        super().__init__(PLOT_HEIGHT)
        self.tell(NOTHING)

    def show_coverage(self, table: pd.DataFrame | None, counts: str = ALL) -> None:
        """Draw one bin of expected counts, or all."""
        rows = None if table is None else table[table["expected_counts"] == counts]
        if rows is None or not len(rows):
            self.tell(NOTHING)
            return
        axes = self.begin("promised (%)", f"held of {int(rows['counts'].iloc[0]):,} hidden counts (%)")
        promised = 100 * rows["promised"]
        axes.plot(promised, promised, color=MUTED, linewidth=0.8, zorder=1)
        axes.plot(promised, 100 * rows["ideal"], color=MUTED, ls="--", lw=1.2, label="right, whole counts")
        axes.plot(promised, 100 * rows["held"], "o-", color=FIRST, ms=4, linewidth=1.5, label="held")
        axes.plot(promised, 100 * rows["pit"], "o-", color=SECOND, ms=3, linewidth=1.2, label="held (PIT)")
        axes.set_xlim(48, 101)
        axes.set_ylim(min(48.0, 100 * float(rows[["held", "pit"]].min().min()) - 2), 101)
        self.end()
