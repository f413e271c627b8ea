"""Positions to predict at, from a .csv."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import read_text

SEPARATORS = (",", "\t", ";")


def read_positions(path: str | Path) -> pd.DataFrame:
    """Return the table of a .csv, as text, its rows named by their lines; blank lines are left out.

    Parameters
    ----------
    path
        A first line of column names, then a position a line; commas, tabs or semicolons between.

    Raises
    ------
    ConcertError
        If it is missing, no table, or has no row.
    """
    text = read_text(path)
    head = text.partition("\n")[0]
    separator = max(SEPARATORS, key=head.count)
    try:
        table = pd.read_csv(
            StringIO(text), sep=separator, dtype=str, keep_default_na=False, skip_blank_lines=False, index_col=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        reason = " ".join(str(error).split()).removeprefix("Error tokenizing data. C error: ")
        raise ConcertError(f"{path} is not a table ({reason}). Give column names, then a position a line.") from error
    table.columns = table.columns.str.strip()
    table.index = pd.RangeIndex(2, len(table) + 2, name="line")
    blank = table.apply(lambda column: column.str.strip().eq("")).all(axis=1)
    filled: pd.DataFrame = table[~blank]
    if not len(filled):
        raise ConcertError(f"{path} has no positions: there is no line below its column names.")
    return filled
