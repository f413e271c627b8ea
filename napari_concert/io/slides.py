"""Read slides: .h5ad, and CONCERT's own .h5."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.errors import ConcertError
from napari_concert.io.counts import as_counts, find_counts, is_counts
from napari_concert.slide import Columns, Slide, guess_columns, guess_units

if TYPE_CHECKING:
    from anndata import AnnData

SUFFIXES = (".h5ad", ".h5")
COORDINATE_KEYS = ("spatial", "X_spatial")
CONCERT_KEYS = ("X", "pos")
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
        An .h5ad (dense, CSR or CSC) with coordinates in ``obsm['spatial']`` or ``obsm['X_spatial']``, or a CONCERT .h5
        with ``X``, ``pos``, ``perturbation``, ``gene`` and optionally ``tissue``.
    um_per_unit
        µm of a coordinate unit; by default what the file says, if it does.
    registered
        Whether sections share one frame; by default what the file says, else no.
    columns
        What the obs columns mean; by default guessed.

    Raises
    ------
    ConcertError
        If the file can't be read as a slide with raw counts and coordinates.
    """
    path = Path(path)
    adata = _load(path)
    slide = from_anndata(adata, name=path.stem, path=path, registered=registered, columns=columns)
    return slide if um_per_unit is None else slide.with_um_per_unit(um_per_unit)


def from_anndata(
    adata: AnnData,
    *,
    name: str = "slide",
    path: Path | None = None,
    registered: bool | None = None,
    columns: Columns | None = None,
) -> Slide:
    """Return the slide of an AnnData in memory.

    Raises
    ------
    ConcertError
        If it has no raw counts or no coordinates.
    """
    if 0 in adata.shape:
        raise ConcertError(f"{name} has {adata.n_obs} spots and {adata.n_vars} genes; a slide needs both.")
    counts, source = find_counts(adata)
    coords = _coordinates(adata, name)
    notes = tuple(_oddities(adata, counts, coords, source))
    if not adata.obs_names.is_unique:
        adata.obs_names_make_unique()
    if not adata.var_names.is_unique:
        adata.var_names_make_unique()
    known = any(bool(adata.uns.get(key, False)) for key in REGISTERED_KEYS)
    return Slide(
        adata=adata,
        raw_counts=counts,
        raw_coords=coords,
        columns=columns or guess_columns(adata),
        units=guess_units(adata),
        name=name,
        path=path,
        counts_source=source,
        registered=known if registered is None else registered,
        notes=notes,
    )


def _load(path: Path) -> AnnData:
    if not path.exists():
        raise ConcertError(f"There is no file {path}. Check the path.")
    if path.suffix not in SUFFIXES:
        raise ConcertError(
            f"{path.name} is not a slide this app reads ({', '.join(SUFFIXES)}). Save it as .h5ad first."
        )
    reader = _read_h5ad if path.suffix == ".h5ad" else _read_concert
    try:
        return reader(path)
    except ConcertError:
        raise
    except Exception as error:  # the readers raise whatever their libraries do
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConcertError(
            f"{path.name} can't be read ({reason}). Is it complete, and a {path.suffix} file?"
        ) from error


def _read_h5ad(path: Path) -> AnnData:
    from anndata import read_h5ad

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*names are not unique.*")  # reported as a note
        return read_h5ad(path)


def _read_concert(path: Path) -> AnnData:
    """Read the published scripts' .h5: ``X``, ``pos``, ``perturbation``, ``gene``, optional ``tissue``."""
    import h5py
    from anndata import AnnData

    with h5py.File(path, "r") as file:
        missing = [key for key in CONCERT_KEYS if key not in file]
        if missing:
            found = ", ".join(file) or "nothing"
            raise ConcertError(f"{path.name} lacks {', '.join(missing)} (it has {found}); a CONCERT .h5 has X and pos.")
        counts, position = np.asarray(file["X"]), np.asarray(file["pos"], dtype=np.float64)
        if not is_counts(counts):
            raise ConcertError(
                f"X of {path.name} holds fractions or negative numbers; CONCERT models raw counts. Save those."
            )
        obs = pd.DataFrame(index=[f"spot {i + 1}" for i in range(len(counts))])
        for key in ("perturbation", "tissue"):
            if key in file:
                obs[key] = pd.Categorical(_text(file[key]))
        genes = _text(file["gene"]) if "gene" in file else [f"gene {i + 1}" for i in range(counts.shape[1])]
    if position.ndim != 2 or len(position) != len(counts):
        raise ConcertError(
            f"pos of {path.name} has shape {position.shape} for {len(counts)} spots; it needs a row a spot."
        )
    return AnnData(as_counts(counts), obs=obs, var=pd.DataFrame(index=genes), obsm={"spatial": position})


def _text(data: Any) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in np.asarray(data).ravel()]


def _coordinates(adata: AnnData, name: str) -> npt.NDArray[np.float64]:
    key = next((key for key in COORDINATE_KEYS if key in adata.obsm), None)
    if key is None:
        found = ", ".join(adata.obsm) or "none"
        raise ConcertError(f"{name} has no coordinates in obsm['spatial'] (obsm has: {found}). Put x, y[, z] there.")
    coords = np.asarray(adata.obsm[key], dtype=np.float64)
    if coords.ndim != 2 or coords.shape[1] not in (2, 3):
        raise ConcertError(
            f"obsm[{key!r}] of {name} has shape {coords.shape}; it needs two or three columns: x, y[, z]."
        )
    coords = np.where(np.isfinite(coords).all(axis=1, keepdims=True), coords, np.nan)
    if not np.isfinite(coords).any():
        raise ConcertError(f"No spot of {name} has finite coordinates in obsm[{key!r}]. Put x, y[, z] there.")
    return coords


def _oddities(adata: AnnData, counts: sparse.csr_matrix, coords: npt.NDArray[np.float64], source: str) -> list[str]:
    """Return what is odd about a file, in plain words."""
    empty_spots = int((counts.sum(axis=1) == 0).sum())
    empty_genes = int((counts.getnnz(axis=0) == 0).sum())
    without = int((~np.isfinite(coords).all(axis=1)).sum())
    duplicated = len(coords) - without - len(np.unique(coords[np.isfinite(coords).all(axis=1)], axis=0))
    found = (
        (source != "X", f"Raw counts were found in {source}; X holds something else."),
        (empty_spots, f"{empty_spots} spots have no counts: they are shown, not modelled."),
        (empty_genes, f"{empty_genes} genes have no counts: they are not modelled."),
        (without, f"{without} spots have no coordinates: they are kept in results as empty, not shown."),
        (duplicated, f"{duplicated} spots share their coordinates with another one."),
        (not adata.obs_names.is_unique, "Spot names are not unique: numbers were added to tell them apart."),
        (not adata.var_names.is_unique, "Gene names are not unique: numbers were added to tell them apart."),
    )
    return [text for is_so, text in found if is_so]
