"""A study's results on disk, whole at any time: report.json, scores.csv, report.html."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_concert import __version__
from napari_concert.evaluate.study.definitions import AGREEMENT, INTERVALS, SCORES
from napari_concert.evaluate.study.job import Record
from napari_concert.evaluate.study.page import page
from napari_concert.evaluate.study.ranks import average_ranks, frame, verdicts

REPORT, TABLE, PAGE = "report.json", "scores.csv", "report.html"


def report(done: Sequence[Record], asked: int, command: str) -> dict[str, Any]:
    """Return everything as JSON values: what was asked, scores, ranks, and what the numbers are; NaN as null."""
    from napari_concert.model.runtime import machine, versions

    scores = frame(done)
    files = {record.job.file.path: record for record in done if not record.reason or record.slide}
    return {
        "command": command,
        "version": __version__,
        "versions": versions(),
        "machine": machine(),
        "slides": [{"name": each.slide, **asdict(each.job.file)} for each in files.values()],
        "asked": asked,
        "done": len(done),
        "what": AGREEMENT,
        "intervals": INTERVALS,
        "definitions": {name: each._asdict() for name, each in SCORES.items()},
        "verdicts": list(verdicts(scores)),
        "average_ranks": known(average_ranks(scores).to_dict()),
        "tasks": [_task(record) for record in done],
    }


def write(folder: Path, done: Sequence[Record], asked: int, command: str) -> None:
    """Write all scores as a table, the report as JSON and as a page for the browser.

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    from napari_concert.io import atomic_path

    folder.mkdir(parents=True, exist_ok=True)
    whole = report(done, asked, command)
    with atomic_path(folder / TABLE) as scratch:
        frame(done).to_csv(scratch, index=False)
    for name, text in ((REPORT, json.dumps(whole, indent=1, allow_nan=False)), (PAGE, page(done, whole))):
        with atomic_path(folder / name) as scratch:
            scratch.write_text(text, encoding="utf-8")


def known(value: Any) -> Any:
    """Return a value with NaN as None."""
    if isinstance(value, dict):
        return {str(key): known(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [known(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _task(record: Record) -> dict[str, Any]:
    job = record.job
    return {
        "slide": record.slide,
        "task": job.kind,
        "size": job.size,
        "seed": job.seed,
        "said": record.said,
        "not_built": record.reason or None,
        **record.facts,
        "failed": record.failed,
        "seconds": {name: round(value, 2) for name, value in record.seconds.items()},
        "scores": [known(asdict(score)) for score in record.scores],
    }
