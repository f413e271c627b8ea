"""Background work: one worker thread per lane, cancelling, latest-wins, and delivery on the main thread.

A *lane* is a queue with one worker thread, started on first use: work in one lane runs in order, lanes run beside each
other, so that a prediction need not wait for a training. This module knows neither Qt nor the rest of the package.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from napari_concert.jobs.lanes import Callback, Job, Lane

Deliver: TypeAlias = Callable[[Callable[[], object]], object]

log = logging.getLogger(__name__)


class Jobs:
    """Runs work in background threads and hands the results to the main thread.

    Parameters
    ----------
    deliver
        A callable that runs a function on the main thread (Qt supplies one). Without it, results wait in a queue
        until :meth:`wait` or :meth:`drain` is called, and their callbacks run in that caller's thread.
    """

    def __init__(self, deliver: Deliver | None = None) -> None:
        self._inbox: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self.deliver: Deliver = deliver or self._inbox.put
        self._lanes: dict[str, Lane] = {}
        self._generations: dict[str, int] = {}
        self._outstanding = 0
        self._changed = threading.Condition()
        self._closed = False

    # -- submitting -------------------------------------------------------------------------------------------------

    def submit(
        self,
        name: str,
        work: Callable[[], Any],
        *,
        lane: str = "work",
        latest: bool = False,
        delay: float = 0.0,
        on_progress: Callback | None = None,
        on_done: Callback | None = None,
        on_error: Callable[[BaseException], object] | None = None,
        on_cancel: Callable[[], object] | None = None,
    ) -> Job:
        """Queue work for a lane's worker.

        Parameters
        ----------
        name
            What the work is called; ``latest`` and :meth:`cancel` go by it.
        work
            A function, or a generator function: what it yields goes to ``on_progress`` and it can be cancelled between
            two yields (it is then closed, in its own thread).
        lane
            Which worker runs it.
        latest
            Whether this job replaces earlier ones of the same name: waiting ones are dropped, running ones go stale.
        delay
            Seconds to hold the work back, so that a newer request can replace it (debounce).
        on_done, on_error, on_cancel
            Exactly one of these is called, on the main thread, with the result, with the exception, or with nothing.
        """
        if latest:
            self.cancel(name)
        generation = self._generations[name] = self.generation(name) + 1
        begin = time.monotonic() + delay
        job = Job(name, lane, generation, work, on_progress, on_done, on_error, on_cancel, begin)
        self._count(1)
        self._start(job)
        return job

    def generation(self, name: str) -> int:
        """Give how many jobs of this name were submitted so far."""
        return self._generations.get(name, 0)

    def cancel(self, name: str | None = None) -> bool:
        """Cancel all jobs of a name (or all jobs); give whether there was one."""
        jobs = [job for job in self.active() if name in (None, job.name)]
        for job in jobs:
            job.cancel()
        for lane in {job.lane for job in jobs} & self._lanes.keys():
            self._lanes[lane].wake()
        return bool(jobs)

    def active(self) -> list[Job]:
        """Give the running and waiting jobs that are not cancelled."""
        return [job for lane in list(self._lanes.values()) for job in lane.jobs() if not job.is_cancelled]

    # -- waiting and ending -----------------------------------------------------------------------------------------

    @property
    def is_idle(self) -> bool:
        """Whether all work is done and all its callbacks have run, or everything was shut down."""
        return self._closed or self._outstanding == 0

    def drain(self) -> None:
        """Run the callbacks that wait in the inbox, in this thread (nothing waits there if Qt delivers)."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._inbox.get_nowait()()

    def wait(self, timeout: float = 60.0, pump: Callable[[], object] | None = None) -> bool:
        """Run callbacks until all work is done; call it on the main thread.

        Parameters
        ----------
        timeout
            Seconds to wait at most.
        pump
            Called again and again meanwhile; with Qt give ``QApplication.processEvents``.

        Returns
        -------
        bool
            Whether everything was done in time.
        """
        end = time.monotonic() + timeout
        while not self.is_idle and time.monotonic() < end:
            self.drain()
            if pump is not None:
                pump()
            with self._changed:
                if not self.is_idle and self._inbox.empty():
                    self._changed.wait(0.005)
        return self.is_idle

    def shutdown(self, timeout: float = 2.0) -> bool:
        """Cancel everything and end the threads; give whether they ended in ``timeout`` seconds.

        No callback runs after this. A thread in the middle of a long step is left to end by itself; it does not keep
        the process alive.
        """
        self._closed = True
        self.cancel()
        end = time.monotonic() + timeout
        for lane in self._lanes.values():
            lane.close()
        for lane in self._lanes.values():
            lane.thread.join(max(0.0, end - time.monotonic()))
        return not any(lane.thread.is_alive() for lane in self._lanes.values())

    # -- inside -----------------------------------------------------------------------------------------------------

    def _start(self, job: Job) -> None:
        if self._closed:
            self._count(-1)
            return
        if job.lane not in self._lanes:
            self._lanes[job.lane] = Lane(job.lane, self._run)
        self._lanes[job.lane].put(job)

    def _run(self, job: Job) -> None:
        """Work a job off, in its worker's thread, and send exactly one ending."""
        if job.is_cancelled:
            self._end(job, job.on_cancel)
            return
        try:
            result, finished = self._work(job)
        except Exception as error:
            log.debug("Job %r failed", job.name, exc_info=True)
            self._end(job, job.on_error, error)
        else:
            self._end(job, *((job.on_done, result) if finished else (job.on_cancel,)))

    def _work(self, job: Job) -> tuple[Any, bool]:
        """Give the result and whether the work came to its end."""
        outcome = job.work()
        if isinstance(outcome, Generator):
            return self._step(job, outcome)
        return outcome, not job.is_cancelled

    def _step(self, job: Job, steps: Generator[Any, Any, Any]) -> tuple[Any, bool]:
        with contextlib.closing(steps):
            while not job.is_cancelled:
                try:
                    item = next(steps)
                except StopIteration as stop:
                    return stop.value, True
                self._send(job, job.on_progress, item)
        return None, False

    def _send(self, job: Job, callback: Callback | None, item: Any) -> None:
        def arrive() -> None:
            if callback is not None and not (job.is_cancelled or self._closed):
                callback(item)

        self._deliver(arrive)

    def _end(self, job: Job, callback: Callable[..., object] | None, *args: Any) -> None:
        def arrive() -> None:
            try:
                # a job cancelled between its end and this delivery is stale: its result is not used
                chosen = (job.on_cancel, ()) if job.is_cancelled and callback is job.on_done else (callback, args)
                if chosen[0] is not None and not self._closed:
                    chosen[0](*chosen[1])
            finally:
                self._count(-1)

        if not self._deliver(arrive):
            self._count(-1)

    def _deliver(self, function: Callable[[], object]) -> bool:
        """Hand a function to the main thread; return whether it was taken."""
        try:
            self.deliver(function)
        except Exception:
            # the window may be gone before its last result arrives; the worker must go on
            log.exception("A result of background work could not be delivered")
            return False
        with self._changed:
            self._changed.notify_all()
        return True

    def _count(self, by: int) -> None:
        with self._changed:
            self._outstanding += by
            self._changed.notify_all()


class InlineJobs(Jobs):
    """The same interface without threads: work is done, and its callbacks run, before ``submit`` returns."""

    def __init__(self) -> None:
        super().__init__()
        self._stack: list[Job] = []

    def _deliver(self, function: Callable[[], object]) -> bool:
        function()
        return True

    def active(self) -> list[Job]:
        """Give the jobs that are running; a callback may cancel them."""
        return [job for job in self._stack if not job.is_cancelled]

    def _start(self, job: Job) -> None:
        if self._closed:
            self._count(-1)
            return
        self._stack.append(job)
        try:
            self._run(job)
        finally:
            self._stack.remove(job)
