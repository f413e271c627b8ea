"""Simple answers to a what-if, to print beside the model: what a look at the spots in the target state would say.

Both read measured counts at the median library size and know nothing of a spill-over: around a patch they say 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_concert.patches import Patch
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

NEAREST = 6
PSEUDO_COUNT = 0.5  # a gene that one side lacks has a change all the same


def mean_shift(slide: Slide, patch: Patch, genes: Sequence[str]) -> Floats | None:
    """Return the change (G,) from the painted spots to all spots in the target state, natural log of mean counts.

    None where the patch has no target state, or no usable spot is in it or painted.
    """
    sources, painted = _in_target(slide, patch), _usable(slide, patch)
    if not len(sources) or not len(painted):
        return None
    return _change(slide, painted, sources, np.ones(len(sources)), genes)


def nearest_in_target(slide: Slide, patch: Patch, genes: Sequence[str], k: int = NEAREST) -> Floats | None:
    """Return the same from the ``k`` spots in the target state that are nearest to each painted spot."""
    sources, painted = _in_target(slide, patch), _usable(slide, patch)
    if not len(sources) or not len(painted):
        return None
    _, near = cKDTree(slide.coords[sources]).query(slide.coords[painted], k=min(k, len(sources)))
    weight = np.bincount(near.ravel(), minlength=len(sources)).astype(np.float64)
    return _change(slide, painted, sources, weight, genes)


def _usable(slide: Slide, patch: Patch) -> npt.NDArray[np.int64]:
    return patch.spots[slide.usable[patch.spots]]


def _in_target(slide: Slide, patch: Patch) -> npt.NDArray[np.int64]:
    """Return usable spots that are measured in the patch's target state, the painted ones left out."""
    target = patch.target.get("perturbation", patch.target.get(slide.columns.perturbation or ""))
    rows = np.flatnonzero((slide.state_of == target) & slide.usable)
    return np.setdiff1d(rows, patch.spots).astype(np.int64)


def _change(
    slide: Slide, painted: npt.NDArray[np.int64], sources: npt.NDArray[np.int64], weight: Floats, genes: Sequence[str]
) -> Floats:
    columns = slide.genes.get_indexer(pd.Index(list(genes)))
    before = _mean(slide, painted, np.ones(len(painted)), columns)
    after = _mean(slide, sources, weight, columns)
    change: Floats = np.log(after / before)
    return change


def _mean(slide: Slide, rows: npt.NDArray[np.int64], weight: Floats, columns: npt.NDArray[np.int64]) -> Floats:
    """Return weighted mean counts (G,) at the median library size."""
    share = weight / weight.sum() / slide.size_factors[rows]
    total = np.asarray(slide.counts[rows][:, columns].T @ share, dtype=np.float64)
    mean: Floats = total + PSEUDO_COUNT / len(rows)
    return mean
