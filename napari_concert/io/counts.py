"""Find the raw counts of a file, wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from anndata import AnnData

LIKELY_LAYERS = ("counts", "raw_counts", "raw", "count", "umi", "spliced")


def find_counts(adata: AnnData) -> tuple[sparse.csr_matrix, str]:
    """Return the raw counts (n_spots, n_genes) and where they were: X, a layer, or ``.raw``.

    Raises
    ------
    ConcertError
        If nothing in the file holds whole numbers of at least 0.
    """
    seen = []
    for source, matrix in _candidates(adata):
        if matrix is None or matrix.shape != adata.shape:
            continue
        if is_counts(matrix):
            return as_counts(matrix), source
        seen.append(source)
    raise ConcertError(
        f"No raw counts found: {', '.join(seen) or 'the file'} holds fractions or negative numbers (normalised or scaled?). "
        "CONCERT models raw counts; keep them in X, layers['counts'] or .raw before normalising, and save again."
    )


def _candidates(adata: AnnData) -> Iterator[tuple[str, Any]]:
    yield "X", adata.X
    layers = [name for name in LIKELY_LAYERS if name in adata.layers]
    for name in [*layers, *(name for name in adata.layers if name not in layers)]:
        yield f"layers[{name!r}]", adata.layers[name]
    if adata.raw is not None and adata.raw.var_names.equals(adata.var_names):
        yield "raw.X", adata.raw.X


def is_counts(matrix: Any) -> bool:
    """Whether a matrix holds only whole numbers of at least 0."""
    values = matrix.data if sparse.issparse(matrix) else np.asarray(matrix)
    if values.size == 0:
        return True
    if not np.issubdtype(values.dtype, np.number):
        return False
    return bool(np.isfinite(values).all() and values.min() >= 0 and (values == np.floor(values)).all())


def as_counts(matrix: Any) -> sparse.csr_matrix:
    """Return counts as CSR in single precision, explicit zeros removed."""
    counts = sparse.csr_matrix(matrix, dtype=np.float32)
    counts.eliminate_zeros()
    counts.sum_duplicates()
    return counts
