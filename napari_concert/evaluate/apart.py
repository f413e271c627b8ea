"""Jobs one after another, each in a process of its own: its peak memory is its own, and its failure too."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TypeVar

J = TypeVar("J")
R = TypeVar("R")


def apart(do: Callable[[J], R], jobs: Iterable[J], failed: Callable[[J, str], R]) -> Iterator[R]:
    """Do jobs and yield each as it is done; closing the generator, or an interrupt, ends the one that is under way.

    Parameters
    ----------
    do, failed
        Functions of a module: what a job comes to, and what one comes to that failed, for a reason in words.
    """
    for job in jobs:
        yield _one(do, job, failed)


def _one(do: Callable[[J], R], job: J, failed: Callable[[J, str], R]) -> R:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(do, job, failed, sender), daemon=True)
    process.start()
    sender.close()
    try:
        found: R = receiver.recv()
    except EOFError:
        return failed(job, "its process ended without an answer; is there enough memory?")
    finally:
        process.kill()
        process.join()
    return found


def _answer(do: Callable[[J], R], job: J, failed: Callable[[J, str], R], sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal interrupts both; the first process ends this one
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        sender.send(_safely(do, job, failed))


def _safely(do: Callable[[J], R], job: J, failed: Callable[[J, str], R]) -> R:
    try:
        return do(job)
    except Exception as error:  # noqa: BLE001 - one slide that fails must not end the benchmark
        return failed(job, f"{type(error).__name__}: {error}")
