"""Some spots of a section, spread evenly over it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def spread_out(points: Floats, most: int) -> Rows:
    """Return rows of points far from each other, in their order: each next one is farthest from those before it."""
    if len(points) <= most:
        return np.arange(len(points))
    chosen = [int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmax())]
    apart = np.full(len(points), np.inf)
    while len(chosen) < most:
        apart = np.minimum(apart, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int(apart.argmax()))
    return np.sort(np.array(chosen))
