"""A small slide, what is asked for, and what is told."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from napari_concert.concert import Concert, Epoch
from napari_concert.io import from_anndata
from napari_concert.remote import Order, Stage
from napari_concert.simulate import tumour
from napari_concert.slide import Slide

ORDER = Order(n_genes=30, also_genes=("Krt8",), seed=3, device="cpu", max_epochs=4, config={"inducing_points": 32})


@pytest.fixture(scope="session")
def slide() -> Slide:
    return from_anndata(tumour(300, 40), name="tumour")


@pytest.fixture(scope="session")
def order() -> Order:
    return ORDER


@pytest.fixture
def address(cluster: Any) -> str:
    return cluster.scheduler_address


class Heard:
    """What a generator of a training told until it ended."""

    def __init__(self, steps: Generator[Epoch | Stage, None, Concert]) -> None:
        self.stages: list[Stage] = []
        self.epochs: list[Epoch] = []
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                self.model: Concert = end.value
                return
            if isinstance(step, Epoch):
                self.epochs.append(step)
            elif step not in self.stages:
                self.stages.append(step)


@pytest.fixture(scope="session")
def hear() -> type[Heard]:
    return Heard
