"""Jobs one after another, each in a process of its own: its peak memory is its own, and its failure too."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from threading import Thread
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
        try:
            found = one_apart(do, job, failed)
        except DeathError as death:
            found = failed(job, str(death))
        yield found


class DeathError(Exception):
    """The process of a job ended without an answer."""


def one_apart(do: Callable[[J], R], job: J, failed: Callable[[J, str], R]) -> R:
    """Do a job in a process of its own, which ends where this one does.

    Raises
    ------
    DeathError
        If it ends without an answer.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(do, job, failed, sender), daemon=True)
    process.start()
    sender.close()
    try:
        found: R = receiver.recv()
    except EOFError as error:
        raise DeathError("its process ended without an answer; is there enough memory?") from error
    finally:
        process.kill()
        process.join()
    return found


def _answer(do: Callable[[J], R], job: J, failed: Callable[[J, str], R], sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal interrupts both; the first process ends this one
    Thread(target=_end_with_parent, daemon=True).start()
    with suppress(BrokenPipeError):  # nobody waits for the answer any more
        sender.send(safely(do, job, failed))


def _end_with_parent() -> None:
    """End this process when the one that started it is gone: a worker that is killed can't end it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def safely(do: Callable[[J], R], job: J, failed: Callable[[J, str], R]) -> R:
    """Do a job, and say what went wrong if anything did."""
    try:
        return do(job)
    except Exception as error:  # noqa: BLE001 - one slide that fails must not end the benchmark
        return failed(job, f"{type(error).__name__}: {error}")
