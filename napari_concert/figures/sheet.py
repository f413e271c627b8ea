"""A sheet of maps and charts, placed in inches, so that nothing overlaps and no room is wasted."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_concert.figures.style import HEADING, INK, NORMAL, SMALL, TITLE, WARNING

Draw: TypeAlias = Callable[[Axes], object]

COLUMNS = 3
MARGIN = 0.3  # inches, as all lengths here
MAP_WIDTH = 2.8
GUTTER = 0.85  # for a map's colour bar
MAP_TITLE, ROW_GAP = 0.3, 0.15
MAP_HEIGHTS = (1.7, 4.2)
CHART_WIDTH, CHART_LEFT, CHART_FOOT = 2.75, 0.85, 0.5
HEADING_HEIGHT, LINE = 0.3, 0.19
FOOTER = 0.2
SMALL_PER_INCH, LARGE_PER_INCH = 15.0, 8.0  # characters, at the least


@dataclass(frozen=True)
class Sheet:
    """Words around the panels, and where everything goes.

    Attributes
    ----------
    title, subtitle, footer
        One line each.
    warnings
        One line each or more, in red under the title.
    """

    title: str
    subtitle: str
    warnings: Sequence[str]
    footer: str

    def draw(self, maps: Sequence[Draw], charts: Sequence[Draw], aspect: float) -> Figure:
        """Make the figure.

        Parameters
        ----------
        maps, charts
            Functions that draw on an ``Axes``. Maps fill rows of three; charts take the cells that are left in the
            last row, then a column of their own at the right.
        aspect
            Height of a map as a share of its width.
        """
        height = min(max(MAP_WIDTH * aspect * 1.09, MAP_HEIGHTS[0]), MAP_HEIGHTS[1])
        rows = -(-len(maps) // COLUMNS)
        in_cells = min(len(charts), rows * COLUMNS - len(maps))
        width = 2 * MARGIN + COLUMNS * (MAP_WIDTH + GUTTER)
        if in_cells < len(charts):
            width += CHART_LEFT - 0.35 + CHART_WIDTH
        heading, warnings = self._wrapped(width)
        head = MARGIN + HEADING_HEIGHT * len(heading) + LINE * (1 + len(warnings)) + 0.1
        body = rows * (MAP_TITLE + height) + (rows - 1) * ROW_GAP
        figure = Figure(figsize=(width, head + body + FOOTER + MARGIN))
        self._write(figure, heading, warnings)
        self._grid(figure, [*maps, *charts[:in_cells]], len(maps), head, height)
        self._column(figure, charts[in_cells:], head, body)
        _letter(figure)
        return figure

    def _wrapped(self, width: float) -> tuple[list[str], list[str]]:
        """Return the lines of the title and of the warnings."""
        room = width - 2 * MARGIN
        warnings = [textwrap.wrap(f"⚠ {text}", int(room * SMALL_PER_INCH)) for text in self.warnings]
        return textwrap.wrap(self.title, int(room * LARGE_PER_INCH)), [line for lines in warnings for line in lines]

    def _write(self, figure: Figure, heading: Sequence[str], warnings: Sequence[str]) -> None:
        left, height = MARGIN / figure.get_figwidth(), figure.get_figheight()

        def line(from_top: float, text: str, size: float, colour: str, weight: str = "normal") -> None:
            figure.text(left, 1 - from_top / height, text, fontsize=size, color=colour, weight=weight, va="top")

        top = MARGIN - 0.05
        for text in heading:
            line(top, text, HEADING, INK, "bold")
            top += HEADING_HEIGHT
        line(top + 0.05, self.subtitle, NORMAL, INK)
        for index, text in enumerate(warnings, start=1):
            line(top + 0.05 + LINE * index, text, NORMAL, WARNING)
        figure.text(left, MARGIN / 2 / height, self.footer, fontsize=SMALL, color=INK, va="bottom")

    def _grid(self, figure: Figure, draws: Sequence[Draw], n_maps: int, head: float, height: float) -> None:
        for index, draw in enumerate(draws):
            row, column = divmod(index, COLUMNS)
            left = MARGIN + column * (MAP_WIDTH + GUTTER)
            top = head + MAP_TITLE + row * (height + MAP_TITLE + ROW_GAP)
            is_chart = index >= n_maps
            inset = 0.55 if is_chart else 0.0
            shown = height - CHART_FOOT if is_chart else height
            draw(_axes(figure, left + inset, top, MAP_WIDTH + (0.1 if is_chart else 0.0), shown))

    def _column(self, figure: Figure, draws: Sequence[Draw], head: float, body: float) -> None:
        left = MARGIN + COLUMNS * (MAP_WIDTH + GUTTER) + CHART_LEFT - 0.35
        each = body / max(len(draws), 1)
        for index, draw in enumerate(draws):
            top = head + index * each + MAP_TITLE
            draw(_axes(figure, left, top, CHART_WIDTH, each - MAP_TITLE - CHART_FOOT))


def _letter(figure: Figure) -> None:
    """Name the panels a, b, c … in the margin, on the line of their titles."""
    for letter, ax in zip(ascii_lowercase, figure.axes, strict=False):
        ax.annotate(
            letter, (0, 1), (-13, 5), "axes fraction", "offset points", fontsize=TITLE, color=INK, weight="bold"
        )


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes placed in inches from the left and from the top."""
    across, down = figure.get_figwidth(), figure.get_figheight()
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))
