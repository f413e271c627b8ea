"""The task of in-painting: spots are cut out of a simulated slide and predicted from those around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_concert.evaluate.metrics import pearson
from napari_concert.patches import WhatIf
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from anndata import AnnData

    from napari_concert.concert.imputation import Imputation

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEIGHBOURS = {"6 nearest": 6, "30 nearest": 30}
INNER = 0.6  # share of the slide's radius in which a hole has its middle


@dataclass(frozen=True, eq=False)
class Hole:
    """A simulated slide, the rows that were cut out of it, and what was left."""

    whole: Slide
    rows: Rows
    measured: Slide

    @property
    def coords(self) -> Floats:
        """Positions of the hidden spots (n, 2)."""
        return self.whole.coords[self.rows]


def hide(adata: AnnData, count: int, seed: int) -> Hole:
    """Cut ``count`` neighbouring spots out of a slide; fewer on a small one, no more than a twentieth."""
    from napari_concert.io import from_anndata

    whole = from_anndata(adata, name="whole")
    away = np.linalg.norm(whole.coords - whole.coords.mean(axis=0), axis=1)
    middle = np.random.default_rng(seed).choice(np.flatnonzero(away < INNER * away.max()))
    near = np.linalg.norm(whole.coords - whole.coords[middle], axis=1)
    rows = np.sort(np.argsort(near, kind="stable")[: min(count, whole.n_spots // 20)])
    left = adata[np.setdiff1d(np.arange(whole.n_spots), rows)].copy()
    return Hole(whole, rows, from_anndata(left, name="with a hole"))


def scores(hole: Hole, found: Imputation) -> Iterator[dict[str, Any]]:
    """Yield one record for each method.

    ``mae`` is the mean absolute error of log(1 + expected count), ``spatial_pcc`` a gene's Pearson correlation over the
    hidden spots, averaged over genes, both against the truth; ``measured_…`` against the hidden spots' noisy counts,
    of which ``count_coverage`` is the share in the 95 % interval.
    """
    from napari_concert.simulate import truth

    genes = list(found.genes)
    true = np.log1p(truth(hole.whole.adata, WhatIf(), genes).baseline[hole.rows])
    counts = _normalised(hole.whole, hole.rows, genes)
    held = (found.lower <= counts) & (counts <= found.upper)
    answers: dict[str, Floats] = {"model": found.predicted.astype(np.float64)}
    answers |= {name: _nearest(hole, genes, k) for name, k in NEIGHBOURS.items()}
    for method, answer in answers.items():
        level = np.log1p(answer)
        yield {
            "region": "hole",
            "method": method,
            "spots": len(hole.rows),
            "mae": float(np.abs(level - true).mean()),
            "spatial_pcc": _by_gene(level, true),
            "measured_mae": float(np.abs(level - np.log1p(counts)).mean()),
            "measured_spatial_pcc": _by_gene(level, np.log1p(counts)),
            "count_coverage": float(held.mean()) if method == "model" else float("nan"),
        }


def _normalised(slide: Slide, rows: Rows, genes: list[str]) -> Floats:
    """Return counts (n, G) at the median library size."""
    columns = slide.genes.get_indexer(pd.Index(genes))
    counts: Floats = slide.counts[rows][:, columns].toarray() / slide.size_factors[rows, None]
    return counts


def _nearest(hole: Hole, genes: list[str], k: int) -> Floats:
    """Return the mean counts (n, G) of the ``k`` measured spots nearest to each hidden one."""
    rows = np.flatnonzero(hole.measured.usable)
    near = cKDTree(hole.measured.coords[rows]).query(hole.coords, k=min(k, len(rows)))[1]
    mean: Floats = _normalised(hole.measured, rows, genes)[near].mean(axis=1)
    return mean


def _by_gene(level: Floats, expected: Floats) -> float:
    """Return the correlation over spots, averaged over the genes that have one."""
    each = np.array([pearson(*columns) for columns in zip(level.T, expected.T, strict=True)])
    return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")
