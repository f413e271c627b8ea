"""Slide: an AnnData and what its columns mean."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.patches import as_rows
from napari_concert.slide.columns import Columns
from napari_concert.slide.geometry import Geometry, geometry_of
from napari_concert.slide.image import SlideImage
from napari_concert.slide.obs import as_labels, as_values, in_order, is_categorical, is_continuous
from napari_concert.slide.places import coincident, notes_on_places, plane_codes
from napari_concert.slide.spots import Spots
from napari_concert.slide.stack import Stack
from napari_concert.slide.summary import describe
from napari_concert.slide.table import with_obs
from napari_concert.slide.units import CHOSEN, Units

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]

SPOT_SHARE = {"hex": 0.55, "square": 0.5, "irregular": 0.55}  # of the pitch: Visium 55 / 100 µm, first arrays 100 / 200
BIN_PITCH_UM = 20.0  # squares closer than this are Visium HD bins, which touch


@dataclass(frozen=True, eq=False)
class Slide(Spots):
    """Spots of one file, and what its columns mean; ``with_*`` return other readings, which share the counts.

    Attributes
    ----------
    adata
        The table that was read; never modified.
    columns
        What its obs columns mean.
    name, path
        How it is called, and where it came from.
    registered
        Whether sections share one coordinate frame, so that effects may pass through z.
    file_notes
        Odd things found while reading, in plain words.
    image
        The picture of the tissue, read when it is asked for; None where the file has none.
    stack
        How its sections were put in space by the user; None where they lie as in the file.
    left_out
        Spots (rows) that are taken as not measured.
    """

    adata: AnnData
    columns: Columns
    name: str = "slide"
    path: Path | None = None
    registered: bool = False
    file_notes: tuple[str, ...] = field(default=())
    image: SlideImage | None = None
    stack: Stack | None = None
    left_out: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    def __post_init__(self) -> None:
        for role in ("perturbation", "tissue", "section"):
            self._require(getattr(self.columns, role), role)
        for name in self.columns.continuous:
            self.values(name)
        if self.columns.perturbation is not None:
            known = self.categories(self.columns.perturbation)
            for value in set(self.columns.control).difference(known):
                raise UnknownName(f"state (control) in column {self.columns.perturbation!r}", value, known)
        for name in () if self.stack is None else self.stack.order:
            if name not in self.sections:
                raise UnknownName("section", name, self.sections)

    def _require(self, name: str | None, role: str) -> None:
        if name is not None and name not in self.adata.obs:
            raise UnknownName(f"obs column (for {role})", name, [str(c) for c in self.adata.obs.columns])

    # -- places -------------------------------------------------------------------------------------------------------

    @cached_property
    def coords(self) -> Floats:
        """Positions (n_spots, d): x, y[, z] in µm where the units are known, else in plain units."""
        if self.stack is None or self.columns.section is None:
            return self.raw_coords * self.units.factor
        return self.stack.place(self.raw_coords, self.labels(self.columns.section), self.units.factor)

    @property
    def napari_coords(self) -> Floats:
        """Positions in napari's axis order: (y, x) or (z, y, x)."""
        return self.coords[:, ::-1]

    @property
    def has_z(self) -> bool:
        """Whether coordinates are 3D."""
        return self.stack is not None or self.raw_coords.shape[1] == 3

    @cached_property
    def usable(self) -> npt.NDArray[np.bool_]:
        """Which spots (n_spots,) have counts and finite coordinates, and are not left out: only these are modelled."""
        usable = (self.totals > 0) & np.isfinite(self.coords).all(axis=1)
        usable[self.left_out] = False
        return usable

    @cached_property
    def sections(self) -> tuple[str, ...]:
        """Names of the sections in natural order; none where no column tells them."""
        return () if self.columns.section is None else self.categories(self.columns.section)

    @cached_property
    def planes(self) -> npt.NDArray[np.int64]:
        """Plane ids (n_spots,): one for each section, or for each z where no column tells sections."""
        section = self.columns.section
        return plane_codes(self.raw_coords, None if section is None else self.labels(section))

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Place ids (n_spots,): spots in different places never influence each other."""
        return np.zeros(self.n_spots, dtype=np.int64) if self.has_z and self.registered else self.planes

    @cached_property
    def geometry(self) -> Geometry:
        """The lattice: pitch, kind and area per spot."""
        return geometry_of(self.coords, self.planes)

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
        """Diameter to draw a spot at, in coordinate units: the physical one, as a share of the pitch."""
        touching = self.units.um_per_unit is not None and self.lattice == "square" and self.pitch < BIN_PITCH_UM
        return self.pitch if touching else SPOT_SHARE[self.lattice] * self.pitch

    @property
    def spot_area(self) -> Floats:
        """Area (n_spots,) that belongs to each spot: lattice cell or clipped Voronoi cell, in squared units."""
        return self.geometry.area

    def area(self, rows: npt.ArrayLike) -> float:
        """Return the area of some spots (rows or a mask), in squared coordinate units."""
        return float(np.nansum(self.spot_area[np.asarray(rows)]))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Odd things the user should know, in plain words: those of the file, and of how its sections are read."""
        planes, places = (len(np.unique(codes)) for codes in (self.planes, self.places))
        double = coincident(self.coords, self.places)
        said = [f"{double} spots lie exactly where another one does."] if double else []
        return (*self.file_notes, *said, *notes_on_places(planes, places, self.has_z, self.registered))

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
        return in_order(self.labels(column))

    def values(self, column: str) -> Floats:
        """Return a numeric column (n_spots,), NaN where missing.

        Raises
        ------
        ConcertError
            If it is missing or does not hold numbers.
        """
        self._require(column, "numbers")
        return as_values(self.adata.obs[column])

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
        found = in_order(self.state_of[self.usable])
        controls = tuple(state for state in self.columns.control if state in found)
        return controls + tuple(state for state in found if state not in controls)

    @cached_property
    def tissues(self) -> tuple[str, ...]:
        """Known values of the tissue column on usable spots."""
        return in_order(self.tissue_of[self.usable])

    # -- other readings of the same file ----------------------------------------------------------------------------

    def with_columns(self, columns: Columns) -> Self:
        """Return the slide with its columns read otherwise; other sections are no more in the stack of the old ones."""
        stack = self.stack if columns.section == self.columns.section else None
        return replace(self, columns=columns, stack=stack)

    def with_um_per_unit(self, um_per_unit: float) -> Self:
        """Return the slide with its coordinate unit set by the user.

        Raises
        ------
        ConcertError
            If it is not a positive number.
        """
        if not (np.isfinite(um_per_unit) and um_per_unit > 0):
            raise ConcertError(f"A coordinate unit must be a positive number of µm; got {um_per_unit}.")
        return replace(self, units=Units(float(um_per_unit), CHOSEN))

    def with_pitch_um(self, pitch_um: float) -> Self:
        """Return the slide with units such that its spot pitch is ``pitch_um`` µm, a positive number."""
        return self.with_um_per_unit(pitch_um / (self.pitch / self.units.factor))

    def without(self, rows: npt.ArrayLike) -> Self:
        """Return the slide as if some spots (rows or a mask), and no others, were not measured; all keep their row."""
        return replace(self, left_out=as_rows(rows))

    def with_registered(self, registered: bool) -> Self:
        """Return the slide with its sections in one frame, or apart."""
        return replace(self, registered=registered)

    def with_stack(self, stack: Stack | None) -> Self:
        """Return the slide with its sections put in space, or as they lie in the file.

        Raises
        ------
        ConcertError
            If no column tells sections, or the slide has no such section.
        """
        if stack is not None and self.columns.section is None:
            raise ConcertError("No column tells the sections of this slide; choose one (section) first.")
        return replace(self, stack=stack)

    def with_labels(self, column: str, labels: npt.ArrayLike) -> Self:
        """Return the slide with a new (or rewritten) label column; the original AnnData stays as it is.

        Where it is the perturbation's column, controls that no spot has any more are forgotten.

        Raises
        ------
        ConcertError
            If there is not one label a spot.
        """
        given = np.asarray(labels, dtype=object)
        if given.shape != (self.n_spots,):
            raise ConcertError(f"Column {column!r} needs {self.n_spots} labels, one a spot; got shape {given.shape}.")
        columns = self.columns
        if column == columns.perturbation:
            columns = replace(columns, control=tuple(name for name in columns.control if name in set(given)))
        return replace(self, columns=columns, adata=with_obs(self.adata, **{column: pd.Categorical(given)}))

    def describe(self) -> dict[str, Any]:
        """Return what the slide is, as JSON values (``napari-concert info``)."""
        return describe(self)
