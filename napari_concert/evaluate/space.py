"""The space in which spots are compared: leading components of log-normalised expression of the training spots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

COMPONENTS = 20


class Space(NamedTuple):
    """Principal components: the mean (G,) and the axes (G, K)."""

    mean: Floats
    axes: Floats

    def of(self, expression: Floats) -> Floats:
        """Return positions (…, K) of log-normalised expression (…, G)."""
        return np.asarray((expression - self.mean) @ self.axes)


def space_of(slide: Slide, genes: Sequence[str]) -> Space:
    """Fit the space to all usable spots of a slide."""
    values = log_normalised(slide, np.flatnonzero(slide.usable), genes, slide.median_total)
    mean = values.mean(axis=0)
    centred = values - mean
    axes = np.linalg.eigh(centred.T @ centred)[1][:, ::-1]
    return Space(mean, axes[:, : min(COMPONENTS, len(values) - 1)])


def log_normalised(slide: Slide, rows: npt.NDArray[np.int64], genes: Sequence[str], median_total: float) -> Floats:
    """Return ``log(1 + count · median total / total)`` of some spots (n, G)."""
    columns = slide.genes.get_indexer(pd.Index(list(genes)))
    counts = slide.counts[rows][:, columns].toarray().astype(np.float64)
    return np.asarray(np.log1p(counts * median_total / slide.totals[rows, None]))
