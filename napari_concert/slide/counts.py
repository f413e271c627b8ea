"""Raw counts of a file and what follows from them alone: shared by all readings of one slide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.errors import UnknownName

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Counts:
    """Raw counts with the names of their rows and columns.

    A slide read with other columns or units keeps the same object, and with it all that was computed from it.

    Attributes
    ----------
    matrix
        Sparse (n_spots, n_genes) whole numbers of at least 0.
    spot_names, genes
        Names of its rows and columns.
    source
        Where the file kept it: "X", "layers['counts']" or "raw.X".
    """

    matrix: sparse.csr_matrix
    spot_names: pd.Index
    genes: pd.Index
    source: str = "X"

    @cached_property
    def totals(self) -> Floats:
        """Total counts (n_spots,) over all genes."""
        totals, starts = np.zeros(self.matrix.shape[0]), self.matrix.indptr
        filled = np.diff(starts) > 0
        # single precision would lose counts beyond 2**24
        totals[filled] = np.add.reduceat(self.matrix.data, starts[:-1][filled], dtype=np.float64)
        return totals

    @cached_property
    def median_total(self) -> float:
        """Median total over spots with any counts; 0 if there is none."""
        return float(np.median(self.totals[self.totals > 0])) if (self.totals > 0).any() else 0.0

    @cached_property
    def spots_of_gene(self) -> npt.NDArray[np.int64]:
        """In how many spots (n_genes,) each gene was counted."""
        return np.asarray(self.matrix.getnnz(axis=0), dtype=np.int64)

    @cached_property
    def by_gene(self) -> sparse.csc_matrix:
        """The same counts, stored so that one gene is read at once."""
        return sparse.csc_matrix(self.matrix)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.genes)}

    def gene(self, name: str) -> Floats:
        """Return a gene's counts (n_spots,).

        Raises
        ------
        UnknownName
            If there is no such gene; it suggests the nearest names.
        """
        if name not in self._position:
            raise UnknownName("gene", name, self.genes)
        position, columns = self._position[name], self.by_gene
        filled = slice(*columns.indptr[position : position + 2].tolist())
        values = np.zeros(len(self.spot_names))
        values[columns.indices[filled]] = columns.data[filled]
        return values

    @cached_property
    def digest(self) -> bytes:
        """Digest of names and totals: the same for the same content, however and wherever it is stored."""
        return digest_of(_joined(self.spot_names), _joined(self.genes), self.totals.astype("<f8").tobytes())


def digest_of(*parts: bytes) -> bytes:
    """Return 16 bytes that differ if any part does, or where one part ends and the next begins."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return found.digest()


def _joined(names: Iterable[str]) -> bytes:
    return "\0".join(names).encode("utf-8", "surrogatepass")
