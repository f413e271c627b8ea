"""Change against how sure its sign is, a point a gene or a gene set."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_concert.prediction import SURE
from napari_concert.ui.plots import DOWN, MUTED, PLOT_HEIGHT, UP
from napari_concert.ui.scatter import DOT, Floats, PointPlot

CAP = 20.0  # of −log10 of the false sign rate: beyond it one chance in 10²⁰ is like another
TICKS = 6  # at most, so that small numbers do not touch
NOTHING = "Paint spots in step 3: a point a gene appears here."


class VolcanoPlot(PointPlot):
    """The sure genes are up: to the right those that rise, to the left those that fall."""

    def __init__(self) -> None:
        super().__init__(PLOT_HEIGHT)
        self.clear_points(NOTHING)

    def show_rows(self, frame: pd.DataFrame | None, factor: float, unit: str) -> None:
        """Draw the rows of a table of genes or sets, changes in the shown logarithm."""
        known = frame.dropna(subset=["change", "lfsr"]) if frame is not None else None
        if known is None or known.empty:
            self.clear_points(NOTHING)
            return
        change, rate = known["change"].to_numpy() * factor, known["lfsr"].to_numpy()
        height, sure = sureness(rate), rate < SURE
        names = [str(name) for name in known.index]
        axes = self.begin(f"change ({unit})", f"−log10 false sign rate (▲ beyond {CAP:g})")
        axes.axvline(0, color=MUTED, linewidth=0.6)
        axes.axhline(-np.log10(SURE), color=MUTED, linewidth=0.6, linestyle=(0, (4, 3)))
        groups = ((~sure, MUTED, 0.5), (sure & (change > 0), UP, 0.9), (sure & (change < 0), DOWN, 0.9))
        for which, colour, alpha in groups:
            for capped, marker in ((False, "o"), (True, "^")):
                points = which & ((rate < 10.0**-CAP) == capped)
                axes.plot(change[points], height[points], marker, ms=DOT, mew=0, color=colour, alpha=alpha, ls="none")
        reach = max(float(np.abs(change).max()), 0.1) * 1.12
        axes.set_xlim(-reach, reach)
        axes.locator_params(axis="x", nbins=TICKS)
        axes.set_ylim(0, max(float(height.max()) * 1.08, 2.0))
        self.end()
        self.set_points(change, height, names, lambda i: f"{change[i]:+.3g} {unit}, false sign rate {_rate(rate[i])}")


def sureness(rate: Floats) -> Floats:
    """Return −log10 of false sign rates, capped at :data:`CAP`."""
    return np.asarray(np.minimum(-np.log10(np.maximum(rate, 10.0 ** -(CAP + 1))), CAP))


def _rate(rate: float) -> str:
    return f"{rate:.3f}" if rate >= 0.001 else f"{rate:.0e}" if rate >= 10.0**-CAP else f"below 1e-{CAP:g}"
