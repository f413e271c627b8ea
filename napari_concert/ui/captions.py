"""The words on the picture: units and colour limits, what is painted and its area."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_concert.patches import Patch
    from napari_concert.session import ShownValues
    from napari_concert.slide import Slide

MOST_LINES, LONGEST_NAME = 4, 28  # on the picture: more lines, or letters of a name, would hide it


def title_detail(shown: ShownValues) -> str:
    """Give the unit and the colour limits of what is shown, a line each."""
    low, high = (format_number(limit) for limit in shown.limits)
    lines = [shown.unit, f"colours {low} to {high}"]
    return "\n".join(line for line in lines if line)


def format_number(value: float) -> str:
    """Write a number with three significant digits, large ones in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def caption_with_note(slide: Slide, patches: Sequence[Patch], note: str) -> str:
    """Say what is painted, a line a patch, and beneath it what the reader of the colours must know."""
    shown = [patch for patch in patches if len(patch) and not patch.hidden]
    names = [f"{shortened(patch.name)}: " if len(shown) > 1 else "" for patch in shown]
    lines = [name + caption(slide, patch) for name, patch in zip(names, shown, strict=True)]
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], f"and {len(lines) - MOST_LINES + 1} more patches"]
    return "\n".join(line for line in (*lines, note) if line)


def caption(slide: Slide, patch: Patch) -> str:
    """Say how many spots a patch has, their area, and what they become; nothing if it has none."""
    if not len(patch):
        return ""
    becomes = ", ".join(str(value) for value in patch.target.values())
    said = f"{count_spots(len(patch))} · {format_area(slide, patch.spots)}"
    return said + (f" → {becomes}" if becomes else "")


def shortened(name: str, longest: int = LONGEST_NAME) -> str:
    """Give a name cut to so many letters."""
    return name if len(name) <= longest else f"{name[: longest - 1].rstrip()}…"


def count_spots(count: int) -> str:
    """Write a number of spots."""
    return f"{count:,} spot{'s' if count != 1 else ''}"


def decimals_for(length: float) -> int:
    """Give how many decimals a field for lengths of this size needs: three significant digits."""
    return max(0, 2 - int(np.floor(np.log10(length))))


def format_length(slide: Slide, length: float) -> str:
    """Give a length in the slide's unit."""
    return f"{length:,.4g} {slide.units.name}"


def format_area(slide: Slide, rows: npt.NDArray[np.int64]) -> str:
    """Give the area of spots in mm², or in square units where the slide has no scale."""
    area = slide.area(rows)
    return f"{area / 1e6:.3g} mm²" if slide.units.um_per_unit is not None else f"{area:.3g} {slide.units.name}²"
