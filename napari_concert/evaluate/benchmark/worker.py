"""Jobs one after another, each in a process of its own: its peak memory is its own, and its failure too."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection

from napari_concert.evaluate.benchmark.job import Job, Run, run


def runs(jobs: Iterable[Job]) -> Iterator[Run]:
    """Do jobs and yield each as it is done; closing the generator, or an interrupt, ends the one that is under way."""
    return map(_apart, jobs)


def _apart(job: Job) -> Run:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(job, sender), daemon=True)
    process.start()
    sender.close()
    try:
        found: Run = receiver.recv()
    except EOFError:
        return Run(job, error="its process ended without an answer; is there enough memory?")
    finally:
        process.kill()
        process.join()
    return found


def _answer(job: Job, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal interrupts both; the first process ends this one
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        sender.send(_safely(job))


def _safely(job: Job) -> Run:
    try:
        return run(job)
    except Exception as error:  # noqa: BLE001 - one slide that fails must not end the benchmark
        return Run(job, error=f"{type(error).__name__}: {error}")
