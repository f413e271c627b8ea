"""Columns of ``obs`` as labels or as numbers, whatever their pandas type."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types

from napari_concert.errors import ConcertError

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]

MOST_CATEGORIES = 60
FEWEST_DISTINCT = 20  # a column of whole numbers with fewer distinct values is taken as labels


def natural_key(label: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that sorts "section 10" after "section 9"."""
    parts = re.split(r"(\d+)", label)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part.lower()) for part in parts if part)


def in_order(labels: Iterable[str | None]) -> tuple[str, ...]:
    """Return the distinct labels in natural order, missing ones left out."""
    return tuple(
        sorted({label for label in labels if label is not None}, key=lambda label: (natural_key(label), label))
    )


def as_labels(column: pd.Series) -> Labels:
    """Return a column as strings, None where missing; cluster 3.0 (a number beside missing ones) is "3"."""
    missing = column.isna().to_numpy(dtype=bool)
    if types.is_float_dtype(column) and _are_whole(column):
        column = column.astype("Int64")
    labels = column.astype(str).to_numpy(dtype=object)
    labels[missing] = None
    return labels


def as_values(column: pd.Series) -> Floats:
    """Return a column as numbers, NaN where missing.

    Raises
    ------
    ConcertError
        If it does not hold numbers.
    """
    plain = column.astype(object) if isinstance(column.dtype, pd.CategoricalDtype) else column
    try:
        return np.asarray(pd.to_numeric(plain).to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError) as error:
        reason = str(error).split(" at position")[0]
        raise ConcertError(
            f"Column {column.name!r} does not hold numbers ({reason}); choose a numeric column."
        ) from error


def is_categorical(column: pd.Series) -> bool:
    """Whether a column can be read as labels: text or categories, or few whole numbers."""
    distinct = column.nunique()
    if not 1 <= distinct <= MOST_CATEGORIES:
        return False
    if types.is_float_dtype(column):
        return distinct < FEWEST_DISTINCT and bool(column.isna().any()) and _are_whole(column)
    return not types.is_integer_dtype(column) or distinct < FEWEST_DISTINCT


def is_continuous(column: pd.Series) -> bool:
    """Whether a column holds numbers that vary."""
    if not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
        return False
    known = column.dropna()
    return bool(len(known) and (known != known.iloc[0]).any())


def is_yes_or_no(column: pd.Series) -> bool:
    """Whether a column says yes or no of each spot: booleans, numbers, or such words."""
    words = {"true", "false", "yes", "no", "0", "1"}
    numeric = types.is_numeric_dtype(column) or types.is_bool_dtype(column)
    return bool(numeric or {str(label).lower() for label in as_labels(column) if label is not None} <= words)


def _are_whole(column: pd.Series) -> bool:
    known = column.dropna().to_numpy(dtype=np.float64)
    return bool(np.isfinite(known).all() and np.array_equal(known, np.floor(known)))
