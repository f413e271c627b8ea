"""Slide: an AnnData and what its columns mean. The only place where axis order is decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.slide.columns import Columns, as_labels, is_categorical, is_continuous, natural_key
from napari_concert.slide.geometry import SPOT_SHARE, Geometry, geometry_of
from napari_concert.slide.summary import describe
from napari_concert.slide.units import Units

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Slide:
    """Spots of one file. Row ``i`` of the file is spot ``i`` everywhere; ``with_*`` return new slides.

    Attributes
    ----------
    adata
        As read; never modified.
    columns, units
        What its obs columns mean, and what a coordinate unit is.
    name, path
        How it is called, and where it came from.
    raw_counts
        Sparse (n_spots, n_genes) raw counts, wherever the file kept them.
    raw_coords
        (n_spots, 2 or 3) x, y[, z] in the file's own units; NaN where missing.
    counts_source
        Where the counts were found: "X", "layers['counts']" or "raw.X".
    registered
        Whether sections share one coordinate frame, so that effects may pass through z.
    notes
        Odd things found while reading, in plain words.
    """

    adata: AnnData
    raw_counts: sparse.csr_matrix
    raw_coords: Floats
    columns: Columns
    units: Units
    name: str = "slide"
    path: Path | None = None
    counts_source: str = "X"
    registered: bool = False
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for role in ("perturbation", "tissue", "section"):
            self._require(getattr(self.columns, role), role)
        for name in self.columns.continuous:
            self._require(name, "continuous")
            self.values(name)
        if self.columns.perturbation is not None:
            for value in self.columns.control:
                if value not in self.categories(self.columns.perturbation):
                    raise UnknownName("state (control)", value, self.categories(self.columns.perturbation))

    def _require(self, name: str | None, role: str) -> None:
        if name is not None and name not in self.adata.obs:
            raise UnknownName(f"obs column (for {role})", name, [str(c) for c in self.adata.obs.columns])

    # -- sizes and names --------------------------------------------------------------------------------------------

    @property
    def n_spots(self) -> int:
        """Rows of the file."""
        return int(self.raw_counts.shape[0])

    @property
    def n_genes(self) -> int:
        """Genes of the file."""
        return int(self.raw_counts.shape[1])

    @cached_property
    def genes(self) -> pd.Index:
        """Gene names."""
        return pd.Index([str(name) for name in self.adata.var_names])

    @cached_property
    def spot_names(self) -> pd.Index:
        """Spot names."""
        return pd.Index([str(name) for name in self.adata.obs_names])

    # -- counts -----------------------------------------------------------------------------------------------------

    @property
    def counts(self) -> sparse.csr_matrix:
        """Raw counts (n_spots, n_genes) of all rows."""
        return self.raw_counts

    @cached_property
    def totals(self) -> Floats:
        """Total counts (n_spots,) over all genes of the file."""
        return np.asarray(self.raw_counts.sum(axis=1), dtype=np.float64).ravel()

    @cached_property
    def median_total(self) -> float:
        """Median total over spots with any counts."""
        return float(np.median(self.totals[self.totals > 0])) if (self.totals > 0).any() else 0.0

    @property
    def size_factors(self) -> Floats:
        """Totals / median total (n_spots,)."""
        return self.totals / max(self.median_total, 1e-300)

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which spots (n_spots,) have counts and finite coordinates: only these are modelled."""
        return (self.totals > 0) & np.isfinite(self.raw_coords).all(axis=1)

    @cached_property
    def _columns_of_genes(self) -> sparse.csc_matrix:
        return sparse.csc_matrix(self.raw_counts)

    @cached_property
    def _gene_rows(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.genes)}

    def gene(self, name: str) -> Floats:
        """Return a gene's raw counts (n_spots,).

        Raises
        ------
        UnknownName
            If the slide has no such gene; it suggests the nearest names.
        """
        if name not in self._gene_rows:
            raise UnknownName("gene", name, self.genes)
        column = self._columns_of_genes[:, [self._gene_rows[name]]]
        return np.asarray(column.toarray(), dtype=np.float64).ravel()

    def normalised(self, name: str) -> Floats:
        """Return a gene's counts at the median library size (n_spots,): count × median total / total; NaN if empty."""
        totals = np.where(self.totals > 0, self.totals, np.nan)
        return self.gene(name) * self.median_total / totals

    # -- places -----------------------------------------------------------------------------------------------------

    @cached_property
    def coords(self) -> Floats:
        """Positions (n_spots, d): x, y[, z] in µm where the units are known, else in plain units."""
        return self.raw_coords * (self.units.um_per_unit or 1.0)

    @property
    def napari_coords(self) -> Floats:
        """Positions in napari's axis order: (y, x) or (z, y, x)."""
        return self.coords[:, ::-1]

    @staticmethod
    def from_napari(points: npt.ArrayLike) -> Floats:
        """Return positions (…, d) given in napari's axis order as x, y[, z]."""
        return np.asarray(points, dtype=np.float64)[..., ::-1]

    @property
    def has_z(self) -> bool:
        """Whether coordinates are 3D."""
        return bool(self.raw_coords.shape[1] == 3)

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Place ids (n_spots,): spots in different places never influence each other."""
        section = self.columns.section
        if section is None or (self.has_z and self.registered):
            return np.zeros(self.n_spots, dtype=np.int64)
        codes, _ = pd.factorize(pd.Series(self.labels(section)), use_na_sentinel=False)
        return codes.astype(np.int64)

    @cached_property
    def geometry(self) -> Geometry:
        """The lattice: pitch, kind and area per spot."""
        return geometry_of(self.coords, self.places)

    @property
    def pitch(self) -> float:
        """Median distance between nearest spots of one plane, in coordinate units."""
        return self.geometry.pitch

    @property
    def lattice(self) -> str:
        """Return "hex", "square" or "irregular"."""
        return self.geometry.lattice

    @property
    def spot_diameter(self) -> float:
        """Diameter to draw a spot at, in coordinate units: 0.55 of the pitch, as on a Visium slide (55 of 100 µm)."""
        return SPOT_SHARE * self.pitch

    @property
    def spot_area(self) -> Floats:
        """Area (n_spots,) that belongs to each spot: lattice cell or clipped Voronoi cell, in squared units."""
        return self.geometry.area

    def area(self, rows: npt.ArrayLike) -> float:
        """Return the area of some spots, in squared coordinate units."""
        return float(np.nansum(self.spot_area[np.asarray(rows)]))

    # -- obs --------------------------------------------------------------------------------------------------------

    @cached_property
    def categorical_columns(self) -> tuple[str, ...]:
        """Columns that can be read as labels."""
        return tuple(str(name) for name in self.adata.obs if is_categorical(self.adata.obs[name]))

    @cached_property
    def continuous_columns(self) -> tuple[str, ...]:
        """Columns of numbers that vary."""
        return tuple(str(name) for name in self.adata.obs if is_continuous(self.adata.obs[name]))

    def labels(self, column: str) -> Labels:
        """Return a column as strings (n_spots,), None where missing.

        Raises
        ------
        UnknownName
            If there is no such column.
        """
        self._require(column, "labels")
        return as_labels(self.adata.obs[column])

    def categories(self, column: str) -> tuple[str, ...]:
        """Return a column's distinct labels in natural order."""
        return tuple(sorted({label for label in self.labels(column) if label is not None}, key=natural_key))

    def values(self, column: str) -> Floats:
        """Return a numeric column (n_spots,), NaN where missing.

        Raises
        ------
        ConcertError
            If it does not hold numbers.
        """
        self._require(column, "values")
        try:
            return self.adata.obs[column].astype(np.float64).to_numpy()
        except (TypeError, ValueError) as error:
            raise ConcertError(
                f"Column {column!r} does not hold numbers ({error}); choose a numeric column."
            ) from error

    @cached_property
    def state_of(self) -> Labels:
        """State (n_spots,) of each spot, None where unknown."""
        return self._known(self.columns.perturbation)

    @cached_property
    def tissue_of(self) -> Labels:
        """Tissue (n_spots,) of each spot, None where unknown."""
        return self._known(self.columns.tissue)

    def _known(self, column: str | None) -> Labels:
        if column is None:
            return np.full(self.n_spots, None, dtype=object)
        labels = self.labels(column)
        labels[np.isin(labels.astype(str), self.columns.unknown)] = None
        return labels

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Known values of the perturbation column on usable spots, controls first."""
        found = _in_order(self.state_of[self.usable])
        controls = tuple(state for state in self.columns.control if state in found)
        return controls + tuple(state for state in found if state not in controls)

    @cached_property
    def tissues(self) -> tuple[str, ...]:
        """Known values of the tissue column on usable spots."""
        return _in_order(self.tissue_of[self.usable])

    # -- other readings of the same file ----------------------------------------------------------------------------

    def with_columns(self, columns: Columns) -> Self:
        """Return the slide with its columns read otherwise."""
        return replace(self, columns=columns)

    def with_um_per_unit(self, um_per_unit: float) -> Self:
        """Return the slide with its coordinate unit set by the user.

        Raises
        ------
        ConcertError
            If it is not a positive number.
        """
        if not (np.isfinite(um_per_unit) and um_per_unit > 0):
            raise ConcertError(f"A coordinate unit must be a positive number of µm; got {um_per_unit}.")
        return replace(self, units=Units(float(um_per_unit), "set by the user"))

    def with_pitch_um(self, pitch_um: float) -> Self:
        """Return the slide with units such that its spot pitch is ``pitch_um`` µm."""
        return self.with_um_per_unit(pitch_um / (self.pitch / (self.units.um_per_unit or 1.0)))

    def with_registered(self, registered: bool) -> Self:
        """Return the slide with its sections in one frame, or apart."""
        return replace(self, registered=registered)

    def with_labels(self, column: str, labels: npt.ArrayLike) -> Self:
        """Return the slide with a new (or rewritten) label column; the original AnnData stays as it is."""
        from anndata import AnnData

        obs = self.adata.obs.copy()
        obs[column] = pd.Categorical(np.asarray(labels, dtype=object))
        changed = AnnData(
            X=self.raw_counts, obs=obs, var=self.adata.var, uns=self.adata.uns, obsm=dict(self.adata.obsm)
        )
        return replace(self, adata=changed)

    def describe(self) -> dict[str, Any]:
        """Return what the slide is, as JSON values (``napari-concert info``)."""
        return describe(self)


def _in_order(labels: Labels) -> tuple[str, ...]:
    return tuple(sorted({label for label in labels if label is not None}, key=natural_key))
