"""A benchmark's results on disk, whole at any time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from napari_concert.evaluate.benchmark.job import Run
from napari_concert.evaluate.benchmark.report import frame

SCORES, RUNS = "scores.csv", "runs.json"


def write(folder: Path, done: Sequence[Run]) -> None:
    """Write all scores as a table (scores.csv), and the runs with machine and versions (runs.json).

    Raises
    ------
    OSError
        If the folder can't be written.
    """
    from napari_concert.io import atomic_path
    from napari_concert.model.runtime import machine, versions

    folder.mkdir(parents=True, exist_ok=True)
    with atomic_path(folder / SCORES) as scratch:
        frame(done).to_csv(scratch, index=False)
    whole = {"machine": machine(), "versions": versions(), "runs": [{**asdict(run), "scores": None} for run in done]}
    with atomic_path(folder / RUNS) as scratch:
        scratch.write_text(json.dumps(whole, indent=1), encoding="utf-8")
