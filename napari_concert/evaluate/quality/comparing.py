"""What was predicted of hidden spots, held against what they count: gene by gene, spot by spot, region by region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_matrix
from scipy.spatial import cKDTree

from napari_concert.concert.withholding import Withheld
from napari_concert.evaluate.quality.coverage import coverage_curve
from napari_concert.evaluate.quality.lights import GREY, LIGHTS, gene_lights, spread_lights
from napari_concert.evaluate.quality.moran import Neighbourhood
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

NEAREST = 6
MEANING = (
    "Hidden measured spots as the others predict them. It says how far in-painting can be trusted on this slide; it is "
    "no validation of a what-if, whose outcome was never measured."
)


@dataclass(frozen=True, eq=False)
class Quality:
    """How well hidden spots were predicted.

    Attributes
    ----------
    hidden
        What was predicted, gene by gene.
    genes
        A row a gene: ``counts`` in all hidden spots; ``error``, mean absolute error of log(1 + count at the median
        library size), beside ``error_mean`` and ``error_nearest`` of the slide's mean and of the 6 nearest measured
        spots; ``pcc`` over hidden spots; ``explained`` share of the variance of the counts at the median library size,
        as against the slide's mean, and ``explained_nearest``; ``z_mean``, ``z_sd`` of z = (count - expected) / sd;
        ``moran``, ``moran_p`` of z; ``light``.
    spots
        A row a hidden spot: ``error``, ``error_nearest``, ``z_mean``, ``z_sd`` over genes, ``light``.
    coverage
        What intervals hold (:func:`.coverage_curve`).
    """

    hidden: Withheld
    genes: pd.DataFrame
    spots: pd.DataFrame
    coverage: pd.DataFrame

    def regions(self, labels: pd.Series) -> pd.DataFrame:
        """Return a row a label (of hidden spots, by name): ``spots``, ``error``, ``z_sd``, ``light``."""
        named = labels.reindex(self.spots.index).astype(str)
        groups = self.spots.assign(squared=self.spots["z_sd"] ** 2).groupby(named, observed=True)
        found = groups.agg(spots=("error", "size"), error=("error", "mean"), z_sd=("squared", "mean"))
        found["z_sd"] = np.sqrt(found["z_sd"])
        return found.assign(light=spread_lights(found["z_sd"])).sort_values("error", ascending=False)

    @property
    def summary(self) -> dict[str, float]:
        """Hidden spots, genes by light, and over the genes that can be told means of errors and medians of the rest."""
        told = self.genes[self.genes["light"] != GREY]
        errors = {name: float(told[name].mean()) for name in ("error", "error_mean", "error_nearest")}
        rest = {name: float(told[name].median()) for name in ("pcc", "explained", "explained_nearest", "z_sd", "moran")}
        lights = {light: float((self.genes["light"] == light).sum()) for light in LIGHTS}
        return {"spots": float(len(self.spots)), **errors, **rest, **lights}


def checks(hidden: Withheld, slide: Slide) -> Iterator[float | Quality]:
    """Yield the share done, then the :class:`Quality`.

    Parameters
    ----------
    hidden
        Spots of the slide as its other spots predict them.
    slide
        Where they are; what it leaves out plays no part but for them.
    """
    known = _Known(hidden, slide)
    parts: list[pd.DataFrame] = []
    of_spots = np.zeros((4, len(hidden)))
    for genes, expected, sd in hidden.moments():
        table, spots = known.compare(genes, expected, sd)
        parts.append(table)
        of_spots += spots
        yield 0.5 * (genes[-1] + 1) / len(hidden.genes)
    coverage: pd.DataFrame | None = None
    for done, found in enumerate(coverage_curve(hidden)):
        coverage = found
        yield 0.5 + 0.5 * done / (done + 4)
    assert coverage is not None
    genes_table = pd.concat(parts)
    yield Quality(hidden, genes_table.assign(light=gene_lights(genes_table)), known.spots(of_spots), coverage)


class _Known:
    """What is known of hidden spots, and the simple answers beside the model."""

    def __init__(self, hidden: Withheld, slide: Slide) -> None:
        self.hidden, self.names = hidden, slide.spot_names[hidden.rows]
        whole = slide.without(np.setdiff1d(slide.left_out, hidden.rows))
        coords, places = whole.coords, whole.places
        self.around = Neighbourhood(coords[hidden.rows], places[hidden.rows])
        rest = np.setdiff1d(np.flatnonzero(slide.usable), hidden.rows)
        columns = slide.genes.get_indexer(pd.Index(hidden.genes))
        self.rest = csc_matrix(slide.counts[rest][:, columns].multiply(1 / slide.size_factors[rest, None]))
        self.near = _nearest(coords, places, hidden.rows, rest)
        self.mean = np.asarray(self.rest.mean(axis=0)).ravel()

    def compare(self, genes: Rows, expected: Floats, sd: Floats) -> tuple[pd.DataFrame, Floats]:
        """Return the rows of some genes, and sums over them for each spot (4, n)."""
        counts = self.hidden.counts[:, genes].toarray().astype(np.float64)
        size = self.hidden.size[:, None]
        z = (counts - expected) / np.maximum(sd, 1e-12)
        measured, level = counts / size, expected / size
        nearest = self.rest[:, genes].toarray()[self.near].mean(axis=1)
        mean = np.broadcast_to(self.mean[genes], measured.shape)
        error, of_mean, of_nearest = (np.abs(np.log1p(a) - np.log1p(measured)) for a in (level, mean, nearest))
        moran = self.around.morans_i(z)
        table = pd.DataFrame(
            {
                "counts": counts.sum(axis=0),
                "error": error.mean(axis=0),
                "error_mean": of_mean.mean(axis=0),
                "error_nearest": of_nearest.mean(axis=0),
                "pcc": _correlation(level, measured),
                "explained": _explained(level, measured, mean),
                "explained_nearest": _explained(nearest, measured, mean),
                "z_mean": z.mean(axis=0),
                "z_sd": np.sqrt((z**2).mean(axis=0)),
                "moran": moran,
                "moran_p": self.around.p_value(moran),
            },
            index=pd.Index([self.hidden.genes[g] for g in genes], name="gene"),
        )
        return table, np.stack([part.sum(axis=1) for part in (error, of_nearest, z, z**2)])

    def spots(self, sums: Floats) -> pd.DataFrame:
        """Return the table of spots from sums over all genes."""
        error, nearest, z, squares = sums / len(self.hidden.genes)
        columns = {"error": error, "error_nearest": nearest, "z_mean": z, "z_sd": np.sqrt(squares)}
        found = pd.DataFrame(columns, index=self.names)
        return found.assign(light=spread_lights(found["z_sd"]))


def _nearest(coords: Floats, places: Rows, rows: Rows, rest: Rows) -> Rows:
    """Return the positions in ``rest`` of the six nearest measured spots (n, 6), of the same place where it has any."""
    extent = float(np.nanmax(coords) - np.nanmin(coords)) + 1.0
    apart = np.column_stack([coords, places * 4 * extent])
    near = cKDTree(apart[rest]).query(apart[rows], k=min(NEAREST, len(rest)))[1]
    return np.asarray(near.reshape(len(rows), -1), dtype=np.int64)


def _correlation(one: Floats, other: Floats) -> Floats:
    """Return Pearson's correlation of each column; NaN where one is constant."""
    a, b = one - one.mean(axis=0), other - other.mean(axis=0)
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return np.asarray(np.where(size > 0, (a * b).sum(axis=0) / np.maximum(size, 1e-300), np.nan))


def _explained(answer: Floats, measured: Floats, mean: Floats) -> Floats:
    """Return ``1 - Σ (x - answer)² / Σ (x - mean)²`` of each column; 0 where nothing varies."""
    left, all_of_it = ((measured - answer) ** 2).sum(axis=0), ((measured - mean) ** 2).sum(axis=0)
    return np.asarray(np.where(all_of_it > 0, 1 - left / np.maximum(all_of_it, 1e-300), 0.0))
