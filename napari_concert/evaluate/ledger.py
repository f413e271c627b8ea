"""What a sweep has done, on disk after every job, so that one that was cut short goes on where it ended."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
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
    of_job
        JSON-able values that say which job it is, and on which data.
    restored
        Makes a result from its job and the stored values (the result's fields, without the job).
    afresh
        Whether an old ledger is forgotten.
    """

    def __init__(
        self,
        folder: Path,
        of_job: Callable[[J], dict[str, Any]],
        restored: Callable[[J, dict[str, Any]], R],
        *,
        afresh: bool,
    ) -> None:
        self.path, self.of_job, self.restored = folder / NAME, of_job, restored
        folder.mkdir(parents=True, exist_ok=True)
        if afresh:
            self.path.unlink(missing_ok=True)
        self.stored = dict(self._lines())

    def known(self, jobs: Sequence[J]) -> tuple[list[R], list[J]]:
        """Return the results of jobs that were done, and the jobs that were not."""
        keys = {self._key(job): job for job in jobs}
        done = [self.restored(job, self.stored[key]) for key, job in keys.items() if key in self.stored]
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
        text = json.dumps([__version__, self.of_job(job)], sort_keys=True, default=str)
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


def recorded(
    do: Callable[[J], R],
    jobs: Sequence[J],
    failed: Callable[[J, str], R],
    ledger: Ledger[J, R] | None = None,
    **over: Any,
) -> Iterator[R]:
    """Yield what is known of jobs, then do the others (:func:`.sweep`), store what they come to and yield it."""
    known, left = ledger.known(jobs) if ledger is not None else ([], list(jobs))
    yield from known
    for found in sweep(do, left, failed, **over) if left else ():
        if ledger is not None:
            ledger.add(found)
        yield found


def _plain(value: Any) -> Any:
    """Return a numpy number as Python's."""
    return value.item()
