"""Read the folders that 10x Genomics' Space Ranger writes: counts, spots, scale factors, clusters, image."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.io.spaceranger_files import Outs, find_outs
from napari_concert.slide.image import SIZES, SlideImage, image_factor

if TYPE_CHECKING:
    from anndata import AnnData

POSITION_COLUMNS = ("barcode", "in_tissue", "array_row", "array_col", "pxl_row_in_fullres", "pxl_col_in_fullres")
NUMBERS = POSITION_COLUMNS[1:]


@dataclass(frozen=True, eq=False)
class Read:
    """What a folder holds: a table with coordinates in pixels of the full image, an image, and what is odd."""

    adata: AnnData
    name: str
    image: SlideImage | None
    notes: tuple[str, ...]


def read_space_ranger(path: Path) -> Read:
    """Read a folder of Space Ranger 1 to 4, or the one that a matrix file lies in.

    Rows are the spots under tissue that the matrix has, in its order. ``obs`` has ``array_row``,
    ``array_col`` and, where Space Ranger clustered the spots, ``cluster``; ``var`` has the Ensembl ids as
    ``gene_ids``. Coordinates are x, y in pixels of the full image: ``uns['spatial']`` has the scale factors that turn
    them into µm.

    Raises
    ------
    ConcertError
        If a part that is needed is missing, damaged, or of another sample.
    """
    outs = find_outs(path)
    notes = list(outs.notes)
    adata = _attempt(outs.matrix, lambda: _matrix(outs.matrix))
    positions = read_positions_table(outs.positions)
    adata = _under_tissue(adata, positions, outs, notes)
    clusters = _clusters(outs, notes)
    if clusters is not None:
        adata.obs["cluster"] = pd.Categorical(clusters.reindex(adata.obs_names))
    factors = _scale_factors(outs, notes)
    adata.uns["spatial"] = {outs.name: {"scalefactors": factors}}
    return Read(adata, outs.name, _image(outs, factors, notes), tuple(notes))


def _attempt(path: Path, read: Callable[[], Any]) -> Any:
    """Return what ``read`` gives; whatever a library raises on the way is said in one line."""
    try:
        return read()
    except ConcertError:
        raise
    except Exception as error:  # the readers raise whatever their libraries do
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConcertError(
            f"{path.name} can't be read ({reason}). It may be incomplete, or not Space Ranger's: copy it again."
        ) from error


# -- counts -----------------------------------------------------------------------------------------------------------


def _matrix(path: Path) -> AnnData:
    """Return the counts of genes; antibodies and the like are left out."""
    import warnings

    import scanpy

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*names are not unique.*")  # reported as a note
        if path.is_dir():
            return scanpy.read_10x_mtx(path, make_unique=False, gex_only=True)
        return scanpy.read_10x_h5(path, gex_only=True)


def _under_tissue(adata: AnnData, positions: pd.DataFrame, outs: Outs, notes: list[str]) -> AnnData:
    """Return the spots of the matrix that lie under tissue, with their places in pixels of the full image."""
    found = positions.reindex(adata.obs_names)
    known = found["in_tissue"].notna().to_numpy()
    if not known.any():
        raise ConcertError(
            f"No spot of {outs.matrix.name} ({adata.obs_names[0] if adata.n_obs else 'it is empty'}, …) is listed in "
            f"{outs.positions.name} ({positions.index[0]}, …). Are both of the same sample?"
        )
    inside = known & (found["in_tissue"] == 1).to_numpy()
    if not inside.any():
        raise ConcertError(
            f"{outs.positions.name} says of all {int(known.sum()):,} spots that they are not under tissue. "
            "Was the tissue marked in Loupe Browser? Run Space Ranger again with it."
        )
    if not known.all():
        notes.append(f"{int((~known).sum()):,} spots of the matrix have no position: they are left out.")
    if (known & ~inside).any():
        notes.append(f"{int((known & ~inside).sum()):,} spots of the matrix are not under tissue: they are left out.")
    adata, found = adata[inside].copy(), found[inside]
    adata.obs[["array_row", "array_col"]] = found[["array_row", "array_col"]].astype(np.int64)
    adata.obsm["spatial"] = found[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy(np.float64)
    return adata


# -- spots ------------------------------------------------------------------------------------------------------------


def read_positions_table(path: Path) -> pd.DataFrame:
    """Read the list of spots: a .csv without a header (Space Ranger 1) or with one (2 and later), or .parquet (HD).

    Returns
    -------
    pandas.DataFrame
        Indexed by barcode; ``in_tissue`` (0 or 1), ``array_row``, ``array_col``, and the spot's centre in pixels of the
        full image, ``pxl_row_in_fullres`` (y) and ``pxl_col_in_fullres`` (x).

    Raises
    ------
    ConcertError
        If it can't be read, or a column is missing or holds no numbers.
    """
    table: pd.DataFrame = _attempt(path, lambda: _parquet(path) if path.suffix == ".parquet" else _csv(path))
    missing = [name for name in POSITION_COLUMNS if name not in table]
    if missing or table.empty:
        has = ", ".join(map(str, table.columns[:8])) or "nothing"
        what = f"lacks {', '.join(missing)} (it has {has})" if missing else "lists no spot"
        raise ConcertError(f"{path.name} {what}. Is it Space Ranger's list of spots? Copy it again.")
    table = table.set_index(table["barcode"].astype(str))[list(NUMBERS)]
    numbers: pd.DataFrame = _attempt(path, lambda: table.astype(np.float64))
    return numbers[~numbers.index.duplicated()]


def _csv(path: Path) -> pd.DataFrame:
    with path.open(encoding="utf-8-sig") as file:
        has_header = file.readline().startswith("barcode")
    if has_header:
        return pd.read_csv(path)
    table = pd.read_csv(path, header=None)
    if table.shape[1] != len(POSITION_COLUMNS):
        raise ConcertError(
            f"{path.name} has {table.shape[1]} columns; Space Ranger writes {len(POSITION_COLUMNS)}: "
            f"{', '.join(POSITION_COLUMNS)}. Copy it again."
        )
    return table.set_axis(list(POSITION_COLUMNS), axis=1)


def _parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except ImportError as error:
        raise ConcertError(
            f"{path.name} is a parquet file, which needs the library pyarrow. Install it with: pip install pyarrow, "
            "and open the folder again."
        ) from error


# -- what lies beside -------------------------------------------------------------------------------------------------


def _clusters(outs: Outs, notes: list[str]) -> pd.Series[str] | None:
    """Return Space Ranger's own clusters, by barcode: labels to begin with where nobody drew any."""
    if outs.clusters is None:
        return None
    try:
        table = pd.read_csv(outs.clusters, index_col=0)
        return "cluster " + table["Cluster"].astype(int).astype(str)
    except (OSError, ValueError, KeyError) as error:
        notes.append(f"Space Ranger's clusters can't be read ({error}): they are left out.")
        return None


def _scale_factors(outs: Outs, notes: list[str]) -> dict[str, float]:
    if outs.factors is None:
        notes.append(
            "scalefactors_json.json is missing in the folder spatial: the scale is not known, and the image can't be "
            "placed. Copy it there, and open the folder again."
        )
        return {}
    try:
        found = json.loads(outs.factors.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in found.items() if value is not None}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ConcertError(f"{outs.factors.name} can't be read ({error}). Copy it from Space Ranger again.") from error


def _image(outs: Outs, factors: dict[str, float], notes: list[str]) -> SlideImage | None:
    """Return the sharpest image whose scale is known."""
    for name in SIZES:
        path, factor = outs.images.get(name), image_factor(factors, name)
        if path is not None and factor is not None:
            return SlideImage.shrunk(name, path, factor)
    if not outs.images:
        notes.append("There is no tissue_hires_image.png in the folder spatial: the slide has no image.")
    elif factors:
        notes.append("The scale factors do not say how large the image is: it can't be placed.")
    return None
