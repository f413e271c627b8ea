"""Stacks of sections: kept in a slide's file, and put together from several files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.errors import ConcertError
from napari_concert.io.atomic import atomic_path
from napari_concert.slide import Columns, Slide, Stack, guess_columns
from napari_concert.slide.obs import as_labels

if TYPE_CHECKING:
    from anndata import AnnData

KEY = "napari_concert_stack"  # in uns
REGISTERED = "spatial_registered"  # in obsm
SECTION = "section"
ALIKE = 1.5  # times: where units are unknown, spots that lie apart so differently are in different ones


# -- in one file ------------------------------------------------------------------------------------------------------


def with_stored_stack(slide: Slide, columns: Columns | None, registered: bool | None) -> Slide:
    """Return the slide with the stack that its file keeps, if it keeps one; what the caller says goes before it."""
    text = slide.adata.uns.get(KEY)
    if text is None:
        return slide
    try:
        found = json.loads(str(text))
        column, stack = str(found["section"]), Stack.from_json(found)
        if columns is None:
            slide = slide.with_columns(guess_columns(slide.adata, section=column))
        if slide.columns.section != column:
            return slide
        return slide.with_stack(stack).with_registered(registered is not False)
    except (ConcertError, ValueError, KeyError, TypeError) as error:
        note = f"The stack in uns[{KEY!r}] can't be used ({error}): sections lie as in the file."
        return replace(slide, file_notes=(*slide.file_notes, note))


def write_registered(path: str | Path, slide: Slide) -> None:
    """Write a slide as .h5ad with its stack, which :func:`napari_concert.read` takes up again.

    ``obsm['spatial']`` stays as it was; ``uns['napari_concert_stack']`` says how sections were moved (JSON), and
    ``obsm['spatial_registered']`` has the positions that follow: x, y, z in µm where the units are known.

    Raises
    ------
    ConcertError
        If the slide has no stack, or the file can't be written.
    """
    if slide.stack is None:
        raise ConcertError(f"{slide.name} has no stack to write; register its sections first.")
    table = slide.adata.copy()
    table.uns[KEY] = json.dumps({"section": slide.columns.section, **slide.stack.to_json()})
    if slide.units.is_chosen:
        table.uns["um_per_unit"] = slide.units.um_per_unit
    table.obsm[REGISTERED] = slide.coords
    with atomic_path(path) as scratch:
        table.write_h5ad(scratch, compression="gzip", compression_opts=1)


# -- of several files -------------------------------------------------------------------------------------------------


def read_stack(paths: Sequence[str | Path], *, section: str | None = None, um_per_unit: float | None = None) -> Slide:
    """Read several files as the sections of one slide, in their order.

    Parameters
    ----------
    paths
        Files or folders as :func:`napari_concert.read` reads them.
    section
        The column that tells sections where a file has several; by default guessed. A file without one is a section
        of its own, under the file's name.
    um_per_unit
        µm of a coordinate unit, of every file; by default what each file says.

    Returns
    -------
    Slide
        With the genes that all files have, the spots of one after the other, coordinates in µm where all files' are
        known, and a column ``section``.

    Raises
    ------
    ConcertError
        If a file can't be read, no gene is in all of them, or their units differ and nobody says how.
    """
    from napari_concert.io.slides import read

    return join_slides([read(path, um_per_unit=um_per_unit) for path in paths], section=section)


def join_slides(slides: Sequence[Slide], *, section: str | None = None) -> Slide:
    """Return one slide of the spots of several; see :func:`read_stack`.

    Raises
    ------
    ConcertError
        If there is no slide, no gene is in all of them, or their units differ and nobody says how.
    """
    from napari_concert.io.slides import from_anndata

    if not slides:
        raise ConcertError("No file was given; name the files of the sections.")
    genes, left_out = _shared(slides)
    table = _joined(slides, genes, _labels(slides, section))
    columns = guess_columns(table, section=SECTION)
    joined = from_anndata(table, name=f"{slides[0].name} and others", columns=columns)
    notes = [f"{slide.name}: {note}" for slide in slides for note in slide.file_notes]
    if left_out:
        notes.append(f"{left_out:,} genes are not in every file: they are left out, {len(genes):,} stay.")
    return replace(joined, file_notes=(*notes, *joined.file_notes))


def _shared(slides: Sequence[Slide]) -> tuple[pd.Index, int]:
    """Return the genes of all slides in the order of the first, and how many others there are."""
    genes = slides[0].genes
    for slide in slides[1:]:
        genes = genes[genes.isin(slide.genes)]
    if not len(genes):
        names = ", ".join(f"{slide.genes[0]} … in {slide.name}" for slide in slides[:3])
        raise ConcertError(f"No gene is in all of the files ({names}). Name genes the same way in each.")
    return genes, len({gene for slide in slides for gene in slide.genes}) - len(genes)


def _labels(slides: Sequence[Slide], section: str | None) -> list[npt.NDArray[np.object_]]:
    """Return the section (n_spots,) of each slide's spots: the file's own labels, or its name."""
    files = _different(slide.name for slide in slides)
    found = []
    for slide, file in zip(slides, files, strict=True):
        column = section if section in slide.adata.obs else slide.columns.section
        found.append(np.full(slide.n_spots, file, dtype=object) if column is None else slide.labels(column))
    if _overlap(found):  # two files call a section the same: the file's name tells them apart
        for i, file in enumerate(files):
            found[i] = np.array([label if label in (None, file) else f"{file} {label}" for label in found[i]], object)
    return found


def _overlap(labels: Sequence[npt.NDArray[np.object_]]) -> bool:
    names = [name for part in labels for name in {label for label in part if label is not None}]
    return len(set(names)) < len(names)


def _different(names: Iterable[str]) -> list[str]:
    """Return names with a number where one was there before."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _joined(slides: Sequence[Slide], genes: pd.Index, labels: Sequence[npt.NDArray[np.object_]]) -> AnnData:
    from anndata import AnnData

    in_um = _unit(slides)
    dimensions = min(slide.raw_coords.shape[1] for slide in slides)
    places = [slide.raw_coords[:, :dimensions] * (slide.units.factor if in_um else 1.0) for slide in slides]
    return AnnData(
        sparse.csr_matrix(sparse.vstack([slide.counts[:, slide.genes.get_indexer(genes)] for slide in slides])),
        obs=_obs(slides, labels),
        var=pd.DataFrame(index=genes),
        obsm={"spatial": np.vstack(places)},
        uns={"spatial_units": "um"} if in_um else {},
    )


def _unit(slides: Sequence[Slide]) -> bool:
    """Whether all files' coordinates are known in µm; where none are, they must at least look alike."""
    unknown = [slide.name for slide in slides if slide.units.um_per_unit is None]
    pitches = [slide.pitch for slide in slides]
    if 0 < len(unknown) < len(slides):
        raise ConcertError(
            f"The coordinates of {', '.join(unknown)} are in unknown units, those of the other files in µm. "
            "Say how many µm a unit is in that file's uns['um_per_unit']."
        )
    if unknown and max(pitches) > ALIKE * min(pitches):
        raise ConcertError(
            f"The files' units differ: spots lie {min(pitches):.3g} to {max(pitches):.3g} units apart. "
            "Say how many µm a unit is in each file's uns['um_per_unit']."
        )
    return not unknown


def _obs(slides: Sequence[Slide], labels: Sequence[npt.NDArray[np.object_]]) -> pd.DataFrame:
    names = [str(name) for slide in slides for name in slide.spot_names]
    if len(set(names)) < len(names):  # barcodes are the same on every array
        files = _different(slide.name for slide in slides)
        names = [f"{file} {name}" for file, slide in zip(files, slides, strict=True) for name in slide.spot_names]
    obs: pd.DataFrame = pd.concat([slide.adata.obs for slide in slides])
    obs.index = pd.Index(names)
    obs[SECTION] = pd.Categorical(np.concatenate(labels))
    # columns that some files lack, or have of another kind, become labels, so that they can be written
    mixed = {str(name): pd.Categorical(as_labels(obs[name])) for name in obs.select_dtypes(object)}
    obs = obs.assign(**mixed)
    return obs
