"""A training on another machine, as a generator like any other: what it tells, cancelling it, and its model.

Everything goes through the scheduler, so that its address alone must be reached (through a tunnel, say).
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from napari_concert.errors import ConcertError
from napari_concert.jobs.aside import aside
from napari_concert.remote import worker
from napari_concert.remote.cluster import alike, connected
from napari_concert.remote.parcel import packed
from napari_concert.remote.stage import Order, Stage

if TYPE_CHECKING:
    from distributed import Client

    from napari_concert.concert import Concert, Epoch
    from napari_concert.slide import Slide

EVERY = 0.2  # seconds between looks at a training that tells nothing
SILENCE = 60.0  # seconds without a sign of life after which a machine is taken as lost
GONE = (
    "The training on {where} was lost: its worker was killed or the connection broke. Is there enough memory there? "
    "Nothing here has changed; train again."
)

Reports: TypeAlias = "Generator[Epoch | Stage, None, Concert]"


def training(address: str, slides: Sequence[Slide], order: Order, keep: Callable[[Concert], None]) -> Reports:
    """Train on a worker of a Dask scheduler; yield stages, then epochs; return the model with the slides.

    Closing the generator stops the training there and waits for the best weights so far, as a local one keeps them.

    Parameters
    ----------
    address
        Of the scheduler.
    keep
        Called with the model when the training ends, or is closed after an epoch or more.

    Raises
    ------
    ConcertError
        If nothing answers, versions differ, or the connection or the worker is lost; and as in training here.
    """
    run = yield from aside(_begun(address, slides, order), Stage("", f"connecting to {address}"))
    try:
        yield from run.reports()
        model = run.model(slides)
    except GeneratorExit:
        kept = run.stopped(slides)
        if kept is not None:
            keep(kept)
        raise
    finally:
        run.close()
    keep(model)
    return model


def _begun(address: str, slides: Sequence[Slide], order: Order) -> Generator[Stage, None, Run]:
    run = Run(connected(address), address)
    try:
        yield Stage("", "looking for a worker")
        places = _places(run.client, order.device)
        yield Stage(address, "sending the slide")
        run.begin([packed(slide) for slide in slides], order, places)
        yield Stage(address, "waiting for a free worker")
    except BaseException:
        run.close()
        raise
    return run


def _places(client: Client, device: str) -> list[str]:
    """Return the workers to train on: those with a GPU if that is wanted and there is one.

    Raises
    ------
    ConcertError
        If none has our version, or the device.
    """
    found = client.run(worker.place, device, workers=alike(client), on_error="return")
    places = {address: each for address, each in found.items() if isinstance(each, worker.Place)}
    if not places:
        error = next(iter(found.values()))
        kind = "" if isinstance(error, ConcertError) else f"No worker there can train ({type(error).__name__}): "
        raise ConcertError(f"{kind}{error}")
    return fastest(places)


def fastest(places: Mapping[str, worker.Place]) -> list[str]:
    """Return the workers with a GPU, all of them where none has one."""
    with_gpu = [address for address, each in places.items() if each.device == "cuda"]
    return with_gpu or list(places)


class Run:
    """A training that goes on elsewhere."""

    def __init__(self, client: Client, address: str) -> None:
        from distributed import Event

        self.client, self.where, self.name = client, address, f"concert-{uuid4().hex}"
        self.worker, self.heard = "", time.monotonic()
        self.future: Any = None
        self._told: SimpleQueue[dict[str, Any]] = SimpleQueue()
        self._stop = Event(self.name, client=client)

    def begin(self, parcels: list[bytes], order: Order, places: list[str]) -> None:
        """Send the slides to a worker, and ask for the training."""
        self.client.subscribe_topic(self.name, lambda event: self._told.put(event[1]))
        there = self.client.scatter(parcels, workers=places, hash=False)
        self.future = self.client.submit(worker.train, there, order, self.name, workers=places, pure=False)

    def reports(self) -> Generator[Epoch | Stage, None, None]:
        """Yield what the training tells until it is over; the stage again and again while it tells nothing."""
        from napari_concert.concert import Epoch

        stage = Stage(self.where, "waiting for a free worker")
        while self._goes_on():
            try:
                told = self._told.get(timeout=EVERY)
            except Empty:
                yield stage
                continue
            self._hear(told)
            if "epoch" in told:
                yield Epoch.from_json(told["epoch"])
            elif "doing" in told:
                stage = Stage(self.where, told["doing"])
                yield stage

    def _hear(self, told: dict[str, Any]) -> None:
        self.heard = time.monotonic()
        if self.worker and told.get("worker", self.worker) != self.worker:
            raise ConcertError(GONE.format(where=self.where))  # Dask begins anew on another
        self.worker, self.where = told.get("worker", self.worker), told.get("where", self.where)

    def _goes_on(self) -> bool:
        """Whether there is more to come.

        Raises
        ------
        ConcertError
            If nothing will.
        """
        silent = bool(self.worker) and time.monotonic() - self.heard > SILENCE
        if silent or self.future.status in ("lost", "cancelled"):
            raise ConcertError(GONE.format(where=self.where))
        return self.future.status == "pending" or not self._told.empty()

    def model(self, slides: Sequence[Slide]) -> Concert:
        """Return the model of a training that is over.

        Raises
        ------
        ConcertError
            If it failed, or its model was lost.
        """
        files = self._result()
        from napari_concert.concert import Concert

        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / Path(name).name).write_bytes(content)
            return Concert.load(folder, slides)

    def _result(self) -> worker.FILES:
        try:
            found: worker.FILES = self.future.result()
        except ConcertError:
            raise
        except Exception as error:
            if type(error).__name__ in ("KilledWorker", "CancelledError", "FutureCancelledError", "CommClosedError"):
                raise ConcertError(GONE.format(where=self.where)) from error
            raise ConcertError(f"The training on {self.where} failed: {type(error).__name__}: {error}") from error
        return found

    def stopped(self, slides: Sequence[Slide]) -> Concert | None:
        """Stop the training; return the model as it is then, None if it has learned nothing yet or is lost."""
        with contextlib.suppress(ConcertError, OSError):
            if self.worker:
                self._stop.set()
                for _ in self.reports():
                    pass
                return self.model(slides) if self._result() else None
        return None

    def close(self) -> None:
        """Leave the scheduler; what is under way there is no longer wanted."""
        with contextlib.suppress(Exception):  # where the connection broke there is nothing to leave
            if self.future is not None:
                self.future.cancel()
        with contextlib.suppress(Exception):
            self.client.close()
