"""Work in a thread of its own is like the work itself, but can be left at any time."""

from __future__ import annotations

import threading
import time

import pytest

from napari_concert.errors import ConcertError
from napari_concert.jobs.aside import EVERY, aside

SOON = 0.5  # s: how long a click on Stop may take


def steps(*takes, fail=False, ended=None):
    """Work in steps that each take some seconds."""
    try:
        for i, seconds in enumerate(takes):
            time.sleep(seconds)
            yield i
        if fail:
            raise ConcertError("No such section.")
        return "done"
    finally:
        if ended is not None:
            ended.set()


def run(work):
    """Return what was yielded, and what was returned."""
    told = []
    while True:
        try:
            told.append(next(work))
        except StopIteration as end:
            return told, end.value


def test_it_tells_each_step_in_order_and_gives_the_result():
    told, result = run(aside(steps(0, 0, 0), -1))
    assert [step for step in told if step >= 0] == [0, 1, 2]
    assert result == "done"


def test_a_long_step_tells_the_last_one_again():
    told, _ = run(aside(steps(0, 4 * EVERY), -1))
    assert told.count(0) > 2
    assert told[-1] == 1


def test_an_error_is_raised_where_it_is_waited_for():
    with pytest.raises(ConcertError, match="No such section"):
        run(aside(steps(0, fail=True), -1))


def test_leaving_takes_no_longer_because_a_step_does_and_ends_the_work():
    ended = threading.Event()
    work = aside(steps(0, 2.0, 60.0, ended=ended), -1)
    while next(work) != 0:
        pass
    started = time.perf_counter()
    next(work)
    work.close()
    assert time.perf_counter() - started < SOON
    assert ended.wait(10), "it goes on to the end of its step alone"
