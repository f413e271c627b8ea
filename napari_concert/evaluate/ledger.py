"""What a sweep has done, on disk after every job, so that one that was cut short goes on where it ended."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from napari_concert import __version__
from napari_concert.evaluate.sweep import sweep

J = TypeVar("J")
R = TypeVar("R")

NAME = "done.jsonl"


class Ledger(Generic[J, R]):
    """Results by job, a line of JSON each.

    Parameters
    ----------
    folder
        Where the ledger lies.
    sweep
        How jobs are told, and results made from what is stored.
    afresh
        Whether an old ledger is forgotten.
    """

    def __init__(self, folder: Path, sweep: Sweep[J, R], *, afresh: bool) -> None:
        self.path, self.sweep = folder / NAME, sweep
        folder.mkdir(parents=True, exist_ok=True)
        if afresh:
            self.path.unlink(missing_ok=True)
        self.stored = dict(self._lines())

    def known(self, jobs: Sequence[J]) -> tuple[list[R], list[J]]:
        """Return the results of jobs that were done, and the jobs that were not."""
        keys = {self._key(job): job for job in jobs}
        done = [self.sweep.restored(job, self.stored[key]) for key, job in keys.items() if key in self.stored]
        return done, [job for key, job in keys.items() if key not in self.stored]

    def add(self, result: Any) -> None:
        """Store what a job came to: a dataclass whose field ``job`` is the job."""
        job: J = result.job
        values = {name: value for name, value in asdict(result).items() if name != "job"}
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([self._key(job), values], default=_plain) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _key(self, job: J) -> str:
        text = json.dumps([__version__, self.sweep.of_job(job)], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def _lines(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield what is stored; a last line that was cut off is no result."""
        if not self.path.exists():
            return
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                key, values = json.loads(line)
            except ValueError:
                continue
            yield key, values


@dataclass(frozen=True)
class Sweep(Generic[J, R]):
    """What is done with jobs of one kind: functions of a module, so that other processes find them.

    Attributes
    ----------
    do, failed
        What a job comes to, and what one comes to that failed, for a reason in words.
    of_job
        JSON-able values that say which job it is, and on which data.
    restored
        Makes a result from its job and the stored values (the result's fields, without the job).
    is_done
        Whether a result is one, and no failure that another try may mend.
    """

    do: Callable[[J], R]
    failed: Callable[[J, str], R]
    of_job: Callable[[J], dict[str, Any]]
    restored: Callable[[J, dict[str, Any]], R]
    is_done: Callable[[R], bool]

    def ledger(self, folder: Path, *, afresh: bool) -> Ledger[J, R]:
        """Return what is done in a folder."""
        return Ledger(folder, self, afresh=afresh)

    def runs(self, jobs: Sequence[J], ledger: Ledger[J, R] | None = None, **over: Any) -> Iterator[R]:
        """Yield what a ledger knows of jobs, then do the others over Dask, store what they come to and yield it.

        Parameters
        ----------
        over
            ``scheduler`` and ``workers`` of :func:`.sweep`.
        """
        known, left = ledger.known(jobs) if ledger is not None else ([], list(jobs))
        yield from known
        for found in sweep(self.do, left, self.failed, **over) if left else ():
            if ledger is not None and self.is_done(found):
                ledger.add(found)
            yield found


def _plain(value: Any) -> Any:
    """Return a numpy number as Python's."""
    return value.item()
