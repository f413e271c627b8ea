"""Sizes and colours that all panels share."""

from __future__ import annotations

from typing import Final

from matplotlib.colors import Colormap, LinearSegmentedColormap

SMALL: Final = 7.0  # points: ticks, units, footer
NORMAL: Final = 8.0
TITLE: Final = 9.5
HEADING: Final = 13.0

INK: Final = "#222222"
FAINT: Final = "#9a9a9a"
MISSING: Final = "#e9e9e9"
WARNING: Final = "#a3000b"
UP: Final = "#b40426"  # ends of the diverging map
DOWN: Final = "#3b4cc0"
TRUTH: Final = "#e69f00"

LEVELS: Final = "viridis"
CHANGE: Final = "coolwarm"  # light grey in the middle
# starts at a grey that shows on white paper
UNCERTAINTY: Final[Colormap] = LinearSegmentedColormap.from_list("uncertainty", ["#ececec", "#8a8a8a", "#111111"])

MEANING: Final = "The model's extrapolation from how states differ across this tissue, not a proven cause."
