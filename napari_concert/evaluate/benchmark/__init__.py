"""How right the model is on many kinds of simulated slides, beside simple baselines and a ceiling."""

from napari_concert.evaluate.benchmark.files import write
from napari_concert.evaluate.benchmark.job import Job, Run, ledger_of, runs
from napari_concert.evaluate.benchmark.report import Verdict, frame, table, verdicts

__all__ = ["Job", "Run", "Verdict", "frame", "ledger_of", "runs", "table", "verdicts", "write"]
