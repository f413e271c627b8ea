"""One run of the benchmark: simulate, train, paint, predict, score."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from napari_concert.evaluate.benchmark import inpainting, whatif
from napari_concert.evaluate.ledger import Sweep

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.simulate import Family
    from napari_concert.slide import Slide

MIB = 2**20


@dataclass(frozen=True)
class Job:
    """A slide to simulate and to learn from: family and seed, which the model shares, and its size."""

    family: str
    seed: int
    n_spots: int
    n_genes: int


@dataclass(frozen=True)
class Run:
    """What a job came to.

    Attributes
    ----------
    peak_mib
        Largest resident memory of the process until the prediction was made.
    seconds, epochs
        What training took.
    scores
        One record for each region ("patch" and "ring", or "hole") and method.
    findings
        What the model itself says of the states that the example switches, such as that no spill-over was found.
    error
        What went wrong, if anything did; there are no scores then.
    """

    job: Job
    peak_mib: float = float("nan")
    seconds: float = float("nan")
    epochs: int = 0
    scores: tuple[dict[str, Any], ...] = ()
    findings: tuple[str, ...] = ()
    error: str = ""

    def records(self) -> list[dict[str, Any]]:
        """Return one flat record a score."""
        whole = {**asdict(self.job), "seconds": self.seconds, "epochs": self.epochs, "peak_mib": self.peak_mib}
        return [{**whole, **score} for score in self.scores]


def run(job: Job) -> Run:
    """Do a job.

    Raises
    ------
    ConcertError
        If the slide can't be simulated or the model not be trained on it.
    """
    from napari_concert.simulate import family

    wanted = family(job.family)
    return _inpaint(job, wanted) if wanted.hidden else _what_if(job, wanted)


def _what_if(job: Job, wanted: Family) -> Run:
    from napari_concert.io import from_anndata

    first, second = wanted.simulate_both(job.seed, job.n_spots, job.n_genes)
    slide = from_anndata(first, name=job.family)
    painted = slide if second is first else from_anndata(second, name=f"{job.family}, second")
    model, seconds = _trained(slide, job.seed)
    case = whatif.predict(model, painted)
    peak, example = _peak_mib(), wanted.recipe.example
    said = tuple(f for f in model.learned.findings() if f.startswith((f"{example.source}:", f"{example.target}:")))
    return Run(job, peak, seconds, len(model.history), tuple(whatif.scores(case, slide)), said)


def _inpaint(job: Job, wanted: Family) -> Run:
    hole = inpainting.hide(wanted.simulate(job.seed, job.n_spots, job.n_genes), wanted.hidden, job.seed)
    model, seconds = _trained(hole.measured, job.seed)
    found = model.impute(hole.coords)
    return Run(job, _peak_mib(), seconds, len(model.history), tuple(inpainting.scores(hole, found)))


def _trained(slide: Slide, seed: int) -> tuple[Concert, float]:
    """Return a trained model, and the seconds it took."""
    from napari_concert.concert import Concert

    started = time.perf_counter()
    return Concert(slide, seed=seed).train(), time.perf_counter() - started


def _peak_mib() -> float:
    from napari_concert.model.runtime import peak_memory_bytes

    return peak_memory_bytes() / MIB


def _restored(job: Job, values: dict[str, Any]) -> Run:
    return Run(job, **{**values, "scores": tuple(values["scores"]), "findings": tuple(values["findings"])})


def _failed(job: Job, why: str) -> Run:
    return Run(job, error=why)


def _is_done(found: Run) -> bool:
    return not found.error


SWEEP = Sweep(run, _failed, asdict, _restored, _is_done)
