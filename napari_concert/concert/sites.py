"""New positions: a table of spots that were never measured, checked and put as the model's arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix

from napari_concert.concert.dataset import Scale, batch_names, codes
from napari_concert.errors import ConcertError, UnknownName, nearest_names
from napari_concert.model.data import SpotArrays, Vocabulary
from napari_concert.slide import Slide, guess_unknown
from napari_concert.slide.obs import as_labels

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]
Codes = npt.NDArray[np.int64]

MISSING = ("", "na", "nan")
AXES = ("x", "y", "z")
LABELLED = ("perturbation", "tissue")
ON_PLANE = 1e-3  # pitches that a z may be off its section's


@dataclass(frozen=True, eq=False)
class Sites:
    """Positions to predict at.

    Attributes
    ----------
    names
        How the new spots are called (n).
    coords
        (n, 2 or 3) in the slide's units.
    arrays
        The new spots as the model sees them, without counts; unknown labels and NaN numbers are to be inferred.
    obs
        What was said of them, under the names of the slide's columns; missing where nothing was.
    notes
        Odd things about the table.
    """

    names: pd.Index
    coords: Floats
    arrays: SpotArrays
    obs: pd.DataFrame
    notes: tuple[str, ...]


def sites_of(at: pd.DataFrame | npt.ArrayLike, slide: Slide, vocabulary: Vocabulary, scale: Scale) -> Sites:
    """Return the new positions of a table.

    Parameters
    ----------
    at
        A table with columns x, y[, z] in the slide's units and, where the slide has several, ``section``; attributes by
        their column's name or by their role's. Or an array (n, 2 or 3) of positions alone.

    Raises
    ------
    ConcertError
        If it has no row, a column is missing, a number is none, or a label is not known.
    """
    table = at if isinstance(at, pd.DataFrame) else _bare(at)
    if not len(table):
        raise ConcertError("There is no position to predict at: the table has no rows.")
    if not table.columns.is_unique:
        raise ConcertError("Several columns of the positions share a name; give each its own.")
    coords, role = _coordinates(table, slide), _roles(table, slide, vocabulary)
    sections = _sections(table, role["section"], slide) if "section" in role else None
    known = {"perturbation": vocabulary.states, "tissue": vocabulary.tissues}
    labels = {kind: _labels(table, role.get(kind), kind, slide, names) for kind, names in known.items()}
    numbers = {name: _numbers(table, role.get(name)) for name in vocabulary.continuous}
    place, batch = _places(table, coords, sections, slide)
    arrays = SpotArrays(
        counts=csr_matrix((len(table), 0)),
        size=np.ones(len(table)),
        coords=coords / scale.pitch,
        place=place,
        state=codes(labels["perturbation"], vocabulary.states),
        tissue=codes(labels["tissue"], vocabulary.tissues),
        batch=codes(batch, vocabulary.batches),
        continuous=_standardised(numbers, vocabulary, len(table)),
    )
    notes = (*_unused(table, role, slide, vocabulary), *_interpolated(numbers))
    learned = {kind: pd.Categorical(labels[kind], names) for kind, names in known.items() if names}
    return Sites(_names(table), coords, arrays, _obs({"section": sections, **learned}, slide, numbers), notes)


def _bare(at: npt.ArrayLike) -> pd.DataFrame:
    try:
        values = np.asarray(at, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ConcertError(f"The positions are not numbers ({error}); give an array of x, y[, z].") from error
    if values.ndim != 2 or values.shape[1] not in (2, 3):
        raise ConcertError(f"The positions have shape {values.shape}; give two or three columns: x, y[, z].")
    return pd.DataFrame(values, columns=list(AXES[: values.shape[1]]))


def _line(table: pd.DataFrame, position: int) -> str:
    """Return how a row is called: by its line where the table comes from a file."""
    return f"{table.index.name or 'row'} {table.index[position]}"


def _names(table: pd.DataFrame) -> pd.Index:
    if pd.api.types.is_integer_dtype(table.index) or not table.index.is_unique:
        return pd.Index([f"new_{i + 1}" for i in range(len(table))])
    return pd.Index([str(name) for name in table.index])


# -- positions --------------------------------------------------------------------------------------------------------


def _coordinates(table: pd.DataFrame, slide: Slide) -> Floats:
    axes = AXES[: slide.coords.shape[1]]
    for axis in axes:
        if axis not in table:
            found = ", ".join(map(str, table.columns)) or "none"
            raise ConcertError(
                f"The positions have no column {axis!r} (found: {found}). This slide is {len(axes)}D: give "
                f"{', '.join(axes)} in {slide.units.name}."
            )
    coords = np.column_stack([_numbers(table, axis) for axis in axes])
    for row, column in np.argwhere(~np.isfinite(coords)).tolist():
        raise ConcertError(f"{_line(table, row)}: {axes[column]} is missing. Give every position in full.")
    return coords


def _numbers(table: pd.DataFrame, column: str | None) -> Floats:
    """Return a column of numbers (n,), NaN where nothing is said."""
    if column is None:
        return np.full(len(table), np.nan)
    text = table[column].astype(object)
    said = text.notna() & ~text.astype(str).str.strip().str.lower().isin(MISSING)
    numbers = pd.to_numeric(text.where(said), errors="coerce").to_numpy(dtype=np.float64)
    for row in np.flatnonzero(said.to_numpy() & ~np.isfinite(numbers)).tolist():
        raise ConcertError(f"{_line(table, row)}: {column} is {text.iloc[row]!r}, which is not a number.")
    return numbers


def _sections(table: pd.DataFrame, column: str, slide: Slide) -> Labels:
    """Return the section (n,) of each new spot."""
    labels = as_labels(table[column])
    known = slide.categories(str(slide.columns.section))
    for row, label in enumerate(labels):
        if label is None or not label.strip():
            raise ConcertError(f"{_line(table, row)}: {column} is missing. Name one of {', '.join(known)}.")
        if label not in known:
            raise UnknownName(f"section ({_line(table, row)})", str(label), known)
    return labels


def _places(table: pd.DataFrame, coords: Floats, sections: Labels | None, slide: Slide) -> tuple[Codes, Labels]:
    """Return place and batch (n,) of each new spot; no batch where it is between those of a registered stack."""
    usable = np.flatnonzero(slide.usable)
    if sections is not None:
        first = {label: _first(slide, usable, label) for label in dict.fromkeys(sections)}
        of = np.array([first[label] for label in sections])
        return slide.places[of], batch_names(slide)[of]
    places, batches = np.unique(slide.places[usable]), dict.fromkeys(batch_names(slide)[usable])
    batch = np.full(len(table), next(iter(batches)) if len(batches) == 1 else None, dtype=object)
    if len(places) == 1:
        return np.full(len(table), places[0]), batch
    if slide.columns.section is not None:
        names = ", ".join(slide.categories(slide.columns.section))
        raise ConcertError(f"The slide has several sections ({names}): name the one of each position, in 'section'.")
    return _planes(table, coords, slide), batch


def _first(slide: Slide, usable: Codes, section: str) -> int:
    """Return a measured spot of a section."""
    rows = usable[slide.labels(str(slide.columns.section))[usable] == section]
    if not len(rows):
        raise ConcertError(
            f"No spot of section {section} was measured: nothing is known there. Choose another section."
        )
    return int(rows[0])


def _planes(table: pd.DataFrame, coords: Floats, slide: Slide) -> Codes:
    """Return the place (n,) of each new spot where z alone tells sections."""
    usable = np.flatnonzero(slide.usable)
    heights, first = np.unique(slide.coords[usable, 2], return_index=True)
    off = np.abs(coords[:, 2, None] - heights)
    nearest = off.argmin(axis=1)
    for row in np.flatnonzero(off.min(axis=1) > ON_PLANE * slide.pitch).tolist():
        raise ConcertError(
            f"{_line(table, row)}: no section lies at z = {coords[row, 2]:g} (there are "
            f"{', '.join(f'{z:g}' for z in heights)}). Give one of these, or say that the sections are registered."
        )
    places: Codes = slide.places[usable[first[nearest]]]
    return places


# -- attributes -------------------------------------------------------------------------------------------------------


def _roles(table: pd.DataFrame, slide: Slide, vocabulary: Vocabulary) -> dict[str, str]:
    """Return which column of the table says what: section, perturbation, tissue, and numbers by their name."""
    own = {"section": slide.columns.section, "perturbation": slide.columns.perturbation, "tissue": slide.columns.tissue}
    learned = {"perturbation": bool(vocabulary.states), "tissue": bool(vocabulary.tissues), "section": True}
    means = {role: role for role in own} | {str(name): role for role, name in own.items() if name is not None}
    role: dict[str, str] = {}
    for name in map(str, table.columns):
        kind = name if name in vocabulary.continuous else means.get(name)
        if kind is None or name in AXES or (kind in own and (own[kind] is None or not learned[kind])):
            continue
        if kind in role:
            raise ConcertError(f"Columns {role[kind]!r} and {name!r} both say the {kind} of the positions; keep one.")
        role[kind] = name
    return role


def _labels(table: pd.DataFrame, column: str | None, kind: str, slide: Slide, known: tuple[str, ...]) -> Labels:
    """Return the labels (n,) of new spots, None where they are to be inferred."""
    if column is None:
        return np.full(len(table), None, dtype=object)
    labels = as_labels(table[column])
    labels[[label not in known and _says_nothing(label, slide) for label in labels]] = None
    for row, label in enumerate(labels):
        if label is not None and label not in known:
            raise UnknownName(f"{'state' if kind == 'perturbation' else kind} ({_line(table, row)})", label, known)
    return labels


def _says_nothing(label: str | None, slide: Slide) -> bool:
    return label is None or label in slide.columns.unknown or bool(guess_unknown([label]))


def _standardised(numbers: dict[str, Floats], vocabulary: Vocabulary, n: int) -> Floats:
    values = np.column_stack([*numbers.values()]) if numbers else np.zeros((n, 0))
    standard: Floats = (values - np.array(vocabulary.continuous_mean)) / np.array(vocabulary.continuous_sd)
    return standard


def _obs(said: dict[str, Any], slide: Slide, numbers: dict[str, Floats]) -> pd.DataFrame:
    """Return what was said of new spots, under the slide's own column names."""
    own = {role: getattr(slide.columns, role) for role in said}
    return pd.DataFrame({own[role]: values for role, values in said.items() if values is not None} | numbers)


def _unused(table: pd.DataFrame, role: dict[str, str], slide: Slide, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield which columns say nothing to the model, with what may have been meant."""
    axes = AXES[: slide.coords.shape[1]]
    meant = [kind for kind in (*LABELLED, "section", *vocabulary.continuous) if kind not in role]
    for name in map(str, table.columns):
        if name not in (*axes, *role.values()):
            near = nearest_names(name, meant, n=1)
            yield f"Column {name!r} of the positions is not used" + (f" (is it {near[0]}?)." if near else ".")


def _interpolated(numbers: dict[str, Floats]) -> Iterator[str]:
    for name, values in numbers.items():
        if missing := int(np.isnan(values).sum()):
            yield f"{name} is not given at {missing} of {len(values)} positions: it is interpolated from spots around."
