"""What expression says of where a spot lies: genes that vary smoothly across sections, and their leading components."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEAR = 6  # neighbours that tell whether a gene varies smoothly
REACH = 2.5  # pitches: farther spots are no neighbours
DETECTED = 0.05  # of all spots must have counted a gene for it to be looked at
MOST_VARIABLE = 1000  # genes, by variance within sections, whose smoothness is looked at
MOST_SMOOTH = 300  # genes, by smoothness, that align sections
SCORED = 50  # the smoothest of them, which score an alignment
COMPONENTS = 20


def logs(counts: sparse.csr_matrix, totals: Floats, size: float) -> sparse.csr_matrix:
    """Return log(1 + count × size / total) of spots, (n, n_genes)."""
    scale = np.repeat(size / totals, np.diff(counts.indptr)).astype(np.float32)
    values = np.log1p(counts.data.astype(np.float32) * scale)
    return sparse.csr_matrix((values, counts.indices, counts.indptr), shape=counts.shape)


def detected(counts: Sequence[sparse.csr_matrix]) -> Rows:
    """Return the genes that were counted in enough spots of all sections together."""
    spots = sum(part.shape[0] for part in counts)
    found = reduce(np.add, [part.getnnz(axis=0) for part in counts])
    return np.flatnonzero(found >= max(2, DETECTED * spots))


def variance(values: sparse.csr_matrix) -> Floats:
    """Return the variance (n_genes,) of one section's genes."""
    n, genes = values.shape
    mean, square = (np.bincount(values.indices, values.data**power, minlength=genes) / n for power in (1, 2))
    return np.asarray(square - mean**2)


def largest(values: Floats, most: int) -> Rows:
    """Return where the largest values are, in the order of the values' own places; of equal ones the first."""
    return np.sort(np.argsort(-values, kind="stable")[:most])


def nearest(tree: cKDTree, points: Floats, k: int = 1) -> tuple[Floats, Rows]:
    """Return distances (n, k) to the k nearest points of a tree, and which they are."""
    distance, rows = tree.query(points, k=np.arange(1, k + 1))
    return np.asarray(distance, dtype=np.float64), np.asarray(rows, dtype=np.int64)


class Neighbours:
    """Means over the spots around each spot of one section.

    Parameters
    ----------
    points
        (n, 2) in pitches.
    """

    def __init__(self, points: Floats) -> None:
        k = min(NEAR + 1, len(points))
        distance, near = nearest(cKDTree(points), points, k)
        self._near: Rows = near
        self._weight: Floats = np.exp(-(distance**2) / 2) * (distance < REACH)

    def smooth(self, values: Floats) -> Floats:
        """Return values (n, g) averaged over each spot and its neighbours."""
        return self._mean(self._weight, values)

    def around(self, values: Floats) -> Floats:
        """Return values (n, g) averaged over the neighbours alone; 0 where there are none."""
        others = self._weight.copy()
        others[:, 0] = 0.0  # the spot itself is its nearest one
        return self._mean(others, values)

    def _mean(self, weight: Floats, values: Floats) -> Floats:
        n, k = weight.shape
        weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
        matrix = sparse.csr_matrix((weight.ravel(), self._near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
        return np.asarray(matrix @ values)


def smoothness(values: Floats, neighbours: Neighbours) -> Floats:
    """Return Moran's I (n_genes,) of centred values (n, n_genes): how much a spot is like its neighbours."""
    spread = (values**2).sum(axis=0)
    return np.asarray((values * neighbours.around(values)).sum(axis=0) / np.maximum(spread, 1e-300))


def leading(smoothed: Sequence[Floats]) -> tuple[Floats, ...]:
    """Return the leading principal components of all sections' centred, smoothed genes, a section each."""
    covariance = reduce(np.add, [part.T @ part for part in smoothed])
    _, axes = np.linalg.eigh(covariance)
    return tuple(part @ axes[:, ::-1][:, :COMPONENTS] for part in smoothed)
