"""How far a state reaches, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_concert.ui.captions import format_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_concert.concert.reach import Reach

UNSURE = "no gene surely spills over"
EXPLAINED = "Learned reach: where the effect of one spot falls to half of what its neighbour gets (95 % interval)"


def on_picture(reach: Reach) -> str:
    """Say what the dotted ring is, in one line."""
    doubt = "" if reach.is_found else f", but {UNSURE}"
    return f"dotted: reach of {reach.state}, half strength at {_distance(reach)}{doubt}"


def sentence(reach: Reach) -> str:
    """Say how far a state reaches, what is meant by that, and what to doubt."""
    doubt = "" if reach.is_found else f" Yet {UNSURE}."
    ends = f"It ends at {_length(reach.cut_off, reach.unit)} (median over tissues), and {_passes(reach)}."
    falls = f"The effect of one {reach.state} spot falls to half of what its neighbour gets at {_away(reach)}."
    return f"{falls} {ends}{doubt}"


def lines(reaches: Sequence[Reach]) -> str:
    """Say how far each state reaches, a line each."""
    if not reaches:
        return ""
    said = [
        f"{reach.state}: {_away(reach)}; ends at {_length(reach.cut_off, reach.unit)}; {_passes(reach)}"
        for reach in reaches
    ]
    return "\n".join([EXPLAINED, *said])


def _passes(reach: Reach) -> str:
    return f"{100 * reach.passes_border:.0f} % of it passes a tissue border"


def _distance(reach: Reach) -> str:
    if not reach.has_direction:
        return _length(reach.long[0], reach.unit)
    return f"{format_number(reach.short[0])} to {_length(reach.long[0], reach.unit)}"


def _away(reach: Reach) -> str:
    if not reach.has_direction:
        return _interval(reach.long, reach.unit)
    along, across = _interval(reach.long, reach.unit), _interval(reach.short, reach.unit)
    return f"{along} along {reach.angle:.0f}° clockwise from the horizontal, and at {across} across"


def _interval(values: tuple[float, float, float], unit: str) -> str:
    value, lower, upper = map(format_number, values)
    return f"{value} {unit} ({lower} to {upper})"


def _length(value: float, unit: str) -> str:
    return f"{format_number(value)} {unit}"
