"""Work in steps."""

from __future__ import annotations

import pytest

from napari_concert.model.steps import Steps, part_of, to_end


def _work(fail: bool = False) -> Steps[str]:
    yield 0.25
    if fail:
        raise ArithmeticError("singular")
    yield 1.0
    return "done"


def test_to_end_returns_the_result() -> None:
    assert to_end(_work()) == "done"


def test_a_part_is_placed_in_the_whole_and_passes_the_result_on() -> None:
    def whole() -> Steps[str]:
        first = yield from part_of(_work(), 0.0, 0.5)
        second = yield from part_of(_work(), 0.5, 1.0)
        return first + second

    steps, seen = whole(), []
    with pytest.raises(StopIteration, match="donedone"):
        while True:
            seen.append(next(steps))
    assert seen == [0.125, 0.5, 0.625, 1.0]


def test_errors_come_through() -> None:
    with pytest.raises(ArithmeticError, match="singular"):
        to_end(part_of(_work(fail=True), 0.0, 1.0))
