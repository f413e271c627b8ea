"""Training as the session drives it: settings, the state that panels show, and the work itself."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_concert.errors import ConcertError
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
    """

    n_genes: int = 2000
    also_genes: tuple[str, ...] = ()
    max_epochs: int = 60
    seed: int = 0
    device: str = "auto"
    all_slides: bool = False


@dataclass
class TrainingState:
    """How far a training is.

    Attributes
    ----------
    status
        "preparing", "training", "stopping", "done", "stopped" or "failed".
    device
        In words, once it is known.
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
    epochs: list[Epoch] = field(default_factory=list)
    latest: Epoch | None = None
    keep_error: ConcertError | None = None

    @property
    def is_running(self) -> bool:
        """Whether work goes on."""
        return self.status in ("preparing", "training", "stopping")

    def add(self, epoch: Epoch) -> None:
        """Take in a report."""
        self.latest = epoch
        if self.status == "preparing":
            self.status = "training"
        if epoch.fraction == 1:
            self.epochs.append(epoch)


def training(
    slides: Sequence[Slide], settings: TrainingSettings, keep: Callable[[Concert], None]
) -> Generator[Epoch | str, None, Concert]:
    """Yield the device in words, then epochs; return the model. Closing the generator keeps the best weights.

    Parameters
    ----------
    keep
        Called with the model when the training ends or is closed after an epoch or more: in the worker's thread.
    """
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
    yield runtime.describe_device(model.device)
    try:
        yield from model.training(settings.max_epochs)
    except GeneratorExit:
        if len(model.history):
            keep(model)
        raise
    keep(model)
    return model
