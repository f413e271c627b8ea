"""A small slide, and a Dask scheduler with one worker process on loopback, as an administrator would start them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator
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


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as running:
        yield running


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


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    def wait(condition: Callable[[], bool], seconds: float = 30.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain ({threading.active_count()} threads)"
            time.sleep(0.05)

    return wait
