"""Patches from obs columns and back: yes or no of each spot, or the name of its patch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io.colours import as_hex
from napari_concert.patches import DEFAULT_COLOR, Patch
from napari_concert.slide import Slide
from napari_concert.slide.obs import as_labels, as_values, is_categorical, is_yes_or_no

Rows: TypeAlias = npt.NDArray[np.int64]


def as_column(slide: Slide, patches: Sequence[Patch]) -> pd.Categorical:
    """Return a column with the name of each spot's patch, which :func:`read_patches` reads as ``obs:COLUMN``.

    Parameters
    ----------
    slide
        Whose obs the column is for.
    patches
        Where they overlap the later one wins. Patches of one name are told apart by a number; one called "no" or "1"
        becomes "patch no" or "patch 1", because such words make a column of yes or no.

    Returns
    -------
    (n_spots,) Categorical
        Missing where no patch is; the categories are in the order of the patches.

    Raises
    ------
    ConcertError
        If a patch names a row that the slide lacks.
    """
    names = distinct(patch.name for patch in patches)
    labels = [f"patch {name}" if is_yes_or_no(pd.Series([name])) else name for name in names]
    codes = np.full(slide.n_spots, -1)
    for code, patch in enumerate(patches):
        if len(patch) and patch.spots[-1] >= slide.n_spots:
            raise ConcertError(
                f"Patch {patch.name!r} names row {patch.spots[-1]}, but {slide.name} has {slide.n_spots} spots. "
                "Check that it was painted on this slide."
            )
        codes[patch.spots] = code
    return pd.Categorical.from_codes(codes, categories=pd.Index(distinct(labels), dtype=object))


def distinct(said: Iterable[str]) -> list[str]:
    """Return names of visible letters on one line each; where one is taken, a number follows: "patch", "patch 2"."""
    names: list[str] = []
    for one in said:
        visible = "".join(letter if letter.isprintable() else " " for letter in one)
        plain = " ".join(visible.split()) or "patch"
        name, number = plain, 1
        while name in names:
            number += 1
            name = f"{plain} {number}"
        names.append(name)
    return names


def patches_of_column(named: str, slide: Slide) -> list[Patch]:
    """Return the patches of an obs column.

    Parameters
    ----------
    named
        A column of yes or no (booleans, such words, or one number where the rest is 0 or missing), which makes one
        patch; a column of labels, which makes one patch a label, with scanpy's colours if it has any; or
        ``COLUMN=LABEL`` for a single label.
    slide
        Whose obs is meant.

    Raises
    ------
    ConcertError
        If there is no such column or label, or it holds something else.
    """
    column, _, label = (named, "", "") if named in slide.adata.obs else named.partition("=")
    labels = slide.labels(column)
    if label:
        if label not in set(labels):
            raise UnknownName(f"label in column {column!r}", label, slide.categories(column))
        return [patch for patch in _patches_of_labels(column, slide) if patch.name == label]
    values = slide.adata.obs[column]
    rows = _said_yes(values)
    if rows is not None:
        return [Patch(rows, name=column)]
    if not is_categorical(values):
        raise ConcertError(
            f"Column {column!r} is neither yes or no of each spot nor labels: it has {values.nunique()} different "
            "values. Give a boolean or a categorical column."
        )
    return _patches_of_labels(column, slide)


def _said_yes(values: pd.Series) -> Rows | None:
    """Return the spots of which a column says yes; None if it says other things than yes and no."""
    if not is_yes_or_no(values):
        return None
    if values.dtype.kind not in "biuf":
        chosen = [label is not None and label.lower() in ("true", "yes", "1") for label in as_labels(values)]
        return np.flatnonzero(chosen).astype(np.int64)
    numbers = np.nan_to_num(as_values(values))
    rows = np.flatnonzero(numbers).astype(np.int64)
    return rows if len(np.unique(numbers[rows])) <= 1 else None


def _patches_of_labels(column: str, slide: Slide) -> list[Patch]:
    labels, values = slide.labels(column), slide.adata.obs[column]
    if not isinstance(values.dtype, pd.CategoricalDtype):
        return [Patch(labels == label, name=label) for label in slide.categories(column)]
    known = [str(label) for label in values.dtype.categories]
    colours = np.asarray(slide.adata.uns.get(f"{column}_colors", ())).ravel().tolist()
    colours = [as_hex(colour) for colour in colours] if len(colours) == len(known) else [None] * len(known)
    return [
        Patch(labels == label, name=label, color=colour or DEFAULT_COLOR)
        for label, colour in zip(known, colours, strict=True)
    ]
