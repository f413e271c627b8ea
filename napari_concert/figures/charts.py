"""Charts beside the maps: change against distance from the patch, and the genes that change most."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from napari_concert.brush import SpotIndex
from napari_concert.figures.style import DOWN, FAINT, INK, NORMAL, SMALL, TITLE, TRUTH, UP
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

Floats: TypeAlias = npt.NDArray[np.float64]

FARTHEST = 8.5  # pitches from the patch
CHANGE_LABEL = "change (natural log)"


def change_by_distance(
    ax: Axes, slide: Slide, prediction: Prediction, gene: str, *, truth: npt.ArrayLike | None = None
) -> None:
    """Plot a gene's change against the distance from the patch.

    Each spot is a dot; the mean of every ring of one pitch has its 95 % interval. The patch itself is at distance 0.

    Parameters
    ----------
    truth
        (n_spots,) true natural log fold change, on simulated slides.
    """
    distance = SpotIndex(slide.coords, slide.places).distance_to(prediction.painted)
    shown = np.isfinite(distance) & (distance <= FARTHEST * slide.pitch)
    values = prediction.gene(gene)
    ax.axhline(0, color=FAINT, lw=0.7, zorder=0)
    ax.scatter(distance[shown], values.change[shown], s=9, color=FAINT, alpha=0.5, lw=0, zorder=1, label="spots")
    rings = _rings(distance, slide.pitch)
    means = pd.DataFrame([prediction.region_change(rows).loc[gene] for rows in rings])
    at = np.array([float(distance[rows].mean()) for rows in rings])
    error = np.abs(means[["lower", "upper"]].to_numpy(float).T - means["change"].to_numpy(float))
    ax.errorbar(at, means["change"], error, fmt="o-", color=INK, ms=3.5, lw=1.1, capsize=2, label="mean, 95 % interval")
    if truth is not None:
        true = [float(np.nanmean(np.asarray(truth)[rows])) for rows in rings]
        ax.plot(at, true, ls="--", marker="D", ms=4, mfc="none", color=TRUTH, lw=1, label="truth (simulated)", zorder=4)
    ax.set_xlabel(f"distance from the patch ({slide.units.name})", fontsize=NORMAL, color=INK)
    ax.set_ylabel(CHANGE_LABEL, fontsize=NORMAL, color=INK)
    ax.set_title(f"{gene} by distance", fontsize=TITLE, color=INK, loc="left")
    ax.legend(fontsize=SMALL, frameon=False, handlelength=1.6, borderaxespad=0.2)
    tidy(ax)


def _rings(distance: Floats, pitch: float) -> list[npt.NDArray[np.int64]]:
    """Return the rows of the patch, and of every ring of one pitch around it that has spots."""
    with np.errstate(invalid="ignore"):
        edges = [(pitch * (k + 0.5), pitch * (k + 1.5)) for k in range(int(FARTHEST))]
        groups = [np.flatnonzero(distance == 0)]
        groups += [np.flatnonzero((distance > low) & (distance <= high)) for low, high in edges]
    return [rows for rows in groups if len(rows)]


def gene_bars(ax: Axes, table: pd.DataFrame, *, title: str = "", truth: npt.ArrayLike | None = None) -> None:
    """Plot mean changes of genes, largest on top, with 95 % intervals.

    Parameters
    ----------
    table
        Indexed by gene, with ``change``, ``lower`` and ``upper``: rows of :meth:`Prediction.top_genes`.
    truth
        (n_rows,) true mean changes, on simulated slides.
    """
    change = table["change"].to_numpy(float)
    y = np.arange(len(table))
    colours = [UP if value > 0 else DOWN for value in change]
    ax.axvline(0, color=FAINT, lw=0.7, zorder=0)
    ax.hlines(y, 0, change, color=colours, lw=4.5, alpha=0.35)
    ax.hlines(y, table["lower"].to_numpy(float), table["upper"].to_numpy(float), color=colours, lw=1.2)
    ax.scatter(change, y, s=14, color=colours, zorder=3)
    if truth is not None:
        ax.scatter(np.asarray(truth), y, s=17, marker="D", facecolor="none", edgecolor=TRUTH, lw=1, zorder=4)
    ax.set_yticks(y, [str(name) for name in table.index], fontsize=SMALL, style="italic")
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_title(title, fontsize=TITLE, color=INK, loc="left")
    ax.set_xlabel(f"mean {CHANGE_LABEL}, 95 % interval", fontsize=NORMAL, color=INK)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    tidy(ax)
    ax.tick_params(axis="y", length=0)


def tidy(ax: Axes) -> None:
    """Leave out what frames a chart, and write its numbers small."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set(linewidth=0.6, color=INK)
    ax.tick_params(labelsize=SMALL, length=2.5, width=0.6, colors=INK)
