"""Tasks on slides, answered by the model and by simple methods, scored, ranked and reported."""

from napari_concert.evaluate.study.definitions import AGREEMENT, SCORES
from napari_concert.evaluate.study.files import report, write
from napari_concert.evaluate.study.job import SWEEP, Job, Record, SlideFile, run
from napari_concert.evaluate.study.ranks import average_ranks, frame, mean_scores, verdicts

__all__ = [
    "AGREEMENT",
    "SCORES",
    "SWEEP",
    "Job",
    "Record",
    "SlideFile",
    "average_ranks",
    "frame",
    "mean_scores",
    "report",
    "run",
    "verdicts",
    "write",
]
