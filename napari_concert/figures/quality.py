"""The figure of a quality check: one gene in hidden spots, and what intervals held of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_concert.figures.charts import tidy
from napari_concert.figures.layout import lay_out
from napari_concert.figures.limits import level_limits
from napari_concert.figures.maps import spot_map
from napari_concert.figures.sheet import Sheet
from napari_concert.figures.style import CHANGE, FAINT, INK, LEVELS, NORMAL, SMALL, TITLE, TRUTH, UP
from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]
Draw: TypeAlias = Callable[[Axes], object]

LEVEL_LABEL = "counts at the median library size"
ERROR_LABEL = "observed − predicted, same unit"
Z_LABEL = "z = (count − expected) / sd"
FARTHEST_Z = 3.0


def quality_figure(
    slide: Slide,
    rows: npt.NDArray[np.int64],
    observed: Floats,
    expected: Floats,
    z: Floats,
    coverage: pd.DataFrame,
    *,
    gene: str,
    said: str = "",
    warnings: tuple[str, ...] = (),
    footer: str = "",
) -> Figure:
    """Make the figure of a quality check for one gene.

    Observed and predicted counts of the hidden spots share their limits, and those of the error reach as far; z is
    centred at 0. On the latter two, hidden spots are outlined. All others are light grey. Beside the maps: what
    intervals held of all genes.

    Parameters
    ----------
    rows
        Of the hidden spots (n,).
    observed, expected, z
        (n,) of the gene; levels at the median library size.
    coverage
        A row a level, with ``promised``, ``held``, ``ideal`` and ``pit``, of all expected counts.
    said, warnings, footer
        What stands below the title, and below all panels.
    """
    limits = level_limits(observed, expected)
    error = (-limits[1], limits[1])
    layout = lay_out(slide)

    def map_of(title: str, values: Floats, **look: Any) -> Draw:
        every = np.full(slide.n_spots, np.nan)
        every[rows] = values
        return lambda ax: spot_map(ax, slide, every, title=title, layout=layout, **look)

    maps = [
        map_of("observed", observed, label=LEVEL_LABEL, cmap=LEVELS, limits=limits),
        map_of("predicted", expected, label=LEVEL_LABEL, cmap=LEVELS, limits=limits),
        map_of("error", observed - expected, label=ERROR_LABEL, cmap=CHANGE, limits=error, outlines=[rows]),
        map_of("z", z, label=Z_LABEL, cmap=CHANGE, limits=(-FARTHEST_Z, FARTHEST_Z), outlines=[rows]),
    ]
    sheet = Sheet(title=f"{gene} in {len(rows):,} hidden spots", subtitle=said, warnings=warnings, footer=footer)
    return sheet.draw(maps, [partial(coverage_curve, coverage=coverage)], layout.aspect)


def coverage_curve(ax: Axes, coverage: pd.DataFrame) -> None:
    """Plot what intervals held against what they promise, with what would be right for whole counts."""
    promised = 100 * coverage["promised"].to_numpy(float)
    ax.plot(promised, promised, color=FAINT, lw=0.7, zorder=0)
    for column, style, colour, label in (
        ("ideal", "--", INK, "right, as counts are whole"),
        ("held", "o-", UP, "held"),
        ("pit", "o-", TRUTH, "held, randomised PIT"),
    ):
        ax.plot(promised, 100 * coverage[column].to_numpy(float), style, color=colour, ms=3.5, lw=1.1, label=label)
    ax.set_xlabel("promised (%)", fontsize=NORMAL, color=INK)
    ax.set_ylabel("held of the hidden counts (%)", fontsize=NORMAL, color=INK)
    ax.set_title("intervals, all genes", fontsize=TITLE, color=INK, loc="left")
    ax.legend(fontsize=SMALL, frameon=False, handlelength=1.6, borderaxespad=0.2, loc="lower right")
    tidy(ax)
