"""Patches in and out, whatever the file: CONCERT's .txt, GeoJSON, Xenium Explorer's .csv, and obs columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import atomic_path, read_text, write_json
from napari_concert.io.columns import patches_of_column
from napari_concert.io.geojson import as_document, patches_of
from napari_concert.io.xenium import as_selections, patches_of_selections
from napari_concert.patches import Patch
from napari_concert.slide import Slide

Rows: TypeAlias = npt.NDArray[np.int64]

GEOJSON = (".geojson", ".json")


def read_spots(spec: str | Path, slide: Slide) -> Rows:
    """Return the rows (0-based, sorted) that a specification names: the spots of all its patches.

    Parameters
    ----------
    spec
        As for :func:`read_patches`, but of an obs column of labels only one: ``obs:COLUMN=LABEL``.

    Raises
    ------
    ConcertError
        If it can't be read, names no spot of the slide, or is a column of several labels.
    """
    patches = read_patches(spec, slide)
    if len(patches) > 1 and str(spec).startswith("obs:"):
        names = ", ".join(patch.name for patch in patches[:4])
        raise ConcertError(f"{spec} is not yes or no (it has {names} …). Name one label: {spec}={patches[0].name}.")
    return np.unique(np.concatenate([patch.spots for patch in patches]))


def read_patches(spec: str | Path, slide: Slide) -> list[Patch]:
    """Return the patches that a specification names.

    Parameters
    ----------
    spec
        One of:

        - a CONCERT .txt (1-based rows of the file, one a line): one patch, called as the file;
        - a GeoJSON (.geojson, .json) of this app, QuPath or geopandas: one patch a feature, with its name and colour;
        - a .csv of Xenium Explorer, of corners or of cells, or of Loupe Browser: one patch a selection;
        - ``obs:COLUMN``: one patch of a column of yes or no, and one a label of a column of labels;
        - ``obs:COLUMN=LABEL``: the spots of one label.
    slide
        Whose spots are meant.

    Returns
    -------
    list of Patch
        Those that have a spot. Only GeoJSON of this app says targets.

    Raises
    ------
    ConcertError
        If it can't be read, or names no spot of the slide.
    """
    text = str(spec)
    path = Path(text)
    if text.startswith("obs:"):
        patches = patches_of_column(text.removeprefix("obs:"), slide)
    elif path.suffix.lower() in GEOJSON:
        patches = patches_of(read_text(path), path.name, slide)
    elif path.suffix.lower() == ".csv":
        patches = patches_of_selections(read_text(path), path.name, slide)
    else:
        patches = [Patch(_rows_of_txt(path, slide), name=path.stem)]
    if not any(map(len, patches)):
        raise ConcertError(f"{text} names no spot of {slide.name}; paint or list at least one.")
    return [patch for patch in patches if len(patch)]


def _rows_of_txt(path: Path, slide: Slide) -> Rows:
    lines = [line.replace(",", " ").split() for line in read_text(path).splitlines()]
    rows = [_row(word, path, number, slide) for number, words in enumerate(lines, 1) for word in words]
    return np.unique(np.array(rows, dtype=np.int64))


def _row(word: str, path: Path, line: int, slide: Slide) -> int:
    try:
        number = int(word.removesuffix(".0"))
    except ValueError as error:
        raise ConcertError(
            f"{path} is not a list of row numbers: line {line} says {word[:30]!r}. Give 1-based rows, one a line."
        ) from error
    if not 1 <= number <= slide.n_spots:
        raise ConcertError(
            f"{path}, line {line} names spot {word[:30]}, but {slide.name} has spots 1 to {slide.n_spots} "
            "(1-based rows of the file). Is it a patch of another slide?"
        )
    return number - 1


def write_patches(path: str | Path, slide: Slide, patches: Sequence[Patch]) -> None:
    """Write patches in the format that the file's ending names; :func:`read_patches` gives the same spots again.

    Parameters
    ----------
    path
        .geojson or .json: all patches with all that is known of them, also for QuPath and geopandas. .csv: outlines in
        µm for Xenium Explorer. .txt: rows for CONCERT, of one patch only, because it has no names.
    slide
        On which they were painted.
    patches
        Those without spots are left out.

    Raises
    ------
    ConcertError
        If no patch has a spot, the format can't hold them, the ending is another one, or the file can't be written.
    """
    path, patches = Path(path), [patch for patch in patches if len(patch)]
    if not patches:
        raise ConcertError("No spot is painted, so there is no patch to save. Paint one first.")
    suffix = path.suffix.lower()
    if suffix in GEOJSON:
        write_patch_geojson(path, slide, patches)
    elif suffix == ".csv":
        text = as_selections(slide, patches)
        with atomic_path(path) as scratch:
            scratch.write_text(text, encoding="utf-8")
    elif suffix != ".txt":
        raise ConcertError(f"{path.name} has an unknown ending. Patches are saved as .geojson, .csv or .txt.")
    elif len(patches) > 1:
        names = ", ".join(patch.name for patch in patches)
        raise ConcertError(
            f"A .txt is a list of rows without names, colours or targets: it holds one patch, not {len(patches)} "
            f"({names}). Save each alone, or all as .geojson."
        )
    else:
        write_patch_txt(path, patches[0].spots)


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
    """Write patches as a GeoJSON FeatureCollection, which QuPath imports as annotations.

    Each feature is the outline of its spots, in the unit of the slide's file (image pixels for Space Ranger's slides),
    with name, colour, class, target, ``spots`` (1-based rows) and ``spot_names``, by which :func:`read_patches` reads
    it back exactly. Where a tool changed the outline and dropped that list, the outline counts.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    write_json(path, as_document(slide, patches))
