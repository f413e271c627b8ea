"""Figures to files."""

from __future__ import annotations

from pathlib import Path

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import atomic_path

FORMATS = (".png", ".pdf", ".svg")


def save(figure: Figure, path: str | Path, dpi: int = 200) -> None:
    """Write a figure as PNG, PDF or SVG (by its suffix), whole or not at all; text in PDF and SVG stays text.

    Raises
    ------
    ConcertError
        If the format is another one, or the file can't be written.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise ConcertError(f"{path.name} is not a picture this app writes; end its name in {', '.join(FORMATS)}.")
    FigureCanvasAgg(figure)
    with atomic_path(path) as scratch, rc_context({"pdf.fonttype": 42, "svg.fonttype": "none"}):
        figure.savefig(scratch, dpi=dpi, facecolor="white")
