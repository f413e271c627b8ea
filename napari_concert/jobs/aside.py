"""Work in a thread of its own, so that whoever waits for it can leave at once."""

from __future__ import annotations

from collections.abc import Generator
from enum import Enum, auto
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, TypeVar

Step = TypeVar("Step")
Result = TypeVar("Result")

EVERY = 0.1  # seconds that a step takes before the last one is told again


class _Kind(Enum):
    STEP = auto()
    DONE = auto()
    FAILED = auto()


def aside(work: Generator[Step, None, Result], first: Step) -> Generator[Step, None, Result]:
    """Run a generator in a thread of its own; closing this one leaves it at once, though a step of it takes seconds.

    The other then goes on to the end of its step, unheard, and is closed there.

    Parameters
    ----------
    work
        What is run.
    first
        Is yielded until it yields something itself.

    Yields
    ------
    Step
        What it yields; the last of that again while a step takes long.

    Returns
    -------
    Result
        What it returns. What it raises is raised here.
    """
    told: SimpleQueue[tuple[_Kind, Any]] = SimpleQueue()
    left = Event()
    Thread(target=_run, args=(work, told, left), daemon=True).start()
    latest = first
    try:
        while True:
            try:
                kind, value = told.get(timeout=EVERY)
            except Empty:
                yield latest
                continue
            if kind is _Kind.DONE:
                found: Result = value
                return found
            if kind is _Kind.FAILED:
                raise value
            latest = value
            yield latest
    finally:
        left.set()


def _run(work: Generator[Any, None, Any], told: SimpleQueue[tuple[_Kind, Any]], left: Event) -> None:
    try:
        while not left.is_set():
            told.put((_Kind.STEP, next(work)))
        work.close()
    except StopIteration as end:
        told.put((_Kind.DONE, end.value))
    except BaseException as error:  # noqa: BLE001 - whoever waits raises it
        told.put((_Kind.FAILED, error))
