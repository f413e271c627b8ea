"""Charts of methods beside each other: average ranks, and scores with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from napari_concert.figures.style import DOWN, FAINT, INK, NORMAL, SMALL, TITLE, TRUTH, UP

MARKERS = "osD^vP"
SPREAD = 0.6  # of a row's height, over the cases in it


def rank_chart(ax: Axes, table: pd.DataFrame, leading: str) -> None:
    """Plot average ranks: a row a method, a marker a task; the leading method's name stands out.

    Parameters
    ----------
    table
        (methods, tasks), the best method first; 1 is the best rank.
    """
    y = np.arange(len(table))
    for i, (task, marker) in enumerate(zip(table.columns, MARKERS, strict=False)):
        last = i == len(table.columns) - 1
        face, size = (INK, 34) if last else ("none", 22)
        ax.scatter(
            table[task], y, size, marker=marker, label=str(task), zorder=3, facecolor=face, edgecolor=INK, lw=0.9
        )
    ax.set_xlim(0.7, len(table) + 0.3)
    ax.set_xlabel("average rank", fontsize=NORMAL, color=INK)
    ax.legend(fontsize=SMALL, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _rows(ax, [str(name) for name in table.index], leading)


def score_chart(ax: Axes, scores: pd.DataFrame, title: str, leading: str, *, is_first: bool) -> None:
    """Plot one score: a row a method, a dot and a 95 % interval a case.

    Parameters
    ----------
    scores
        Columns ``method``, ``value``, ``lower``, ``upper``.
    is_first
        Whether the methods' names stand beside it.
    """
    names = [str(name) for name in dict.fromkeys(scores["method"])]
    for row, name in enumerate(names):
        part = scores[(scores["method"] == name) & scores["value"].notna()]
        y = row + SPREAD * (np.arange(len(part)) - (len(part) - 1) / 2) / max(len(part), 2)
        colour = {leading: UP, "the truth": TRUTH}.get(name, DOWN)
        ax.hlines(y, part["lower"], part["upper"], color=colour, lw=0.9, alpha=0.45)
        ax.scatter(part["value"], y, s=9, color=colour, lw=0, zorder=3)
    ax.set_title(title, fontsize=TITLE, color=INK, loc="left")
    _rows(ax, names if is_first else [""] * len(names), leading)


def _rows(ax: Axes, names: list[str], leading: str) -> None:
    ax.set_yticks(np.arange(len(names)), names, fontsize=SMALL)
    ax.set_ylim(len(names) - 0.5, -0.5)
    for label in ax.get_yticklabels():
        label.set_fontweight("bold" if label.get_text() == leading else "normal")
    ax.grid(axis="y", color=FAINT, lw=0.3, alpha=0.6)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set(linewidth=0.6, color=INK)
    ax.tick_params(labelsize=SMALL, length=2.5, width=0.6, colors=INK)
    ax.tick_params(axis="y", length=0)
