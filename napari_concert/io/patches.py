"""Painted spots in and out: CONCERT's .txt, GeoJSON, and obs columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import atomic_path, read_text, write_json
from napari_concert.io.geojson import as_document, patches_of
from napari_concert.patches import Patch
from napari_concert.slide import Slide
from napari_concert.slide.obs import as_labels, as_values, is_yes_or_no

Rows = npt.NDArray[np.int64]
GEOJSON = (".geojson", ".json")


def read_spots(spec: str | Path, slide: Slide) -> Rows:
    """Return the rows (0-based, sorted) that a specification names.

    Parameters
    ----------
    spec
        Path of a CONCERT .txt (1-based rows of the file), of a GeoJSON (.geojson, .json), or ``obs:COLUMN``.

    Raises
    ------
    ConcertError
        If it can't be read, or names no spot of the slide.
    """
    patches = read_patches(spec, slide)
    return np.unique(np.concatenate([patch.spots for patch in patches]))


def read_patches(spec: str | Path, slide: Slide) -> list[Patch]:
    """Return the patches that a specification names: those of a GeoJSON with their names, targets and colours.

    Parameters
    ----------
    spec
        As for :func:`read_spots`; a .txt or an obs column makes one patch with no target.

    Raises
    ------
    ConcertError
        If it can't be read, or names no spot of the slide.
    """
    text = str(spec)
    if text.startswith("obs:"):
        column = text.removeprefix("obs:")
        patches = [Patch(_rows_of_column(column, slide), name=column)]
    elif Path(text).suffix.lower() in GEOJSON:
        patches = patches_of(read_text(text), Path(text).name, slide)
    else:
        patches = [Patch(_rows_of_txt(Path(text), slide), name=Path(text).stem)]
    if not sum(map(len, patches)):
        raise ConcertError(f"{text} names no spot of {slide.name}; paint or list at least one.")
    return patches


def _rows_of_txt(path: Path, slide: Slide) -> Rows:
    words = read_text(path).replace(",", " ").split()
    try:
        numbers = np.array([int(word.removesuffix(".0")) for word in words], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise ConcertError(f"{path} is not a list of row numbers ({error}). Give 1-based rows, one a line.") from error
    beyond = numbers[(numbers < 1) | (numbers > slide.n_spots)]
    if beyond.size:
        raise ConcertError(
            f"{path} names spot {beyond[0]}, but {slide.name} has spots 1 to {slide.n_spots} (1-based rows of the "
            "file). Is it a patch of another slide?"
        )
    return np.unique(numbers - 1)


def _rows_of_column(column: str, slide: Slide) -> Rows:
    distinct = slide.categories(column)
    values = slide.adata.obs[column]
    if not is_yes_or_no(values):
        raise ConcertError(
            f"Column {column!r} is not yes or no (it has {', '.join(distinct[:4])} …). Give a boolean column."
        )
    if values.dtype.kind in "biuf":
        return np.flatnonzero(np.nan_to_num(as_values(values))).astype(np.int64)
    chosen = [label is not None and label.lower() in ("true", "yes", "1") for label in as_labels(values)]
    return np.flatnonzero(chosen).astype(np.int64)


def write_patch_txt(path: str | Path, rows: npt.ArrayLike) -> None:
    """Write spots (0-based rows) as CONCERT's .txt: 1-based rows of the file, one a line.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    with atomic_path(path) as scratch:
        scratch.write_text("".join(f"{row + 1}\n" for row in np.asarray(rows, dtype=np.int64)), encoding="utf-8")


def write_patch_geojson(path: str | Path, slide: Slide, patches: Sequence[Patch]) -> None:
    """Write patches as a GeoJSON FeatureCollection in the slide's coordinate units.

    Each feature is the union of its spots' cells, with ``name``, ``color``, ``target``, ``spots`` (1-based rows) and
    ``spot_names``, by which :func:`read_patches` reads it back exactly.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    write_json(path, as_document(slide, patches))
