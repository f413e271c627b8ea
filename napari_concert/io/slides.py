"""Read slides: .h5ad, CONCERT's own .h5, and folders of Space Ranger."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.io.concert_h5 import read_concert
from napari_concert.io.counts import RAW, Found, find_counts
from napari_concert.io.spaceranger_files import is_space_ranger
from napari_concert.io.stacks import with_stored_stack
from napari_concert.slide import Columns, Counts, Slide, Units, guess_columns, guess_units, image_in
from napari_concert.slide.table import rebuilt
from napari_concert.slide.units import NOT_SAID

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]

SUFFIXES = (".h5ad", ".h5")
COORDINATE_KEYS = ("spatial", "X_spatial")
REGISTERED_KEYS = ("registered", "spatial_registered")


def read(
    path: str | Path,
    *,
    um_per_unit: float | None = None,
    registered: bool | None = None,
    columns: Columns | None = None,
) -> Slide:
    """Read a slide.

    Parameters
    ----------
    path
        An .h5ad (dense, CSR or CSC) with coordinates in ``obsm['spatial']`` or ``obsm['X_spatial']``, a CONCERT .h5
        with ``X``, ``pos``, ``perturbation``, ``gene`` and optionally ``tissue``, or a folder of Space Ranger: its
        ``outs``, the sample's folder that holds it, or a folder of Visium HD bins.
    um_per_unit
        µm of a coordinate unit; by default what the file says, if it does.
    registered
        Whether sections share one frame; by default what the file says (``uns['registered']``, or a stack of ours in
        ``uns['napari_concert_stack']``), else no.
    columns
        What the obs columns mean; by default guessed.

    Raises
    ------
    ConcertError
        If the file can't be read as a slide with raw counts and coordinates.
    """
    path = Path(path).expanduser()
    if is_space_ranger(path):
        slide = _from_space_ranger(path, registered, columns)
    else:
        slide = from_anndata(_load(path), name=path.stem, path=path, registered=registered, columns=columns)
    return slide if um_per_unit is None else slide.with_um_per_unit(um_per_unit)


def from_anndata(
    adata: AnnData,
    *,
    name: str = "slide",
    path: Path | None = None,
    registered: bool | None = None,
    columns: Columns | None = None,
) -> Slide:
    """Return the slide of an AnnData in memory, which is not modified.

    Raises
    ------
    ConcertError
        If it has no raw counts or no coordinates.
    """
    if 0 in adata.shape:
        raise ConcertError(f"{name} has {adata.n_obs} spots and {adata.n_vars} genes; a slide needs both.")
    coords = _coordinates(adata, name)
    found = find_counts(adata)
    notes = tuple(_oddities(adata, found, coords))
    adata = _with_unique_names(adata, found)
    spot_names, genes = (pd.Index([str(label) for label in names]) for names in (adata.obs_names, adata.var_names))
    slide = Slide(
        measured=Counts(found.matrix, spot_names, genes, found.source),
        raw_coords=coords,
        units=Units(None, "not looked for yet"),
        adata=adata,
        columns=columns or guess_columns(adata),
        name=name,
        path=path,
        registered=_says_registered(adata.uns) if registered is None else registered,
        file_notes=notes,
    )
    slide = _with_image(replace(slide, units=guess_units(adata.uns, lambda: slide.geometry)))
    return with_stored_stack(slide, columns, registered)


def _with_image(slide: Slide) -> Slide:
    """Return the slide with the image that its file holds, if that lies where the scale factors say."""
    image, spatial = image_in(slide.adata.uns), slide.adata.uns.get("spatial")
    said = guess_units({"spatial": spatial}, lambda: slide.geometry)
    if image is None or said.um_per_unit is not None or said.source == NOT_SAID:
        return replace(slide, image=image)
    note = "The image in uns['spatial'] is not shown: its scale factors do not fit the positions."
    return replace(slide, file_notes=(*slide.file_notes, note))


def _from_space_ranger(path: Path, registered: bool | None, columns: Columns | None) -> Slide:
    from napari_concert.io.spaceranger import read_space_ranger

    found = read_space_ranger(path)
    slide = from_anndata(found.adata, name=found.name, path=path, registered=registered, columns=columns)
    return replace(slide, image=found.image, file_notes=(*found.notes, *slide.file_notes))


def _load(path: Path) -> AnnData:
    suffix = path.suffix.lower()
    if path.is_dir():
        raise ConcertError(
            f"{path} is a folder, and not one of Space Ranger: it holds no filtered_feature_bc_matrix and no folder "
            "'spatial'. Open the folder 'outs', or an .h5ad."
        )
    if suffix not in SUFFIXES:
        raise ConcertError(
            f"{path.name} is not a slide this app reads ({', '.join(SUFFIXES)}). Save it as .h5ad first."
        )
    _check_is_hdf5(path)
    try:
        return _read_h5ad(path) if suffix == ".h5ad" else read_concert(path)
    except ConcertError:
        raise
    except Exception as error:  # the readers raise whatever their libraries do
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        remedy = f"It may be incomplete, or not an {suffix} slide: fetch or save it again."
        raise ConcertError(f"{path.name} can't be read ({reason}). {remedy}") from error


def _check_is_hdf5(path: Path) -> None:
    """Refuse what is no HDF5 file, with the reason: missing, not permitted, of another kind."""
    import h5py

    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError as error:
        raise ConcertError(f"There is no file {path}. Check the path.") from error
    except OSError as error:
        raise ConcertError(
            f"{path} can't be opened ({error.strerror or error}). Give an .h5ad that you may read."
        ) from error
    if not h5py.is_hdf5(path):
        what = "is empty" if empty else "is not an HDF5 file, whatever its name says"
        raise ConcertError(f"{path.name} {what}. Was its download or copy complete? Fetch or save it again.")


def _read_h5ad(path: Path) -> AnnData:
    from anndata import read_h5ad

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*names are not unique.*")  # reported as a note
        return read_h5ad(path)


def _coordinates(adata: AnnData, name: str) -> Floats:
    key = next((key for key in COORDINATE_KEYS if key in adata.obsm), None)
    if key is None:
        found = ", ".join(adata.obsm) or "none"
        raise ConcertError(f"{name} has no coordinates in obsm['spatial'] (obsm has: {found}). Put x, y[, z] there.")
    try:
        coords = np.array(adata.obsm[key], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConcertError(f"obsm[{key!r}] of {name} does not hold numbers ({error}). Put x, y[, z] there.") from error
    if coords.ndim != 2 or coords.shape[1] not in (2, 3):
        raise ConcertError(
            f"obsm[{key!r}] of {name} has shape {coords.shape}; it needs two or three columns: x, y[, z]."
        )
    coords[~np.isfinite(coords).all(axis=1)] = np.nan
    if np.isnan(coords).all():
        raise ConcertError(f"No spot of {name} has finite coordinates in obsm[{key!r}]. Put x, y[, z] there.")
    return coords


def _with_unique_names(adata: AnnData, found: Found) -> AnnData:
    """Return the table with the genes of its counts and unique names; the same object where nothing is to be done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # names that are not unique are reported as a note
        if found.source == RAW:
            adata = rebuilt(adata, X=found.matrix, var=found.var.copy())
        if adata.obs_names.is_unique and adata.var_names.is_unique:
            return adata
        adata = rebuilt(adata)
        adata.obs_names_make_unique()
        adata.var_names_make_unique()
    return adata


def _says_registered(uns: Mapping[str, Any]) -> bool:
    """Whether a file says, at any depth of ``uns``, that its sections share one frame."""
    for key, value in uns.items():
        if isinstance(value, Mapping):
            if _says_registered(value):
                return True
        elif key in REGISTERED_KEYS and np.size(value) == 1:
            text = np.asarray(value).ravel()[0]
            if str(text.decode() if isinstance(text, bytes) else text).lower() in ("true", "yes", "1"):
                return True
    return False


def _oddities(adata: AnnData, found: Found, coords: Floats) -> Iterator[str]:
    """Yield what is odd about a file, in plain words."""
    if found.source == RAW:
        yield f"Raw counts were found in .raw, with its {len(found.var)} genes; X holds something else."
    elif found.source != "X":
        yield f"Raw counts were found in {found.source}; X holds something else."
    elif adata.raw is not None and len(adata.raw.var) > adata.n_vars:
        yield (
            f"X has {adata.n_vars} genes and .raw has {len(adata.raw.var)}: those of X are read, and library sizes are "
            "theirs alone."
        )
    empty_spots = int((np.asarray(found.matrix.sum(axis=1)) == 0).sum())
    empty_genes = int((found.matrix.getnnz(axis=0) == 0).sum())
    without = int(np.isnan(coords[:, 0]).sum())
    if empty_spots:
        yield f"{empty_spots} spots have no counts: they are shown, not modelled."
    if empty_genes:
        yield f"{empty_genes} genes have no counts: they are not modelled."
    if without:
        yield f"{without} spots have no coordinates: they are kept in results as empty, not shown."
    if not adata.obs_names.is_unique:
        yield "Spot names are not unique: numbers were added to tell them apart."
    if not found.var.index.is_unique:
        yield "Gene names are not unique: numbers were added to tell them apart."
