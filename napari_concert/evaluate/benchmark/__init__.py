"""How right the model is on many kinds of simulated slides, beside simple baselines and a ceiling."""

from napari_concert.evaluate.benchmark.files import write
from napari_concert.evaluate.benchmark.job import SWEEP, Job, Run
from napari_concert.evaluate.benchmark.report import Verdict, frame, table, verdicts

__all__ = ["SWEEP", "Job", "Run", "Verdict", "frame", "table", "verdicts", "write"]
