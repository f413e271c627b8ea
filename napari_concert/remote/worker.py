"""What a training does on the machine that trains: tells of itself as it goes, stops when asked to, gives files.

Told are dictionaries: ``{"worker": its address, "where": in words}`` at the start, ``{"doing": in words}``,
``{"epoch": values of an Epoch}`` and, so that a machine that died is missed, ``{}`` every now and then.
"""

from __future__ import annotations

import platform
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_concert.errors import ConcertError
from napari_concert.remote.parcel import unpacked
from napari_concert.remote.stage import Order

if TYPE_CHECKING:
    from distributed import Worker

    from napari_concert.concert import Concert

BEAT = 1.0  # seconds between signs of life
FILES = dict[str, bytes]


@dataclass(frozen=True)
class Place:
    """Where a training runs.

    Attributes
    ----------
    host
        Name of the machine.
    device
        "cuda" or "cpu".
    words
        Host and device in words.
    """

    host: str
    device: str
    words: str


def place(device: str) -> Place:
    """Return what would train here.

    Raises
    ------
    ConcertError
        If this machine has no such device.
    """
    from napari_concert.model import runtime

    try:
        found = runtime.resolve_device(device)
    except ValueError as error:
        raise ConcertError(f"{platform.node()}: {error}.") from error
    runtime.set_threads()
    return Place(platform.node(), found, f"{platform.node()} · {runtime.describe_device(found)}")


def train(parcels: Sequence[bytes], order: Order, name: str) -> FILES:
    """Train here; return the files of the model, none if it was stopped before its first epoch.

    Parameters
    ----------
    parcels
        The slides.
    name
        Of the topic under which is told what goes on, and of the flag that stops it.

    Raises
    ------
    ConcertError
        As in training anywhere.
    """
    try:
        with _listening(name) as line:
            return _files(_trained(parcels, order, line))
    except ConcertError as error:
        raise ConcertError(str(error)) from None  # kinds with more to them don't come through whole


def _trained(parcels: Sequence[bytes], order: Order, line: Line) -> Concert:
    from napari_concert.concert import Concert, ModelConfig

    here = place(order.device)
    line.tell(worker=line.worker.address, where=here.words, doing="choosing genes")
    model = Concert(
        [unpacked(parcel) for parcel in parcels],
        n_genes=order.n_genes,
        also_genes=order.also_genes,
        seed=order.seed,
        device=here.device,
        config=ModelConfig(**order.config),
    )
    model.settings["remote"] = asdict(here)
    line.tell(doing="preparing")
    with closing(model.training(order.max_epochs)) as epochs:
        while not line.is_cut.is_set() and (epoch := next(epochs, None)) is not None:
            line.tell(epoch=epoch.to_json())
    return model


def _files(model: Concert) -> FILES:
    if not len(model.history):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        model.save(folder)
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


class Line:
    """The line to whoever asked for a training.

    Attributes
    ----------
    is_cut
        Nothing more is wanted: it was asked to stop, or whoever asked is gone.
    """

    def __init__(self, worker: Worker, name: str) -> None:
        from distributed import Event, get_client

        self.worker, self.name, self.task = worker, name, worker.get_current_task()
        self.is_cut, self.is_over = threading.Event(), threading.Event()
        self._flag = Event(name, client=get_client())

    def tell(self, **what: Any) -> None:
        """Tell something."""
        self.worker.log_event(self.name, what)

    def beat(self) -> None:
        """Give signs of life, and look whether the training is wanted still, until it is over."""
        while not self.is_over.is_set():
            self.tell()
            if self._flag.wait(timeout=BEAT) or not self._is_wanted():
                self.is_cut.set()
                self.is_over.wait(BEAT)

    def _is_wanted(self) -> bool:
        """Whether somebody waits for the task; Dask lets a running one go on when nobody does."""
        task = self.worker.state.tasks.get(self.task)
        return task is not None and task.state == "executing"


@contextmanager
def _listening(name: str) -> Iterator[Line]:
    from distributed import get_worker

    line = Line(get_worker(), name)
    beating = threading.Thread(target=line.beat, daemon=True)
    beating.start()
    try:
        yield line
    finally:
        line.is_over.set()
        beating.join(2 * BEAT)
