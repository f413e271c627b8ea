"""The sections of a slide as they are aligned: places in pitches, and what expression says of them."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt
from scipy import sparse

from napari_concert.registration import expression
from napari_concert.registration.expression import Neighbours
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_SPOTS = 5000  # of a section; more are pooled in squares, so that time and memory stay bounded
FEWEST_SPOTS = 10  # fewer say nothing of how a section lies


@dataclass(frozen=True, eq=False)
class Tissue:
    """One section.

    Attributes
    ----------
    name
        Of the section.
    points
        (n, 2) in steps, as the file has them (not moved), in an order that only the places decide.
    counts, totals
        (n, n_genes) and (n,).
    features
        (n, k) leading components of its smooth genes, centred within the section.
    genes
        (n, g) log expression of the genes that score an alignment.
    """

    name: str
    points: Floats
    counts: sparse.csr_matrix
    totals: Floats
    features: Floats
    genes: Floats


@dataclass(frozen=True, eq=False)
class Tissues:
    """All sections that have enough spots, by name, and the length of a step in the file's unit."""

    parts: dict[str, Tissue]
    step: float


def tissues_of(slide: Slide, names: tuple[str, ...]) -> Generator[str, None, Tissues]:
    """Read the sections of a slide; yields what it is doing and returns those with enough spots."""
    pitch = slide.pitch / slide.units.factor
    rows = {name: _rows(slide, name) for name in names}
    rows = {name: found for name, found in rows.items() if len(found) >= FEWEST_SPOTS}
    side = max((_side(slide.raw_coords[found, :2], pitch) for found in rows.values()), default=pitch)
    parts = []
    for name, found in rows.items():
        yield f"Reading section {name}"
        parts.append(_part(slide, name, found, pitch, side))
    parts = (yield from _with_features(parts)) if parts else []
    return Tissues({part.name: part for part in parts}, side)


def _rows(slide: Slide, name: str) -> Rows:
    """Return the usable spots of a section, from left to right, so that their order in the file does not matter."""
    assert slide.columns.section is not None
    here = np.flatnonzero(slide.usable & (slide.labels(slide.columns.section) == name))
    x, y = slide.raw_coords[here, :2].T
    return here[np.lexsort((y, x))]


def _side(points: Floats, pitch: float) -> float:
    """Return the side of the squares that leave at most about the most spots, or the pitch where all may stay."""
    return pitch * max(1.0, float(np.sqrt(len(points) / MOST_SPOTS)))


def _part(slide: Slide, name: str, rows: Rows, pitch: float, side: float) -> Tissue:
    points, counts = slide.raw_coords[rows, :2], sparse.csr_matrix(slide.counts[rows])
    if side > pitch:
        points, counts = _pooled(points, counts, side)
    totals: Floats = np.asarray(counts.sum(axis=1, dtype=np.float64)).ravel()
    none = np.zeros((len(points), 0))
    return Tissue(name, points / side, counts, totals, none, none)


def _pooled(points: Floats, counts: sparse.csr_matrix, side: float) -> tuple[Floats, sparse.csr_matrix]:
    """Return spots summed in squares: each square's mean place, and its counts."""
    square = np.floor((points - points.min(axis=0)) / side).astype(np.int64)
    _, member, size = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    member = member.ravel()
    sums = sparse.csr_matrix((np.ones(len(points)), (member, np.arange(len(points)))))
    return np.asarray(sums @ points) / size[:, None], sparse.csr_matrix(sums @ counts)


def _with_features(parts: list[Tissue]) -> Generator[str, None, list[Tissue]]:
    """Return the sections with their features; the offset of each section from the others is taken away."""
    kept = expression.detected([part.counts for part in parts])
    size = float(np.median(np.concatenate([part.totals for part in parts])))
    values = []
    for part in parts:
        yield f"Normalising section {part.name}"
        values.append(expression.logs(part.counts[:, kept], part.totals, size))
    spread = np.zeros(len(kept))
    for value in values:
        yield "Looking for genes that vary"
        spread += expression.variance(value)
    variable = expression.largest(spread, expression.MOST_VARIABLE)
    near = [Neighbours(part.points) for part in parts]
    smoothness = np.zeros(len(variable))
    for part, value, around in zip(parts, values, near, strict=True):
        yield f"Looking for genes with a pattern in section {part.name}"
        smoothness += len(part.points) * expression.smoothness(_centred(value, variable), around)
    return _described(parts, values, near, variable, smoothness)


def _described(
    parts: list[Tissue], values: list[sparse.csr_matrix], near: list[Neighbours], variable: Rows, smoothness: Floats
) -> list[Tissue]:
    best = expression.largest(smoothness, expression.MOST_SMOOTH)
    scored = expression.largest(smoothness, expression.SCORED)
    genes = [_centred(value, variable[best]) for value in values]
    spread = np.sqrt(reduce(np.add, [(part**2).sum(axis=0) for part in genes]))
    spread[spread == 0] = 1.0
    features = expression.leading([around.smooth(part / spread) for part, around in zip(genes, near, strict=True)])
    return [
        replace(part, features=features[i], genes=_centred(values[i], variable[scored])) for i, part in enumerate(parts)
    ]


def _centred(values: sparse.csr_matrix, genes: Rows) -> Floats:
    dense = values[:, genes].toarray().astype(np.float64)
    return np.asarray(dense - dense.mean(axis=0))
