"""What the columns of the tables of genes and of gene sets show, on the screen and in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = Mapping[str, npt.NDArray[np.float64]]
Write = Callable[[Values, int, int], str]  # of the values of a table, a row of them, and the decimals of changes

SCALED = ("change", "sd", "lower", "upper")  # natural logarithms, shown as the session's
FEW_DECIMALS = 0.5  # the largest change from which two decimals are enough
LEVELS = "counts per spot at median depth"
# names of the fields in files, in order
LABELS = {
    "genes": "genes used",
    "of": "genes in the set",
    "change": "change ({unit})",
    "sd": "sd of the change ({unit})",
    "lower": "95 % interval from ({unit})",
    "upper": "95 % interval to ({unit})",
    "lfsr": "local false sign rate",
    "baseline": f"expected before ({LEVELS})",
    "predicted": f"expected after ({LEVELS})",
}


@dataclass(frozen=True)
class Column:
    """One column on the screen.

    Attributes
    ----------
    title, tip
        Its header and the header's tooltip, in which ``{unit}`` is the unit of a change.
    field
        What it is sorted by; "" for the names.
    write
        Gives the text of a row; None for the names.
    widest
        A text as wide as they get.
    falls
        Whether a first click puts the largest on top.
    """

    title: str
    tip: str
    field: str = ""
    write: Write | None = None
    widest: str = ""
    falls: bool = False


def _number(field: str, sign: str) -> Write:
    def written(values: Values, row: int, decimals: int) -> str:
        value = values[field][row]
        return f"{value:{sign}.{decimals}f}" if np.isfinite(value) else "–"

    return written


def _interval(values: Values, row: int, decimals: int) -> str:
    low, high = values["lower"][row], values["upper"][row]
    return f"{low:.{decimals}f} to {high:.{decimals}f}" if np.isfinite(low) else "–"


def _false_sign(values: Values, row: int, _decimals: int) -> str:
    rate = values["lfsr"][row]
    if not np.isfinite(rate):
        return "–"
    return "<0.001" if rate < 0.001 else f"{rate:.3f}"


def _counts(values: Values, row: int, _decimals: int) -> str:
    before, after = values["baseline"][row], values["predicted"][row]
    return f"{_short(before)} → {_short(after)}" if np.isfinite(before) else "–"


def _short(count: float) -> str:
    """Write a count with three significant digits at most, thousands as k."""
    return f"{count / 1000:.3g}k" if count >= 999.5 else f"{count:.3g}" if count >= 0.01 else "<0.01"


def _used(values: Values, row: int, _decimals: int) -> str:
    return f"{values['genes'][row]:.0f}/{values['of'][row]:.0f}"


_CHANGES = (
    Column("change", "Mean {unit} over the region.", "change", _number("change", "+"), "+10.50", falls=True),
    Column("sd", "Standard deviation of the change ({unit}): how unsure it is.", "sd", _number("sd", ""), "0.005"),
    Column(
        "95 %\ninterval",
        "95 % interval of the change ({unit}). Of many genes a few leave 0 by chance: see the false sign rate.",
        "lower",
        _interval,
        "-0.050 to -0.050",
        falls=True,
    ),
    Column(
        "false\nsign",
        "Local false sign rate: the chance that the change has the other sign. Below 0.025 the sign is called sure.",
        "lfsr",
        _false_sign,
        "<0.001",
    ),
)  # fmt: skip

GENES = (
    Column("gene", "Click a row to show the gene on the slide."),
    *_CHANGES,
    Column(
        "expected\ncounts",
        f"Expected before → after: {LEVELS}, on average over the region. Sorted by the count after.",
        "predicted",
        _counts,
        "12.3k → 12.3k",
        falls=True,
    ),
)
SETS = (
    Column("set", "Click a row to plot the set by distance; double-click to list its genes."),
    Column(
        "genes",
        "How many of the set's genes are modelled and used, of how many it names.",
        "genes",
        _used,
        "120/200",
        falls=True,
    ),
    *_CHANGES,
)


def values_of(frame: pd.DataFrame, factor: float) -> dict[str, npt.NDArray[np.float64]]:
    """Return the fields of a frame, changes in the shown logarithm."""
    return {
        str(name): frame[name].to_numpy(dtype=np.float64) * (factor if name in SCALED else 1.0)
        for name in frame.columns
    }


def decimals_of(values: Values) -> int:
    """Return how many decimals changes need: means over many spots are small."""
    largest = (
        np.abs(values["change"]).max(initial=0.0, where=np.isfinite(values["change"])) if "change" in values else 0.0
    )
    return 2 if largest >= FEW_DECIMALS else 3


def labelled(frame: pd.DataFrame, factor: float, unit: str) -> pd.DataFrame:
    """Return rows as they are copied and exported: changes in the shown logarithm, a unit in every header."""
    values = values_of(frame, factor)
    named = {label.format(unit=unit): values[name] for name, label in LABELS.items() if name in values}
    return pd.DataFrame(named, index=frame.index)
