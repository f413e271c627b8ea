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
    """Spots to take an answer from, (n,) rows, how much each of them counts, (n,), and those of each spot (m, k)."""

    rows: Rows
    weight: Floats
    each: Rows


def mean_shift(slide: Slide, patch: Patch, genes: Sequence[str]) -> Floats | None:
    """Return the change (G,) from the painted spots to all spots in the target state, natural log of mean counts.

    None where there is no spot to compare.
    """
    rows, painted = in_target(slide, patch), usable(slide, patch)
    return shift_between(slide, painted, _all(rows), genes) if len(rows) and len(painted) else None


def nearest_in_target(slide: Slide, patch: Patch, genes: Sequence[str], k: int = NEAREST) -> Floats | None:
    """Return the same from the ``k`` spots in the target state that are nearest to each painted spot."""
    rows, painted = in_target(slide, patch), usable(slide, patch)
    if not len(rows) or not len(painted):
        return None
    return shift_between(slide, painted, nearest_to(slide, painted, rows, k), genes)


def nearest_to(slide: Slide, spots: Rows, rows: Rows, k: int) -> Sources:
    """Return the ``k`` of some rows that are nearest to each spot, and how often each of them is among these."""
    near = cKDTree(slide.coords[rows]).query(slide.coords[spots], k=min(k, len(rows)))[1].reshape(len(spots), -1)
    return Sources(rows, np.bincount(near.ravel(), minlength=len(rows)).astype(np.float64), rows[near])


def shift_between(slide: Slide, spots: Rows, found: Sources, genes: Sequence[str]) -> Floats:
    """Return the change (G,) from some spots to others, natural log of mean counts."""
    after, before = mean_level(slide, found.rows, genes, found.weight), mean_level(slide, spots, genes)
    change: Floats = np.log(after / before)
    return change


def mean_level(slide: Slide, rows: Rows, genes: Sequence[str], weight: Floats | None = None) -> Floats:
    """Return the weighted mean counts (G,) of some usable spots at the median library size, never 0."""
    return mean_counts(slide, rows, genes, weight) + PSEUDO_COUNT / len(rows)


def mean_counts(slide: Slide, rows: Rows, genes: Sequence[str], weight: Floats | None = None) -> Floats:
    """Return the same as it was measured: 0 where none of the spots has the gene."""
    each = np.ones(len(rows)) if weight is None else weight
    columns = slide.genes.get_indexer(pd.Index(list(genes)))
    return np.asarray(slide.counts[rows][:, columns].T @ (each / each.sum() / slide.size_factors[rows]), np.float64)


def usable(slide: Slide, patch: Patch) -> Rows:
    """Return the painted spots that have counts and coordinates."""
    return patch.spots[slide.usable[patch.spots]]


def in_target(slide: Slide, patch: Patch) -> Rows:
    """Return usable spots that are measured in the patch's target state, the painted ones left out."""
    target = patch.target.get("perturbation", patch.target.get(slide.columns.perturbation or ""))
    rows = np.flatnonzero((slide.state_of == target) & slide.usable)
    return np.setdiff1d(rows, patch.spots).astype(np.int64)


def _all(rows: Rows) -> Sources:
    return Sources(rows, np.ones(len(rows)), rows[None])
