"""A job, and the lane (queue and thread) that works jobs off in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Callback: TypeAlias = Callable[[Any], object]


@dataclass(eq=False)
class Job:
    """One submitted piece of work; ``cancel`` asks it to stop, and no result of it is used afterwards.

    Attributes
    ----------
    name, lane
        What it is and which worker runs it.
    generation
        Counts the jobs of this name; an older generation of a latest-wins job is stale.
    """

    name: str
    lane: str
    generation: int
    work: Callable[[], Any]
    on_progress: Callback | None = None
    on_done: Callback | None = None
    on_error: Callable[[BaseException], object] | None = None
    on_cancel: Callable[[], object] | None = None
    not_before: float = 0.0
    _cancelled: threading.Event = field(default_factory=threading.Event)

    def cancel(self) -> None:
        """Ask the job to stop: a generator is closed after its current step, a function's result is dropped."""
        self._cancelled.set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._cancelled.is_set()


class Lane:
    """A queue of jobs and the thread that works through it."""

    def __init__(self, name: str, run: Callable[[Job], None]) -> None:
        self._run = run
        self._ready = threading.Condition()
        self._waiting: deque[Job] = deque()
        self._closed = False
        self.running: Job | None = None
        self.thread = threading.Thread(target=self._loop, name=f"concert-{name}", daemon=True)
        self.thread.start()

    def put(self, job: Job) -> None:
        """Queue a job."""
        with self._ready:
            self._waiting.append(job)
            self._ready.notify()

    def jobs(self) -> list[Job]:
        """Give the running job and the waiting ones."""
        with self._ready:
            return [*([self.running] if self.running else []), *self._waiting]

    def wake(self) -> None:
        """Look at the queue again: a job that waits for its time may have been cancelled."""
        with self._ready:
            self._ready.notify()

    def close(self) -> None:
        """End the thread after the running job; what waits is dropped."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    def _loop(self) -> None:
        while (job := self._next()) is not None:
            self._run(job)
            with self._ready:
                self.running = None

    def _next(self) -> Job | None:
        with self._ready:
            while not self._closed:
                delay = self._waiting[0].not_before - time.monotonic() if self._waiting else None
                if delay is not None and (delay <= 0 or self._waiting[0].is_cancelled):
                    self.running = self._waiting.popleft()
                    return self.running
                self._ready.wait(delay)
            return None
