"""Find the raw counts of a file, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import sparse

from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from anndata import AnnData

LIKELY_LAYERS = ("counts", "raw_counts", "raw", "count", "umi", "spliced")
RAW = "raw.X"


@dataclass(frozen=True, eq=False)
class Found:
    """Raw counts (n_spots, n_genes), where they were, and ``var`` of their genes."""

    matrix: sparse.csr_matrix
    source: str
    var: pd.DataFrame


def find_counts(adata: AnnData) -> Found:
    """Return the raw counts of a file: those in X, else in a layer, else in ``.raw``.

    ``.raw`` often has genes that X lacks, because X was narrowed to the highly variable ones: its own genes are taken.

    Raises
    ------
    ConcertError
        If nothing in the file holds whole numbers of at least 0.
    """
    seen = []
    for source, matrix, var in _candidates(adata):
        problem = not_counts(matrix)
        if problem is None:
            return Found(as_counts(matrix), source, var)
        seen.append(f"{source} holds {problem}")
    raise ConcertError(
        f"No raw counts found: {'; '.join(seen) or 'the file holds no matrix'}. CONCERT models raw counts, not "
        "normalised or scaled values: keep them in X, layers['counts'] or .raw before normalising, and save again."
    )


def _candidates(adata: AnnData) -> Iterator[tuple[str, Any, pd.DataFrame]]:
    if adata.X is not None:
        yield "X", adata.X, adata.var
    likely = [name for name in LIKELY_LAYERS if name in adata.layers]
    for name in dict.fromkeys([*likely, *adata.layers]):
        yield f"layers[{name!r}]", adata.layers[name], adata.var
    if adata.raw is not None:
        yield RAW, adata.raw.X, adata.raw.var


def not_counts(matrix: Any) -> str | None:
    """Return what a matrix holds instead of raw counts, in words; None if it holds counts."""
    values = np.asarray(getattr(matrix, "data", matrix) if sparse.issparse(matrix) else matrix)
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
        return f"values of type {values.dtype}"
    if not values.size or values.dtype == bool:
        return None
    if not np.isfinite(values).all():
        return "missing or infinite values"
    if values.min() < 0:
        return f"negative numbers (down to {values.min():.3g})"
    if np.issubdtype(values.dtype, np.integer):
        return None
    broken = values != np.floor(values)
    return f"fractions (such as {values[broken][0]:.3g})" if broken.any() else None


def as_counts(matrix: Any) -> sparse.csr_matrix:
    """Return counts as CSR in single precision, duplicates summed and explicit zeros removed; the input is kept."""
    counts = sparse.csr_matrix(matrix, dtype=np.float32)
    if not counts.has_canonical_format or not counts.data.all():
        counts = counts.copy()  # a CSR input shares its arrays
        counts.sum_duplicates()
        counts.eliminate_zeros()
    return counts
