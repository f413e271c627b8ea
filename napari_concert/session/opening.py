"""Reading slides and models, in the background: what a session takes in, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_concert.errors import ConcertError
from napari_concert.prediction import GeneSet
from napari_concert.session.autosave import Autosave
from napari_concert.session.work import Work
from napari_concert.session.workspace import Workspace
from napari_concert.slide import Columns, Slide, guess_columns, guess_control, guess_unknown
from napari_concert.slide.sections import stack_of

if TYPE_CHECKING:
    from napari_concert.concert import Concert


@dataclass(frozen=True, eq=False)
class Opened:
    """A workspace, the model and gene sets that were kept with it, and what to tell the user (kind, text)."""

    workspace: Workspace
    model: Concert | None = None
    gene_sets: tuple[GeneSet, ...] = ()
    messages: tuple[tuple[str, str], ...] = ()


def read(
    path: Path,
    columns: Columns | None,
    um_per_unit: float | None,
    registered: bool | None,
    autosave: Autosave | None,
    z_spacing: float | None = None,
) -> Opened:
    """Read a slide; what the user says now goes before what was kept of earlier work."""
    from napari_concert import io

    slide = io.read(path, um_per_unit=um_per_unit, registered=registered, columns=columns)
    given = {"columns": columns, "um_per_unit": um_per_unit, "registered": registered}
    return prepare(slide, autosave, frozenset(name for name, value in given.items() if value is not None), z_spacing)


def prepare_in_memory(slide: Slide, autosave: Autosave | None) -> Opened:
    """Take in a slide that is in memory; where it is not read as a file would be, the caller chose so."""
    chosen = {
        "columns": slide.columns != guess_columns(slide.adata),
        "um_per_unit": slide.units.is_chosen,
        "registered": slide.registered,
    }
    return prepare(slide, autosave, frozenset(name for name, is_chosen in chosen.items() if is_chosen))


def join(slides: list[Slide], autosave: Autosave | None) -> Opened:
    """Take in several slides as the sections of one."""
    from napari_concert import io

    return prepare_in_memory(io.join_slides(slides), autosave)


def prepare(slide: Slide, autosave: Autosave | None, told: frozenset[str], z_spacing: float | None = None) -> Opened:
    """Return the workspace of a slide, with earlier work on it; the user ``told`` some of how to read it."""
    messages: list[tuple[str, str]] = []
    workspace, model, sets = Workspace(slide), None, tuple[GeneSet, ...]()
    if autosave is not None:
        sets = _restored_sets(slide, autosave, messages)
        workspace = _restored(slide, autosave, told, sets, messages)
        model = _restored_model(slide, autosave, messages)
    if z_spacing is not None:
        _space(workspace, z_spacing, messages)
    _warm(workspace)
    return Opened(workspace, model, sets, tuple(messages))


def _restored(
    slide: Slide,
    autosave: Autosave,
    told: frozenset[str],
    sets: tuple[GeneSet, ...],
    messages: list[tuple[str, str]],
) -> Workspace:
    try:
        work = autosave.work(slide)
        if work is None:
            return Workspace(slide)
        workspace = Workspace(_read_as_before(work, work.label(slide), told, messages))
        replace(work, gene_sets=sets).apply(workspace)
    except ConcertError as error:
        messages.append(("warning", str(error)))
        return Workspace(slide)
    return workspace


def _read_as_before(work: Work, slide: Slide, told: frozenset[str], messages: list[tuple[str, str]]) -> Slide:
    try:
        return work.read(slide, told)
    except ConcertError as error:
        messages.append(("warning", f"{slide.name} can't be read as it was before, but anew: {error}"))
        return slide


def _space(workspace: Workspace, z_spacing: float, messages: list[tuple[str, str]]) -> None:
    """Let sections lie so far apart; those that were moved earlier stay moved."""
    try:
        workspace.read_as(read_as(workspace.slide, z_spacing=z_spacing))
    except ConcertError as error:
        messages.append(("error", str(error)))


def _restored_sets(slide: Slide, autosave: Autosave, messages: list[tuple[str, str]]) -> tuple[GeneSet, ...]:
    try:
        return autosave.gene_sets(slide)
    except ConcertError as error:
        messages.append(("warning", str(error)))
        return ()


def _restored_model(slide: Slide, autosave: Autosave, messages: list[tuple[str, str]]) -> Concert | None:
    try:
        model = autosave.model(slide)
        return None if model is None else prepare_model(model)
    except ConcertError as error:
        messages.append(("warning", f"The model trained on {slide.name} can't be read back: {error}"))
        return None


def as_left(workspace: Workspace, with_model: bool, gene_sets: int) -> str:
    """Return what is back of earlier work on a slide, "" if nothing is."""
    count = len(workspace.painting.painted)
    said = [f"{count} painted spot{'s' if count > 1 else ''}"] if count else []
    said += ["a trained model"] if with_model else []
    said += [f"{gene_sets} gene set{'s' if gene_sets > 1 else ''}"] if gene_sets else []
    listed = " and ".join(part for part in (", ".join(said[:-1]), *said[-1:]) if part)
    return f"{workspace.slide.name} is as you left it: {listed}." if said else ""


def _warm(workspace: Workspace) -> None:
    """Compute, in the background, what the first picture would wait for."""
    slide = workspace.slide
    _ = slide.geometry, slide.fingerprint, slide.categorical_columns, slide.continuous_columns, workspace.index
    _ = workspace.pairs
    slide.gene(str(slide.genes[0]))


def read_as(
    slide: Slide,
    columns: Columns | None = None,
    um_per_unit: float | None = None,
    pitch_um: float | None = None,
    registered: bool | None = None,
    z_spacing: float | None = None,
) -> Slide:
    """Return the slide with what is given changed.

    Raises
    ------
    ConcertError
        If a column is missing, a number can't be a length, or no column tells sections that lie ``z_spacing`` apart.
    """
    if columns is not None:
        slide = slide.with_columns(columns)
    if um_per_unit is not None:
        slide = slide.with_um_per_unit(um_per_unit)
    if pitch_um is not None:
        slide = slide.with_pitch_um(pitch_um)
    if registered is not None:
        slide = slide.with_registered(registered)
    return slide if z_spacing is None else slide.with_stack(stack_of(slide).respaced(z_spacing))


@dataclass(frozen=True)
class Label:
    """A label to paint: column, value, and the value of all other spots where the column is new ("": unknown)."""

    column: str
    value: str
    others: str = ""


def label(workspace: Workspace, wanted: Label) -> Slide:
    """Return the slide with its painted spots labelled in a column, which becomes the perturbation.

    Raises
    ------
    ConcertError
        If nothing is painted, a name is missing, or the column holds measured labels of the file.
    """
    slide, rows = workspace.slide, workspace.painting.painted
    column, value, others = wanted.column.strip(), wanted.value.strip(), wanted.others.strip()
    if not len(rows):
        raise ConcertError("Nothing is painted; paint the spots to label first.")
    if not column or not value:
        raise ConcertError("A label needs a column name and a value; fill both in.")
    if column in slide.adata.obs and column not in workspace.labelled:
        raise ConcertError(f"{column!r} is a column of the file, which is never changed; choose another name.")
    exists = column in slide.adata.obs
    labels = slide.labels(column) if exists else np.full(slide.n_spots, others or None, dtype=object)
    labels[rows] = value
    known = tuple(dict.fromkeys(str(name) for name in labels if name is not None))
    changed = slide.with_labels(column, labels)
    columns = replace(
        slide.columns, perturbation=column, control=_controls(known, others), unknown=_unknown(slide, known)
    )
    return changed.with_columns(columns)


def _controls(known: tuple[str, ...], others: str) -> tuple[str, ...]:
    guessed = guess_control(known)
    return guessed or ((others,) if others in known else ())


def _unknown(slide: Slide, known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*slide.columns.unknown, *guess_unknown(known)]))


def for_perturbation(slide: Slide, column: str | None) -> Columns:
    """Return the slide's columns with another perturbation, its controls and unknown labels guessed anew."""
    if column is None:
        return replace(slide.columns, perturbation=None, control=())
    values = slide.categories(column)
    tissue = slide.columns.tissue if slide.columns.tissue != column else None
    unknown = dict.fromkeys([*guess_unknown(values), *_tissue_unknown(slide, tissue)])
    return replace(
        slide.columns, perturbation=column, control=guess_control(values), unknown=tuple(unknown), tissue=tissue
    )


def _tissue_unknown(slide: Slide, tissue: str | None) -> tuple[str, ...]:
    return guess_unknown(slide.categories(tissue)) if tissue is not None else ()


def as_guessed(slide: Slide, labelled: list[str]) -> Slide:
    """Return the slide as it was first read: guessed columns, units of the file, no painted labels."""
    from napari_concert.io.slides import from_anndata

    adata = slide.adata
    if labelled:
        adata = adata.copy()
        adata.obs = adata.obs.drop(columns=labelled)
    fresh = from_anndata(adata, name=slide.name, path=slide.path)
    return replace(fresh, image=slide.image, file_notes=slide.file_notes)


def load_model(folder: Path, slide: Slide) -> Concert:
    """Return a saved model.

    Raises
    ------
    ConcertError
        If the folder holds none, or it does not fit the slide.
    """
    from napari_concert.concert import Concert

    return prepare_model(Concert.load(folder, slide))


def prepare_model(model: Concert) -> Concert:
    """Compute, in the background, what the window shows of a model at once; return the model."""
    learned = model.learned
    _ = learned.reaches(), learned.findings()
    return model


def warm_up() -> None:
    """Import torch and the model."""
    import napari_concert.concert
    import napari_concert.model.runtime

    napari_concert.model.runtime.set_threads()
