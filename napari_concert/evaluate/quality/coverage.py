"""How much intervals of counts hold, against what they promise.

Counts are whole, so that even the true model's 95 % interval holds more than 95 % of small counts: what the interval
itself says it holds is printed beside what it does (*ideal*), and the coverage by randomised probability integral
transform (PIT), which is 95 % where the distribution is right, whatever the counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.concert.withholding import Withheld
from napari_concert.model.conformal import BINS, EDGES, Bands, Pit
from napari_concert.model.mixture import distribution

Floats = npt.NDArray[np.float64]

CURVE = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
COLUMNS = ("held", "ideal", "pit", "pit_before")
ALL = "all"


def coverage_curve(hidden: Withheld, levels: Sequence[float] = CURVE) -> Iterator[pd.DataFrame | None]:
    """Yield None while it works, then the table.

    A row a level and bin of expected counts ("all", and those of the calibration): ``promised``; ``counts``, how many
    spots × genes; ``held`` by the interval of whole counts; ``ideal``, what that would be were the distribution right;
    ``pit``, what the calibrated central part holds of randomised PITs; ``pit_before``, what the model's own does.
    """
    bins, found, pits = [], [], []
    for genes, pit in hidden.pits():
        bins.append(pit.bins)
        pits.append(pit)
        found.append(_held(hidden, genes, levels))
        yield None
    yield _table(np.concatenate(found, axis=2), Pit.joined(pits), np.concatenate(bins), hidden.told.bands, levels)


def _held(hidden: Withheld, genes: npt.NDArray[np.int64], levels: Sequence[float]) -> Floats:
    """Return whether intervals hold the counts, and how likely that was (2, L, E)."""
    mixed, counts = hidden.mixture(genes), hidden.counts[:, genes].toarray()
    held, ideal = [], []
    for low, high in hidden.told.bands.intervals(mixed, levels):
        held.append(((low <= counts) & (counts <= high)).ravel())
        ideal.append((distribution(mixed, high) - distribution(mixed, low - 1)).ravel())
    return np.stack([held, ideal]).astype(np.float64)


def _table(found: Floats, pit: Pit, bins: npt.NDArray[np.int64], bands: Bands, levels: Sequence[float]) -> pd.DataFrame:
    rows = []
    for name, here in _groups(bins):
        part = pit.among(here)
        for at, level in enumerate(levels):
            tails = np.stack([bands.tail(part.expected, level), np.full(len(part.expected), 1 - level)])
            calibrated, before = part.coverage(tails)
            held, ideal = found[:, at, here].mean(axis=1)
            values = dict(zip(COLUMNS, (held, ideal, calibrated, before), strict=True))
            rows.append({"expected_counts": name, "promised": level, "counts": int(here.sum()), **values})
    return pd.DataFrame(rows)


def _groups(bins: npt.NDArray[np.int64]) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield all entries, then those of each bin that has any."""
    yield ALL, np.ones(len(bins), dtype=bool)
    for one in range(BINS):
        if (here := bins == one).any():
            yield bin_name(one), here


def bin_name(one: int) -> str:
    """Return a bin of expected counts in words, such as "0.3 to 1"."""
    if one == 0:
        return f"under {EDGES[0]:g}"
    return f"{EDGES[one - 1]:g} to {EDGES[one]:g}" if one < len(EDGES) else f"{EDGES[-1]:g} or more"
