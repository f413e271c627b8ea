"""From slides to the model's arrays: codes for labels, pitches for coordinates, one place after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.model.data import UNKNOWN, SpotArrays, Vocabulary
from napari_concert.patches import WhatIf
from napari_concert.slide import Slide


@dataclass(frozen=True)
class Scale:
    """How coordinates become pitches: the pitch (in the slides' unit), and the name of that unit."""

    pitch: float
    unit: str


def vocabulary_of(slides: Sequence[Slide], genes: tuple[str, ...]) -> Vocabulary:
    """Return the labels of all slides, controls first.

    Raises
    ------
    ConcertError
        If the slides differ in dimensions or in what their columns mean.
    """
    first = slides[0]
    dimensions = {slide.coords.shape[1] for slide in slides}
    if len(dimensions) > 1:
        raise ConcertError(
            f"The slides have {sorted(dimensions)} coordinates a spot; give slides of one kind, 2D or 3D."
        )
    continuous = first.columns.continuous
    if any(slide.columns.continuous != continuous for slide in slides):
        raise ConcertError("The slides name different continuous columns; choose the same ones for every slide.")
    controls = _union(tuple(c for c in slide.columns.control if c in slide.states) for slide in slides)
    states = _union(slide.states for slide in slides)
    means, sds = _standards(slides, continuous)
    return Vocabulary(
        genes=genes,
        states=controls + tuple(state for state in states if state not in controls),
        controls=controls,
        tissues=_union(slide.tissues for slide in slides),
        batches=_union(tuple(dict.fromkeys(batch_names(slide))) for slide in slides),
        continuous=continuous,
        continuous_mean=means,
        continuous_sd=sds,
        dimensions=dimensions.pop(),
    )


def _union(groups: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _standards(slides: Sequence[Slide], columns: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    values = [np.concatenate([slide.values(column)[slide.usable] for slide in slides]) for column in columns]
    spread = [float(np.nanstd(value)) for value in values]
    return tuple(float(np.nanmean(value)) for value in values), tuple(sd if sd > 0 else 1.0 for sd in spread)


def batch_names(slide: Slide) -> npt.NDArray[np.object_]:
    """Return the batch (n_spots,) of each spot: its slide, and its section where there are several."""
    section = slide.columns.section
    if section is None:
        return np.full(slide.n_spots, slide.name, dtype=object)
    return np.array([f"{slide.name} · {label}" for label in slide.labels(section)], dtype=object)


def arrays_of(slides: Sequence[Slide], vocabulary: Vocabulary, scale: Scale) -> SpotArrays:
    """Return the usable spots of all slides, one slide after another; slides are places apart."""
    parts = [_slide_arrays(slide, vocabulary, scale) for slide in slides]
    offsets = np.cumsum([0, *(int(part.place.max(initial=0)) + 1 for part in parts[:-1])])
    return SpotArrays(
        counts=csr_matrix(vstack([part.counts for part in parts])),
        size=np.concatenate([part.size for part in parts]),
        coords=np.concatenate([part.coords for part in parts]),
        place=np.concatenate([part.place + offset for part, offset in zip(parts, offsets, strict=True)]),
        state=np.concatenate([part.state for part in parts]),
        tissue=np.concatenate([part.tissue for part in parts]),
        batch=np.concatenate([part.batch for part in parts]),
        continuous=np.concatenate([part.continuous for part in parts]),
    )


def _slide_arrays(slide: Slide, vocabulary: Vocabulary, scale: Scale) -> SpotArrays:
    rows = np.flatnonzero(slide.usable)
    columns = slide.genes.get_indexer(pd.Index(vocabulary.genes))
    return SpotArrays(
        counts=slide.counts[rows][:, columns].astype(np.float32),
        size=slide.size_factors[rows],
        coords=slide.coords[rows] / scale.pitch,
        place=slide.places[rows].astype(np.int64),
        state=codes(slide.state_of[rows], vocabulary.states),
        tissue=codes(slide.tissue_of[rows], vocabulary.tissues),
        batch=codes(batch_names(slide)[rows], vocabulary.batches),
        continuous=_standardised(slide, vocabulary)[rows],
    )


def codes(labels: npt.NDArray[np.object_], names: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return the position of each label in ``names``, ``UNKNOWN`` where it is None or not among them."""
    where = {name: i for i, name in enumerate(names)}
    return np.array([where.get(label, UNKNOWN) for label in labels], dtype=np.int64)


def _standardised(slide: Slide, vocabulary: Vocabulary) -> npt.NDArray[np.float64]:
    values = [
        (slide.values(name) - mean) / sd
        for name, mean, sd in zip(
            vocabulary.continuous, vocabulary.continuous_mean, vocabulary.continuous_sd, strict=True
        )
    ]
    return np.nan_to_num(np.column_stack(values)) if values else np.zeros((slide.n_spots, 0))


def check_targets(what_if: WhatIf, slide: Slide, vocabulary: Vocabulary) -> None:
    """Check that a model knows what a what-if asks for; quick, so that a slow inference need not come first.

    Raises
    ------
    ConcertError
        If an attribute or a value is not one that the model learned.
    """
    for patch in what_if.patches:
        for attribute, value in patch.target.items():
            _encoded(attribute, value, slide, vocabulary)


def intervene(arrays: SpotArrays, slide: Slide, what_if: WhatIf, vocabulary: Vocabulary) -> SpotArrays:
    """Return the arrays of ``slide`` with the attributes that a what-if gives to its spots.

    Raises
    ------
    ConcertError
        If an attribute or a value is not one that the model learned.
    """
    rows = np.flatnonzero(slide.usable)
    state, tissue, continuous = arrays.state.copy(), arrays.tissue.copy(), arrays.continuous.copy()
    for attribute in what_if.attributes:
        wanted = what_if.target_of(slide.n_spots, attribute)[rows]
        changed = pd.notna(wanted)
        encoded = [_encoded(attribute, value, slide, vocabulary) for value in wanted[changed]]
        kind = _attribute_kind(attribute, slide, vocabulary)
        if kind == "perturbation":
            state[changed] = encoded
        elif kind == "tissue":
            tissue[changed] = encoded
        else:
            continuous[changed, vocabulary.continuous.index(attribute)] = encoded
    return arrays.with_attributes(state, tissue, continuous)


def _encoded(attribute: str, value: object, slide: Slide, vocabulary: Vocabulary) -> float:
    """Return a target as the model's arrays hold it: a code, or a standardised number."""
    kind = _attribute_kind(attribute, slide, vocabulary)
    if kind == "perturbation":
        return _code("state", value, vocabulary.states)
    if kind == "tissue":
        return _code("tissue", value, vocabulary.tissues)
    c = vocabulary.continuous.index(attribute)
    return (_number(attribute, value) - vocabulary.continuous_mean[c]) / vocabulary.continuous_sd[c]


def _attribute_kind(attribute: str, slide: Slide, vocabulary: Vocabulary) -> str:
    if attribute in ("perturbation", slide.columns.perturbation):
        if not vocabulary.states:
            raise ConcertError("This model has no perturbation, so there is no state to switch; train with one.")
        return "perturbation"
    if attribute in ("tissue", slide.columns.tissue):
        if not vocabulary.tissues:
            raise ConcertError("This model has no tissue column; train with one to change the tissue.")
        return "tissue"
    if attribute not in vocabulary.continuous:
        raise UnknownName("attribute", attribute, ("perturbation", "tissue", *vocabulary.continuous))
    return "continuous"


def _code(kind: str, value: object, names: tuple[str, ...]) -> int:
    if str(value) not in names:
        raise UnknownName(kind, str(value), names)
    return names.index(str(value))


def _number(attribute: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ConcertError(f"{attribute} is a continuous attribute; {value!r} is not a number.") from error
