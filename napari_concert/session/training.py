"""Training as the session drives it: settings, the state that panels show, and the work itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_concert.errors import ConcertError
from napari_concert.remote import Order, Stage
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert, Epoch

DEVICES = ("auto", "cpu", "cuda")
LIMITS = {"n_genes": (1, 100_000), "max_epochs": (1, 10_000), "seed": (0, 2**31 - 1)}


@dataclass(frozen=True)
class TrainingSettings:
    """What the user can choose; every default is sensible.

    Attributes
    ----------
    n_genes, also_genes
        Highly variable genes, and genes to model in any case.
    max_epochs
        Most epochs; training stops before when it has converged.
    seed, device
        Of the training; "auto" takes CUDA, else MPS, else the CPU.
    all_slides
        Train on all open slides together, not on the current one alone.
    scheduler
        Address of a Dask scheduler on one of whose workers to train; "" trains here.
    """

    n_genes: int = 2000
    also_genes: tuple[str, ...] = ()
    max_epochs: int = 60
    seed: int = 0
    device: str = "auto"
    all_slides: bool = False
    scheduler: str = ""


@dataclass
class TrainingState:
    """How far a training is.

    Attributes
    ----------
    status
        "preparing", "training", "stopping", "done", "stopped" or "failed".
    device
        In words, once it is known; of a training elsewhere, with the machine.
    doing
        What goes on before the first epoch, in words.
    epochs
        Finished epochs.
    latest
        The last report, perhaps from within an epoch.
    keep_error
        Why the trained model could not be kept on disk, if it could not.
    """

    settings: TrainingSettings
    status: str = "preparing"
    device: str = ""
    doing: str = "choosing genes"
    epochs: list[Epoch] = field(default_factory=list)
    latest: Epoch | None = None
    keep_error: ConcertError | None = None

    @property
    def is_running(self) -> bool:
        """Whether work goes on."""
        return self.status in ("preparing", "training", "stopping")

    def add(self, report: Epoch | Stage) -> bool:
        """Take in a report; return whether it says anything new."""
        if isinstance(report, Stage):
            is_new = (self.device, self.doing) != (report.device, report.doing)
            self.device, self.doing = report.device, report.doing
            return is_new
        self._add(report)
        return True

    def _add(self, epoch: Epoch) -> None:
        self.latest = epoch
        if self.status == "preparing":
            self.status = "training"
        if epoch.fraction == 1:
            self.epochs.append(epoch)


def training(
    slides: Sequence[Slide], settings: TrainingSettings, keep: Callable[[Concert], None]
) -> Generator[Epoch | Stage, None, Concert]:
    """Yield stages with the device in words, then epochs; return the model. Closing the generator keeps the best.

    Parameters
    ----------
    keep
        Called with the model when the training ends or is closed after an epoch or more: in the worker's thread.
    """
    if settings.scheduler:
        from napari_concert.remote.training import training as elsewhere

        return elsewhere(settings.scheduler, slides, _order(settings), keep)
    return _here(slides, settings, keep)


def where_trained(model: Concert) -> str:
    """Return where a model of this session was trained, in words."""
    remote = model.settings.get("remote")
    return "trained here" if remote is None else f"trained on {remote['host']}"


def _order(settings: TrainingSettings) -> Order:
    return Order(settings.n_genes, settings.also_genes, settings.seed, settings.device, settings.max_epochs)


def _here(
    slides: Sequence[Slide], settings: TrainingSettings, keep: Callable[[Concert], None]
) -> Generator[Epoch | Stage, None, Concert]:
    from napari_concert.concert import Concert
    from napari_concert.model import runtime

    runtime.set_threads()
    model = Concert(
        slides,
        n_genes=settings.n_genes,
        also_genes=settings.also_genes,
        seed=settings.seed,
        device=settings.device,
    )
    yield Stage(runtime.describe_device(model.device), "preparing")
    try:
        yield from model.training(settings.max_epochs)
    except GeneratorExit:
        if len(model.history):
            keep(model)
        raise
    keep(model)
    return model
