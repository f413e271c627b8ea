"""One small task that every method answered, and records that are made up."""

from __future__ import annotations

import pytest

from napari_concert import simulate
from napari_concert.evaluate.study import Job, Record, SlideFile, run
from napari_concert.evaluate.study.scoring import Score
from napari_concert.io import read
from napari_concert.model.runtime import set_threads
from napari_concert.slide import Columns


@pytest.fixture(scope="session")
def file(tmp_path_factory: pytest.TempPathFactory) -> SlideFile:
    path = tmp_path_factory.mktemp("slide") / "base.h5ad"
    simulate.family("base").simulate(2, 500, 30).write_h5ad(path)
    return SlideFile(str(path), read(path).columns)


@pytest.fixture(scope="session")
def done(file: SlideFile) -> Record:
    set_threads(1)
    return run(Job(file, "patch", 8, 1, 30))


@pytest.fixture
def made():
    """Return how a record is made up: from the values that methods have in some scores."""

    def record(values: dict[str, dict[str, float]], kind: str = "patch", seed: int = 0, slide: str = "s") -> Record:
        job = Job(SlideFile(f"{slide}.h5ad", Columns(perturbation="state")), kind, 10, seed, 50)
        scores = tuple(
            Score(method, score, value, value - 0.1, value + 0.1)
            for method, each in values.items()
            for score, value in each.items()
        )
        return Record(job, slide, "10 spots of A become B", {"source": "A"}, scores, {"model": 1.0})

    return record
