"""Which spots training does not see, so that its gain can be followed on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_concert.model.data import SpotArrays

SMALLEST_SPLIT = 10  # states with fewer spots hide none of them


def hide(arrays: SpotArrays, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Return which spots (N,) are hidden from training, drawn within states; small states hide none.

    The draw goes by position, so that the same spots are hidden in any order of rows.
    """
    rng = np.random.default_rng(seed)
    hidden = np.zeros(len(arrays), dtype=bool)
    canonical = np.lexsort((*arrays.coords.T, arrays.place))
    for state in np.unique(arrays.state):
        rows = canonical[arrays.state[canonical] == state]
        if len(rows) >= SMALLEST_SPLIT:
            hidden[rng.choice(rows, size=int(fraction * len(rows)), replace=False)] = True
    return hidden
