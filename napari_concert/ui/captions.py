"""The words on the picture: units and colour limits, what is painted and its area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_concert.session import ShownValues
    from napari_concert.slide import Slide


def title_detail(shown: ShownValues) -> str:
    """Give the unit and the colour limits of what is shown, a line each."""
    low, high = (format_number(limit) for limit in shown.limits)
    lines = [shown.unit, f"colours {low} to {high}"]
    return "\n".join(line for line in lines if line)


def format_number(value: float) -> str:
    """Write a number with three significant digits, large ones in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def caption_with_note(
    slide: Slide, painted: npt.NDArray[np.int64], target: Mapping[str, str | float], note: str
) -> str:
    """Say what is painted, and beneath it what the reader of the colours must know."""
    return "\n".join(line for line in (caption(slide, painted, target), note) if line)


def caption(slide: Slide, painted: npt.NDArray[np.int64], target: Mapping[str, str | float]) -> str:
    """Say how many spots are painted, their area, and what they become; nothing if none are."""
    if not len(painted):
        return ""
    spots = f"{len(painted):,} spot{'s' if len(painted) > 1 else ''}"
    becomes = ", ".join(str(value) for value in target.values())
    return f"{spots} · {format_area(slide, painted)}" + (f" → {becomes}" if becomes else "")


def format_length(slide: Slide, length: float) -> str:
    """Give a length in the slide's unit."""
    return f"{length:,.4g} {slide.units.name}"


def format_area(slide: Slide, rows: npt.NDArray[np.int64]) -> str:
    """Give the area of spots in mm², or in square units where the slide has no scale."""
    area = slide.area(rows)
    return f"{area / 1e6:.3g} mm²" if slide.units.um_per_unit is not None else f"{area:.3g} {slide.units.name}²"
