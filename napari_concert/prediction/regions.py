"""The change over a region of spots, all genes at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.prediction.posterior import LEVEL, SURE, Floats, false_sign_rate, interval, parts, root

if TYPE_CHECKING:
    from napari_concert.prediction.result import Prediction

Rows = npt.NDArray[np.int64]

COLUMNS = ("change", "sd", "lower", "upper", "lfsr", "baseline", "predicted")


def region_change(prediction: Prediction, rows: npt.ArrayLike, level: float = LEVEL) -> pd.DataFrame:
    """Return what :meth:`Prediction.region_change` says."""
    inside, index = modelled(prediction, rows), pd.Index(prediction.genes, name="gene")
    if not inside.size:
        return pd.DataFrame(np.nan, index=index, columns=list(COLUMNS))
    change, centre, sd = mean_change(prediction, inside)
    levels = _mean_levels(prediction, inside)
    values = (change, sd, *interval(change, centre, sd, level), false_sign_rate(change, sd), *levels)
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)), index=index)


def surest(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the ``n`` genes that :meth:`Prediction.top_genes` puts first."""
    size = table["change"].abs().to_numpy()
    at_least = np.maximum(np.maximum(table["lower"].to_numpy(), -table["upper"].to_numpy()), 0.0)
    lfsr = table["lfsr"].to_numpy()
    return table.iloc[np.lexsort((-size, np.where(lfsr < SURE, -at_least, lfsr), ~(lfsr < SURE)))[:n]]


def measured_levels(prediction: Prediction, rows: npt.ArrayLike) -> Floats:
    """Return the mean measured counts at the median library size of every modelled gene over a region.

    Parameters
    ----------
    rows
        Spot rows or a mask (n_spots,); spots that are not modelled are left out.

    Returns
    -------
    ndarray
        float64 (G,), NaN without any modelled spot.
    """
    spots = prediction.rows[modelled(prediction, rows)]
    if not spots.size:
        return np.full(len(prediction.genes), np.nan)
    share = np.zeros(prediction.n_spots)
    share[spots] = prediction.median_total / prediction.totals[spots] / len(spots)
    return np.asarray(prediction.counts.T @ share, dtype=np.float64)


def modelled(prediction: Prediction, rows: npt.ArrayLike) -> Rows:
    """Return positions in ``prediction.rows`` of a region's modelled spots; rows or a mask (n_spots,)."""
    region = np.zeros(prediction.n_spots, dtype=bool)
    wanted = np.asarray(rows)
    region[wanted if wanted.dtype == bool else wanted.astype(np.int64)] = True
    return np.flatnonzero(region[prediction.rows])


def mean_change(prediction: Prediction, inside: Rows) -> tuple[Floats, Floats, Floats]:
    """Return the mean change of every gene, the unshrunk estimate of it, and its posterior sd, each (G,)."""
    mean = prediction.differences(inside).mean(axis=0)
    used = np.flatnonzero(mean)
    block = prediction.covariance[:, used][:, :, used].astype(np.float64)
    variance = np.einsum("q,gqr,r->g", mean[used], block, mean[used])
    change, centre, sd = mean[used] @ prediction.weights[used], mean[used] @ prediction.centres[used], root(variance)
    return change, centre, sd


def _mean_levels(prediction: Prediction, inside: Rows) -> tuple[Floats, Floats]:
    """Return the mean expected counts of every gene, as the baseline has them and as predicted."""
    baseline, predicted = np.zeros(len(prediction.genes)), np.zeros(len(prediction.genes))
    for part in parts(inside, len(prediction.genes)):
        before = prediction.baseline_features[part]
        baseline += np.exp(before @ prediction.weights).sum(axis=0)
        predicted += np.exp((before + prediction.differences(part)) @ prediction.weights).sum(axis=0)
    return baseline / len(inside), predicted / len(inside)
