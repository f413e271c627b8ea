"""What hovering over a spot shows in napari's status bar and tooltip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_concert.session import ShownValues
    from napari_concert.slide import Slide


def describe_spot(slide: Slide, row: int, shown: ShownValues | None, painted: npt.NDArray[np.int64]) -> list[str]:
    """Give a spot's name, shown value with unit, state, tissue, section, and whether it is painted; one line each.

    Parameters
    ----------
    row
        The spot's row in the file (0-based).
    painted
        Sorted rows of the painted spots.
    """
    lines = [f"spot {slide.spot_names[row]}"]
    if shown is not None and row < len(shown.values):
        lines.append(_shown_value(shown, row))
    lines += [line for line in _attributes(slide, row) if line not in lines]
    if _contains(painted, row):
        lines.append("in the patch")
    return lines


def _shown_value(shown: ShownValues, row: int) -> str:
    value = shown.values[row]
    if shown.kind == "categorical":
        return f"{shown.label}: {'no value' if value is None else value}"
    if not np.isfinite(float(value)):
        return f"{shown.label}: no value"
    return f"{shown.label}: {float(value):.4g} {shown.unit}".rstrip()


def _attributes(slide: Slide, row: int) -> list[str]:
    columns = slide.columns
    lines = []
    if columns.perturbation is not None:
        lines.append(f"{columns.perturbation}: {slide.state_of[row] or 'unknown'}")
    if columns.tissue is not None:
        lines.append(f"{columns.tissue}: {slide.tissue_of[row] or 'unknown'}")
    if columns.section is not None:
        lines.append(f"{columns.section}: {slide.labels(columns.section)[row]}")
    return lines


def _contains(rows: npt.NDArray[np.int64], row: int) -> bool:
    at = int(np.searchsorted(rows, row))
    return at < len(rows) and int(rows[at]) == row
