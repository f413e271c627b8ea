"""Simple answers to a what-if, to print beside the model: what a look at the spots in the target state would say.

They read measured counts at the median library size and know nothing of a spill-over: around a patch they say 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_concert.patches import Patch
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEAREST = 6
PSEUDO_COUNT = 0.5  # a gene that one side lacks has a change all the same


class Sources(NamedTuple):
    """Spots to take an answer from, (n,) rows, and how much each of them counts, (n,)."""

    rows: Rows
    weight: Floats


def sources(slide: Slide, patch: Patch, k: int | None = None) -> Sources | None:
    """Return the usable spots measured in the patch's target state, or how often each is among the ``k`` nearest.

    None where the patch has no target state, or no usable spot is in it or painted.
    """
    rows, painted = _in_target(slide, patch), _usable(slide, patch)
    if not len(rows) or not len(painted):
        return None
    if k is None:
        return Sources(rows, np.ones(len(rows)))
    near = cKDTree(slide.coords[rows]).query(slide.coords[painted], k=min(k, len(rows)))[1]
    return Sources(rows, np.bincount(near.ravel(), minlength=len(rows)).astype(np.float64))


def mean_shift(slide: Slide, patch: Patch, genes: Sequence[str]) -> Floats | None:
    """Return the change (G,) from the painted spots to all spots in the target state, natural log of mean counts.

    None where there is no spot to compare.
    """
    return shift_to(slide, patch, sources(slide, patch), genes)


def nearest_in_target(slide: Slide, patch: Patch, genes: Sequence[str], k: int = NEAREST) -> Floats | None:
    """Return the same from the ``k`` spots in the target state that are nearest to each painted spot."""
    return shift_to(slide, patch, sources(slide, patch, k), genes)


def shift_to(slide: Slide, patch: Patch, found: Sources | None, genes: Sequence[str]) -> Floats | None:
    """Return the change (G,) from the painted spots to some others, natural log of mean counts."""
    if found is None:
        return None
    after, before = (mean_level(slide, rows, genes, weight) for rows, weight in (found, (_usable(slide, patch), None)))
    change: Floats = np.log(after / before)
    return change


def mean_level(slide: Slide, rows: Rows, genes: Sequence[str], weight: Floats | None = None) -> Floats:
    """Return the weighted mean counts (G,) of some usable spots at the median library size."""
    each = np.ones(len(rows)) if weight is None else weight
    columns = slide.genes.get_indexer(pd.Index(list(genes)))
    total = np.asarray(slide.counts[rows][:, columns].T @ (each / each.sum() / slide.size_factors[rows]), np.float64)
    mean: Floats = total + PSEUDO_COUNT / len(rows)
    return mean


def _usable(slide: Slide, patch: Patch) -> Rows:
    return patch.spots[slide.usable[patch.spots]]


def _in_target(slide: Slide, patch: Patch) -> Rows:
    """Return usable spots that are measured in the patch's target state, the painted ones left out."""
    target = patch.target.get("perturbation", patch.target.get(slide.columns.perturbation or ""))
    rows = np.flatnonzero((slide.state_of == target) & slide.usable)
    return np.setdiff1d(rows, patch.spots).astype(np.int64)
