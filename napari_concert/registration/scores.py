"""What an alignment is worth: expression of one section against that of the next, spot by spot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.registration.expression import nearest
from napari_concert.registration.tissue import Tissue
from napari_concert.slide import Rigid

Floats = npt.NDArray[np.float64]

NEAR = 1.0  # steps: spots nearer than this to one of the other section overlap
FEWEST = 10  # spots from which a correlation is told


@dataclass(frozen=True)
class Score:
    """How well two sections lie on each other.

    Attributes
    ----------
    correlation
        Of expression: each spot of the lower section that has a spot of the upper one within a spot pitch is paired
        with the nearest such; over these pairs Pearson's correlation of log(1 + count at the median total) is taken
        for each of the 50 genes with the clearest pattern within the sections (largest Moran's I), and averaged. NaN
        where fewer than ten spots overlap. It counts the noise of single spots, so that it stays well below 1.
    overlap
        Share of the spots of both sections that have a spot of the other one within a pitch.
    """

    correlation: float
    overlap: float


@dataclass(frozen=True)
class PairScore:
    """Two adjacent sections before and after they were aligned."""

    lower: str
    upper: str
    before: Score
    after: Score

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values; a correlation that is not told is None."""
        values = asdict(self)
        for when in ("before", "after"):
            if np.isnan(values[when]["correlation"]):
                values[when]["correlation"] = None
        return values


def score(lower: Tissue, upper: Tissue, lower_pose: Rigid, upper_pose: Rigid) -> Score:
    """Return how well two sections lie on each other at their poses (steps)."""
    ones, others = lower_pose.apply(lower.points), upper_pose.apply(upper.points)
    distance, closest = nearest(cKDTree(others), ones)
    there = distance[:, 0] <= NEAR
    back = nearest(cKDTree(ones), others)[0] <= NEAR
    overlap = float((there.sum() + back.sum()) / (len(ones) + len(others)))
    if there.sum() < FEWEST:
        return Score(np.nan, overlap)
    return Score(mean_correlation(lower.genes[there], upper.genes[closest[there, 0]]), overlap)


def mean_correlation(ones: Floats, others: Floats) -> float:
    """Return the mean over genes of Pearson's correlation (n, g); genes that do not vary are left out."""
    ones, others = ones - ones.mean(axis=0), others - others.mean(axis=0)
    spread = np.sqrt((ones**2).sum(axis=0) * (others**2).sum(axis=0))
    varies = spread > 1e-12 * len(ones)
    if not varies.any():
        return float("nan")
    return float(((ones * others).sum(axis=0)[varies] / spread[varies]).mean())


def table(scores: Iterable[PairScore]) -> list[str]:
    """Return scores as lines of a table."""
    rows: list[tuple[str, ...]] = [("sections", "correlation", "", "overlap", ""), ("", *2 * ("before", "after"))]
    for pair in scores:
        told = [_number(part.correlation) for part in (pair.before, pair.after)]
        shares = [f"{part.overlap:.0%}" for part in (pair.before, pair.after)]
        rows.append((f"{pair.lower} – {pair.upper}", *told, *shares))
    width = max(len(row[0]) for row in rows)
    return [f"{row[0]:<{width}}  " + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows]


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"
