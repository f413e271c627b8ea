"""Sections of a registered stack are left out, one after another, and predicted from the others.

    python benchmarks/left_out_section.py SLIDE [--genes 300] [--um-per-unit X] [--seed 0]

For each section between two others, at the usual distance, a model is trained on the other sections, with default
settings, and predicts the positions of the section's spots, without any label. Beside it stand the counts of the
nearest spot of the nearest section, and the interpolation between the nearest spots (one, or the mean of six) of the
sections below and above. SLIDE must be registered (``napari-concert register``); where that was done by expression, the
left-out section took part in it.

``mae`` is the mean absolute error of log(1 + expected count at the median library size), ``pcc`` a gene's correlation
over the section's spots, averaged over genes, both against the measured counts; ``true_…`` against the truth, where the
slide is simulated. ``loglik`` is the log-likelihood of a measured count (nats) under a negative binomial, whose
dispersion is fitted for each gene and method to the left-out section; no mean is below a tenth of the gene's average.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import nbinom

from napari_concert import Concert, WhatIf
from napari_concert.concert.imputation import Imputation
from napari_concert.errors import ConcertError
from napari_concert.evaluate import known_truth
from napari_concert.evaluate.metrics import pearson
from napari_concert.io import from_anndata, read
from napari_concert.model.runtime import machine, peak_memory_bytes
from napari_concert.simulate import truth
from napari_concert.slide import Slide
from napari_concert.slide.levels import Levels, levels_of

THETAS = np.geomspace(0.1, 100, 25)
FLOOR = 0.1  # of a gene's average: a spot without a count does not make the next one impossible
SEVERAL = 6
WIDE = 3.0  # times the usual distance of neighbouring sections

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Case(NamedTuple):
    """A left-out section: the whole slide, its rows, those of the sections below and above, and how far up it lies."""

    slide: Slide
    name: str
    rows: Rows
    below: Rows
    above: Rows
    share: float


def main() -> None:
    """Print scores of each section, and their means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slide", metavar="SLIDE", type=Path)
    parser.add_argument("--genes", type=int, default=300, help="most variable genes to model")
    parser.add_argument("--um-per-unit", type=float)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    slide = read(args.slide, um_per_unit=args.um_per_unit, registered=True)
    print(f"{args.slide.name}: {slide.n_spots:,} spots; {machine()}", flush=True)
    records = [record for case in cases(slide) for record in scored(case, args.genes, args.seed)]
    table = pd.DataFrame(records)
    print(table.round(3).to_string(index=False))
    print(table.groupby("method", sort=False).mean(numeric_only=True).round(3).to_string())
    print(f"peak memory {peak_memory_bytes() / 1e9:.2f} GB")


def cases(slide: Slide) -> Iterator[Case]:
    """Yield every section with a neighbour on both sides; a gap far wider than usual parts two pieces of tissue."""
    levels = levels_of(slide)
    if levels is None or len(levels) < 3:
        raise ConcertError("Leaving a section out needs a registered stack of three sections or more.")
    widest = WIDE * float(np.median(np.diff(levels.heights)))
    for level in range(1, len(levels) - 1):
        low, here, high = levels.heights[level - 1 : level + 2]
        if max(here - low, high - here) > widest:
            continue
        rows, below, above = (_rows(slide, levels, each) for each in (level, level - 1, level + 1))
        yield Case(slide, levels.names[level], rows, below, above, float((here - low) / (high - low)))


def _rows(slide: Slide, levels: Levels, level: int) -> Rows:
    return np.flatnonzero((levels.of == level) & slide.usable)


def scored(case: Case, n_genes: int, seed: int) -> Iterator[dict[str, Any]]:
    """Yield a record for each method."""
    began = time.perf_counter()
    found = predicted(case, n_genes, seed)
    genes, took = list(found.genes), time.perf_counter() - began
    print(f"section {case.name}: {len(case.rows)} spots × {len(genes)} genes, {took:.0f} s", flush=True)
    known = truth(case.slide.adata, WhatIf(), genes).baseline[case.rows] if known_truth(case.slide) else None
    for method, level in answers(case, found, genes).items():
        record = {"section": case.name, "method": method, **scores(case, genes, level)}
        if known is not None:
            record |= {"true_mae": _mae(level, known), "true_pcc": _by_gene(level, known)}
        if method == "model":
            counts = normalised(case.slide, case.rows, genes)
            record["coverage"] = float(((found.lower <= counts) & (counts <= found.upper)).mean())
        yield record


def predicted(case: Case, n_genes: int, seed: int) -> Imputation:
    """Return what a model of all other sections expects at the section's spots."""
    level = case.slide.labels(str(case.slide.columns.section)) == case.name
    rest = case.slide.adata[~level].copy()
    rest.uns = {"spatial_units": "um"} if case.slide.units.name == "µm" else {}
    rest.obsm["spatial"] = case.slide.coords[~level]
    others = from_anndata(rest, name="the other sections", registered=True, columns=case.slide.columns)
    model = Concert(others, n_genes=n_genes, seed=seed).train()
    return model.impute(case.slide.coords[case.rows])


def answers(case: Case, found: Imputation, genes: list[str]) -> dict[str, Floats]:
    """Return expected counts (n, G) of each method."""
    both = {k: [_nearest(case, rows, genes, k) for rows in (case.below, case.above)] for k in (1, SEVERAL)}
    between = {k: (1 - case.share) * low + case.share * high for k, (low, high) in both.items()}
    return {
        "model": found.predicted.astype(np.float64),
        "nearest section": both[1][int(case.share > 0.5)],
        "linear, nearest spots": between[1],
        f"linear, {SEVERAL} nearest spots": between[SEVERAL],
    }


def _nearest(case: Case, rows: Rows, genes: list[str], k: int) -> Floats:
    """Return the mean counts (n, G) of the ``k`` spots of a section nearest to each left-out one, in the plane."""
    coords = case.slide.coords[:, :2]
    near = cKDTree(coords[rows]).query(coords[case.rows], k=k)[1].reshape(len(case.rows), -1)
    mean: Floats = normalised(case.slide, rows, genes)[near].mean(axis=1)
    return mean


def normalised(slide: Slide, rows: Rows, genes: list[str]) -> Floats:
    """Return counts (n, G) at the median library size."""
    counts: Floats = raw(slide, rows, genes) / slide.size_factors[rows, None]
    return counts


def raw(slide: Slide, rows: Rows, genes: list[str]) -> Floats:
    """Return counts (n, G) as measured."""
    counts: Floats = slide.counts[rows][:, slide.genes.get_indexer(pd.Index(genes))].toarray().astype(np.float64)
    return counts


def scores(case: Case, genes: list[str], level: Floats) -> dict[str, float]:
    """Return the scores of expected counts (n, G) against those that were measured."""
    measured = normalised(case.slide, case.rows, genes)
    average = normalised(case.slide, np.concatenate([case.below, case.above]), genes).mean(axis=0)
    mean = np.maximum(level, np.maximum(FLOOR * average, 1e-3)) * case.slide.size_factors[case.rows, None]
    counts = raw(case.slide, case.rows, genes)
    each = [nbinom.logpmf(counts, theta, theta / (theta + mean)).mean(axis=0) for theta in THETAS]
    loglik = float(np.max(each, axis=0).mean())
    return {"mae": _mae(level, measured), "pcc": _by_gene(level, measured), "loglik": loglik}


def _mae(level: Floats, expected: Floats) -> float:
    return float(np.abs(np.log1p(level) - np.log1p(expected)).mean())


def _by_gene(level: Floats, expected: Floats) -> float:
    """Return the correlation over spots of log(1 + counts), averaged over the genes that have one."""
    logs = np.log1p(level).T, np.log1p(expected).T
    return float(np.nanmean([pearson(one, other) for one, other in zip(*logs, strict=True)]))


if __name__ == "__main__":
    main()
