"""Scores of a predicted change against a true one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FEWEST = 3  # a correlation over fewer values says nothing


def pearson(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Return Pearson's correlation of two arrays of one shape; NaN where either is constant or shorter than three."""
    one, other = _both(predicted, true)
    if len(one) < FEWEST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def slope(predicted: npt.ArrayLike, true: npt.ArrayLike) -> float:
    """Return ``Σ d·t / Σ t²``: 1 where the amplitude is right, below 1 where it is too small; NaN without any truth."""
    one, other = _both(predicted, true)
    size = float(other @ other)
    return float(one @ other) / size if size > 0 else float("nan")


def rms(error: npt.ArrayLike) -> float:
    """Return the root mean square of the known entries; NaN without any."""
    known = np.asarray(error, dtype=np.float64).ravel()
    known = known[np.isfinite(known)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else float("nan")


def sign_accuracy(predicted: npt.ArrayLike, true: npt.ArrayLike, least: float) -> float:
    """Return the share of entries whose sign is right, of those that truly are beyond ``±least``; NaN without any."""
    one, other = _both(predicted, true)
    clear = np.abs(other) > least
    return float((np.sign(one[clear]) == np.sign(other[clear])).mean()) if clear.any() else float("nan")


def _both(predicted: npt.ArrayLike, true: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return both as flat arrays, without the entries that either lacks."""
    one, other = np.asarray(predicted, dtype=np.float64).ravel(), np.asarray(true, dtype=np.float64).ravel()
    known = np.isfinite(one) & np.isfinite(other)
    return one[known], other[known]
