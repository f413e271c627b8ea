"""Scores of a predicted change in one region, over spots and genes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_concert.evaluate.metrics import pearson, rms, slope
from napari_concert.prediction import Prediction

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Interval = tuple[Floats, Floats]

AFFECTED = 0.1  # natural log: a gene is affected where it truly changes by more than this in some spot of the region


@dataclass(frozen=True)
class ChangeScore:
    """How well a change is predicted in a region; NaN where a score is not defined.

    Attributes
    ----------
    spots, affected
        How many spots count, and how many of the genes are affected there: truly change by more than 0.1 somewhere.
    affected_pcc, genes_pcc
        Pearson correlation across the affected genes, and across all, of the change averaged over the region.
    entries_pcc, slope, rms
        Pearson correlation, Σ d·t / Σ t², and root mean square error (natural log), over all spots × genes.
    coverage, affected_coverage
        Share of spots × genes, and of those with an affected gene, whose true change the 95 % interval holds.
    """

    spots: int
    affected: int
    affected_pcc: float
    genes_pcc: float
    entries_pcc: float
    slope: float
    rms: float
    coverage: float = float("nan")
    affected_coverage: float = float("nan")


def scored_rows(prediction: Prediction, rows: Rows, true: Floats) -> Rows:
    """Return those of some rows that are modelled and whose true change (n_spots, G) is known."""
    return rows[np.isin(rows, prediction.rows) & np.isfinite(true[rows]).all(axis=1)]


def score_change(predicted: npt.ArrayLike, true: Floats, interval: Interval | None = None) -> ChangeScore:
    """Score a change.

    Parameters
    ----------
    predicted
        (n_spots, G), or (G,) where it is the same for all spots; natural log.
    true
        (n_spots, G).
    interval
        Lower and upper bounds, (n_spots, G) each.
    """
    change = np.broadcast_to(np.asarray(predicted, dtype=np.float64), true.shape)
    moved = np.asarray((np.abs(true) > AFFECTED).any(axis=0), dtype=bool)
    found, expected = (part.mean(axis=0) if len(true) else np.zeros(0) for part in (change, true))
    affected = moved if len(true) else np.zeros(0, dtype=bool)
    return ChangeScore(
        len(true),
        int(moved.sum()),
        pearson(found[affected], expected[affected]),
        pearson(found, expected),
        pearson(change, true),
        slope(change, true),
        rms(change - true),
        *_coverage(true, interval, moved),
    )


def _coverage(true: Floats, interval: Interval | None, moved: npt.NDArray[np.bool_]) -> tuple[float, float]:
    if interval is None:
        return float("nan"), float("nan")
    held = (interval[0] <= true) & (true <= interval[1])
    return _share(held), _share(held[:, moved])


def _share(held: npt.NDArray[np.bool_]) -> float:
    return float(held.mean()) if held.size else float("nan")
