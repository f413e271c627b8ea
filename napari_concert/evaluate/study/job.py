"""One task on one slide, answered by every method and scored: a plain value in, a plain value out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.errors import ConcertError
from napari_concert.evaluate.ledger import Sweep
from napari_concert.evaluate.methods import METHODS, TRUTH
from napari_concert.evaluate.study.scoring import Referee, Score
from napari_concert.evaluate.study.truth import true_answer, truth_of
from napari_concert.evaluate.tasks import Kind, Task, build
from napari_concert.slide import Columns

if TYPE_CHECKING:
    from napari_concert.slide import Slide


@dataclass(frozen=True)
class SlideFile:
    """A slide on disk, and how its columns and coordinates are read."""

    path: str
    columns: Columns
    registered: bool | None = None
    um_per_unit: float | None = None

    def read(self) -> Slide:
        """Read it.

        Raises
        ------
        ConcertError
            If it can't be read, or lacks a column.
        """
        from napari_concert.io import read

        return read(self.path, um_per_unit=self.um_per_unit, registered=self.registered).with_columns(self.columns)


@dataclass(frozen=True)
class Job:
    """A task to build, answer and score. The seed draws the place, what is held out, and each training."""

    file: SlideFile
    kind: Kind
    size: int
    seed: int
    n_genes: int


@dataclass(frozen=True)
class Record:
    """What a job came to.

    Attributes
    ----------
    slide
        Name of the slide.
    said
        The task in words; empty where it could not be built.
    facts
        States, tissue, and how many spots have which part.
    scores
        One for each method and score.
    seconds
        What each method took.
    reason
        Why the slide has no such task, or what went wrong, in one sentence.
    failed
        Methods that could not answer, and why.
    """

    job: Job
    slide: str = ""
    said: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()
    seconds: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    failed: dict[str, str] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return one flat row a score."""
        job = {"slide": self.slide, "task": self.job.kind, "size": self.job.size, "seed": self.job.seed}
        return [{**job, **asdict(score)} for score in self.scores]


def run(job: Job) -> Record:
    """Do a job.

    Raises
    ------
    ConcertError
        If the slide can't be read.
    """
    slide = job.file.read()
    try:
        task = build(slide, job.kind, job.size, job.seed)
    except ConcertError as error:
        return Record(job, slide.name, reason=str(error))
    return _answered(job, slide, task)


def _answered(job: Job, slide: Slide, task: Task) -> Record:
    from napari_concert.concert.genes import choose_genes

    measured, question = task.cut_out(slide)
    genes = choose_genes((measured,), job.n_genes, ())
    truth = truth_of(slide, task, genes)
    referee = Referee(slide, measured, task, genes, truth)
    scores, seconds, failed = list[Score](), dict[str, float](), dict[str, str]()
    if truth is not None:
        scores += referee.scores(TRUTH, true_answer(slide, task, truth, genes))
    for name, method in METHODS.items():
        started = time.perf_counter()
        try:
            answer = method(measured, question, genes, job.seed)
        except ConcertError as error:
            failed[name] = str(error)
            continue
        seconds[name] = time.perf_counter() - started
        scores += referee.scores(name, answer)
    return Record(job, slide.name, task.said, dict(_facts(task, genes)), tuple(scores), seconds, failed=failed)


def _facts(task: Task, genes: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    question = task.question
    yield from (("source", question.source), ("target", question.target), ("tissue", question.tissue))
    for name in ("patch", "scored", "like"):
        yield f"{name}_spots", len(getattr(question, name))
    yield from (("reference_spots", len(task.reference)), ("origin_spots", len(task.origin)), ("genes", len(genes)))


def _data_of(job: Job) -> dict[str, Any]:
    """Return what tells a job, the state of its file included."""
    file = Path(job.file.path)
    state = file.stat() if file.exists() else None
    return {**asdict(job), "bytes": state and state.st_size, "changed": state and state.st_mtime_ns}


def _restored(job: Job, values: dict[str, Any]) -> Record:
    return Record(job, **{**values, "scores": tuple(Score(**score) for score in values["scores"])})


def _failed(job: Job, why: str) -> Record:
    return Record(job, reason=why)


def _is_done(found: Record) -> bool:
    """Whether the slide was looked at: one without room for the task will have none the next time either."""
    return bool(found.slide)


SWEEP = Sweep(run, _failed, _data_of, _restored, _is_done)
