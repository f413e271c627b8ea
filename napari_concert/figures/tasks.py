"""Where on a slide a task lies: what is switched, what is scored, what is hidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.lines import Line2D

from napari_concert.figures.maps import spot_map
from napari_concert.figures.style import SMALL
from napari_concert.slide import Slide

COLOURS: Final = ("#56b4e9", "#d55e00", "#cc79a7", "#009e73", "#e69f00")  # told apart by colour-blind eyes too


def task_map(ax: Axes, slide: Slide, parts: Mapping[str, npt.ArrayLike], title: str) -> None:
    """Draw a slide with the parts of a task in colours, and what each is.

    Parameters
    ----------
    parts
        Rows of at most five parts by their name; where they overlap, the later one is seen.
    """
    colours = COLOURS[: len(parts)]
    values = np.full(slide.n_spots, np.nan)
    for i, rows in enumerate(parts.values()):
        values[np.asarray(rows, dtype=np.int64)] = i
    spot_map(ax, slide, values, title=title, cmap=ListedColormap(colours), limits=(-0.5, len(parts) - 0.5))
    handles = [
        Line2D([], [], marker="o", ls="", ms=4.5, color=colour, label=f"{name} ({np.size(rows)})")
        for (name, rows), colour in zip(parts.items(), colours, strict=True)
        if np.size(rows)
    ]
    ax.legend(handles=handles, fontsize=SMALL, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=2)
