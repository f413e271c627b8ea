"""Which spots are neighbours, and which hang together through neighbours."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError
from napari_concert.selection.window import SLACK

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.int64]
Pairs: TypeAlias = tuple[Codes, Codes]


def links(points: Floats, step: float) -> Pairs:
    """Give the pairs of positions in ``points`` (n, d) at most ``step`` apart, each once: ones (m,) and others (m,)."""
    # the tree is used once: a balanced one would take longer to build than it saves
    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
    pairs = tree.query_pairs(step * (1 + SLACK), output_type="ndarray")
    return np.ascontiguousarray(pairs[:, 0], np.int64), np.ascontiguousarray(pairs[:, 1], np.int64)


def groups(n: int, pairs: Pairs) -> Codes:
    """Give the group (n,) of each of ``n`` things, where linked ones share a group."""
    graph = coo_array((np.ones(len(pairs[0])), pairs), shape=(n, n)).tocsr()
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def checked_step(step: float) -> float:
    """Give the distance between neighbours as it is.

    Raises
    ------
    ConcertError
        If it is not a positive length.
    """
    if not 0 < step < np.inf:
        raise ConcertError(
            f"The distance between neighbours must be a positive length, not {step}. "
            "Give about 1.5 times the distance between spots."
        )
    return step
