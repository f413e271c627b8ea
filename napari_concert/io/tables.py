"""Tables out, as .csv."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.io.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as .csv with six significant digits, its index as the first column; empty cells are unknown.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    with atomic_path(path) as scratch:
        # spreadsheet programs read µ and the like only after a byte order mark
        table.to_csv(scratch, float_format="%.6g", encoding="utf-8-sig")
