"""A check on disk: tables as .csv, everything else as .json."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from napari_concert import __version__, figures
from napari_concert.concert.record import provenance_of
from napari_concert.errors import ConcertError
from napari_concert.evaluate.quality.checking import Check
from napari_concert.evaluate.quality.comparing import MEANING
from napari_concert.evaluate.quality.coverage import ALL
from napari_concert.evaluate.quality.lights import GENE_RULE, GREEN, SPOT_RULE
from napari_concert.evaluate.quality.words import SEEN, held, verdict
from napari_concert.io.atomic import atomic_path
from napari_concert.io.tables import write_table
from napari_concert.patches import WhatIf

SUMMARY, GENES, SPOTS, COVERAGE = "summary.json", "genes.csv", "spots.csv", "coverage.csv"
FIGURE = "qc.pdf"


def summary(check: Check, command: str = "") -> dict[str, Any]:
    """Return what was found and all that is needed to repeat it, as JSON values."""
    record = {
        key: value for key, value in provenance_of(check.model, WhatIf(), check.slide).items() if key != "what_if"
    }
    return {
        **record,
        "meaning": MEANING,
        "verdict": verdict(check),
        "held": held(check.quality),
        "calibration": check.calibration,
        "caution": SEEN if check.was_seen else None,
        "summary": {key: value if math.isfinite(value) else None for key, value in check.quality.summary.items()},
        "hiding": asdict(check.hiding),
        "trained_without_hidden_spots": check.anew,
        "gene_rule": GENE_RULE,
        "spot_rule": SPOT_RULE,
        "command": command or None,
        "version": __version__,
    }


def write_check(folder: str | Path, check: Check, command: str = "", gene: str | None = None) -> None:
    """Write a check into a folder: genes, spots, coverage, regions by each column of labels, a figure, and the summary.

    Parameters
    ----------
    gene
        What the figure shows; by default the one of those to trust that is explained best.

    Raises
    ------
    ConcertError
        If it can't be written.
    """
    folder, quality = Path(folder), check.quality
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConcertError(f"{folder} can't be made: {error.strerror or error}. Choose another folder.") from error
    tables = {
        GENES: quality.genes,
        SPOTS: quality.spots.rename_axis("spot"),
        COVERAGE: quality.coverage.set_index("expected_counts"),
    }
    for column in columns_of(check):
        tables[f"regions by {_as_file_name(column)}.csv"] = check.regions(column)
    for name, table in tables.items():
        write_table(folder / name, table)
    figures.save(figure(check, gene or leading(check)), folder / FIGURE)
    with atomic_path(folder / SUMMARY) as scratch:
        scratch.write_text(json.dumps(summary(check, command), indent=1, allow_nan=False), encoding="utf-8")


def figure(check: Check, gene: str) -> Figure:
    """Return the figure of one gene."""
    quality = check.quality
    found, size = quality.hidden.gene(gene), quality.hidden.size
    everything = quality.coverage[quality.coverage["expected_counts"] == ALL]
    return figures.quality_figure(
        check.slide,
        quality.hidden.rows,
        found.observed / size,
        found.expected / size,
        (found.observed - found.expected) / np.maximum(found.sd, 1e-12),
        everything,
        gene=gene,
        said=verdict(check),
        warnings=(SEEN,) if check.was_seen else (),
        footer=f"{MEANING} napari-concert {__version__}; {check.slide.name}.",
    )


def leading(check: Check) -> str:
    """Return the gene of those to trust that is explained best; of all genes, if none is to be trusted."""
    genes = check.quality.genes
    green = genes[genes["light"] == GREEN]
    return str((green if len(green) else genes)["explained"].idxmax())


def columns_of(check: Check) -> list[str]:
    """Return the columns of labels that have a role, tissue first."""
    columns = check.slide.columns
    return list(dict.fromkeys(name for name in (columns.tissue, columns.perturbation, columns.section) if name))


def _as_file_name(column: str) -> str:
    return "".join(letter if letter.isalnum() or letter in " -_" else "_" for letter in column)
