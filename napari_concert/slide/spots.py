"""What was measured where: counts and positions, before columns have a meaning. Axis order is decided here alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.slide.counts import Counts, digest_of
from napari_concert.slide.units import Units

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Spots:
    """Spots with counts and positions. Row ``i`` of the file is spot ``i`` everywhere.

    Attributes
    ----------
    measured
        Raw counts, wherever the file kept them, with the names of spots and genes.
    raw_coords
        (n_spots, 2 or 3) x, y[, z] in the file's own units; NaN where missing.
    units
        What a coordinate unit is.
    """

    measured: Counts
    raw_coords: Floats
    units: Units

    # -- counts -----------------------------------------------------------------------------------------------------

    @property
    def n_spots(self) -> int:
        """Rows of the file."""
        return len(self.measured.spot_names)

    @property
    def n_genes(self) -> int:
        """Genes of the file."""
        return len(self.measured.genes)

    @property
    def genes(self) -> pd.Index:
        """Gene names."""
        return self.measured.genes

    @property
    def spot_names(self) -> pd.Index:
        """Spot names."""
        return self.measured.spot_names

    @property
    def counts(self) -> sparse.csr_matrix:
        """Raw counts (n_spots, n_genes) of all rows."""
        return self.measured.matrix

    @property
    def counts_source(self) -> str:
        """Where the counts were found: "X", "layers['counts']" or "raw.X"."""
        return self.measured.source

    @property
    def totals(self) -> Floats:
        """Total counts (n_spots,) over all genes of the file."""
        return self.measured.totals

    @property
    def median_total(self) -> float:
        """Median total over spots with any counts."""
        return self.measured.median_total

    @property
    def size_factors(self) -> Floats:
        """Totals / median total (n_spots,)."""
        return self.totals / max(self.median_total, 1e-300)

    def gene(self, name: str) -> Floats:
        """Return a gene's raw counts (n_spots,).

        Raises
        ------
        UnknownName
            If the slide has no such gene; it suggests the nearest names.
        """
        return self.measured.gene(name)

    def normalised(self, name: str) -> Floats:
        """Return a gene's counts at the median library size (n_spots,): count × median total / total; NaN if empty."""
        totals = np.where(self.totals > 0, self.totals, np.nan)
        return self.gene(name) * self.median_total / totals

    @cached_property
    def fingerprint(self) -> str:
        """Hex string of spot names, gene names, total counts and coordinates in the file's units, whatever the path."""
        places = np.asarray(self.raw_coords + 0.0, dtype="<f8")  # + 0.0 makes -0.0 the same as 0.0
        return digest_of(self.measured.digest, str(places.shape).encode(), places.tobytes()).hex()

    @cached_property
    def contents(self) -> str:
        """Hex string of spot names and total counts: the same in any order of spots, wherever they lie."""
        spots = sorted(f"{name}\t{total:.17g}" for name, total in zip(self.spot_names, self.totals, strict=True))
        return digest_of("\0".join(spots).encode("utf-8", "surrogatepass")).hex()

    # -- positions --------------------------------------------------------------------------------------------------

    @staticmethod
    def from_napari(points: npt.ArrayLike) -> Floats:
        """Return positions (…, d) given in napari's axis order as x, y[, z]."""
        return np.asarray(points, dtype=np.float64)[..., ::-1]
