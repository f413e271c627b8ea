"""Long work as generators that yield the share done, so that whoever drives it gets control often."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")

Steps = Generator[float, None, Result]
"""Work that yields the share of it that is done, and returns its result."""


def to_end(steps: Steps[Result]) -> Result:
    """Run a generator to its end and return its value."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: Result = end.value
            return result


def part_of(steps: Steps[Result], start: float, end: float) -> Steps[Result]:
    """Pass work on as the part from ``start`` to ``end`` of a larger piece."""
    while True:
        try:
            done = next(steps)
        except StopIteration as finished:
            result: Result = finished.value
            return result
        yield start + done * (end - start)
