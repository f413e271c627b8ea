"""Colour limits: shared by the levels, symmetric for changes, from zero for uncertainties."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Limits: TypeAlias = tuple[float, float]

PERCENTILES = (1.0, 99.0)
FEWEST_OUTSIDE = 0.995  # of the changed spots lie within the limits of a change
SMALLEST_CHANGE = 0.05  # natural log: less than this is never stretched over the whole colour map


def level_limits(*levels: npt.ArrayLike) -> Limits:
    """Return the 1st and 99th percentile of all levels together, so that panels can be compared."""
    pooled = np.concatenate([np.asarray(level, dtype=np.float64).ravel() for level in levels])
    finite = pooled[np.isfinite(pooled)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.percentile(finite, PERCENTILES)
    return (float(low), float(high)) if high > low else (float(low), float(low) + 1.0)


def change_limits(*changes: npt.ArrayLike) -> Limits:
    """Return limits symmetric about zero that hold nearly every changed spot of all panels."""
    pooled = np.abs(np.concatenate([np.asarray(change, dtype=np.float64).ravel() for change in changes]))
    changed = pooled[np.isfinite(pooled) & (pooled > 0)]
    largest = float(np.quantile(changed, FEWEST_OUTSIDE)) if changed.size else 0.0
    largest = max(largest, SMALLEST_CHANGE)
    return -largest, largest


def sd_limits(sd: npt.ArrayLike) -> Limits:
    """Return limits from zero to nearly the largest standard deviation."""
    return 0.0, change_limits(sd)[1]
