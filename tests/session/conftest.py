"""Small simulated slides, a trained model, and sessions with and without threads."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from anndata import AnnData

from napari_concert.concert import Concert
from napari_concert.io import from_anndata
from napari_concert.jobs import Jobs
from napari_concert.session import Session
from napari_concert.simulate import tumour
from napari_concert.slide import Slide

SIGNALS = (
    "slides_changed",
    "slide_changed",
    "columns_changed",
    "patch_changed",
    "target_changed",
    "shown_changed",
    "model_changed",
    "prediction_changed",
    "live_changed",
    "genes_changed",
    "truth_changed",
    "training_changed",
    "brush_changed",
    "busy_changed",
    "notified",
)


class Watch:
    """What a session emits: signals in order, texts for the user, and the threads that it was emitted on."""

    def __init__(self, session: Session) -> None:
        self.heard: list[str] = []
        self.said: list[tuple[str, str]] = []
        self.threads: set[threading.Thread] = set()
        self.busy: list[str] = []
        for name in SIGNALS:
            getattr(session, name).connect(self._listener(name))

    def _listener(self, name: str) -> Callable[..., None]:
        def hear(*args: object) -> None:
            self.heard.append(name)
            self.threads.add(threading.current_thread())
            if name == "notified":
                self.said.append((str(args[0]), str(args[1])))
            if name == "busy_changed":
                self.busy.append(str(args[0]))

        return hear

    def clear(self) -> None:
        for kept in (self.heard, self.said, self.busy):
            kept.clear()

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.heard)

    def texts(self, kind: str) -> list[str]:
        return [text for said, text in self.said if said == kind]


def wait_until(session: Session, condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """Deliver background results in this thread until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        session.jobs.drain()
        time.sleep(0.002)


@pytest.fixture(scope="session")
def tumour_adata() -> AnnData:
    return tumour(300, 40)


@pytest.fixture(scope="session")
def other_adata() -> AnnData:
    return tumour(260, 40, seed=1)


@pytest.fixture
def tumour_slide(tumour_adata: AnnData) -> Slide:
    return from_anndata(tumour_adata, name="tumour")


@pytest.fixture
def other_slide(other_adata: AnnData) -> Slide:
    return from_anndata(other_adata, name="other")


@pytest.fixture
def unlike_slide(new_adata: Callable[..., AnnData]) -> Slide:
    """Return a slide with other genes and states than the simulated ones."""
    return from_anndata(new_adata(), name="unlike")


@pytest.fixture(scope="session")
def slide_path(tumour_adata: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "tumour.h5ad"
    tumour_adata.write_h5ad(path)
    return path


@pytest.fixture(scope="session")
def model_folder(tumour_adata: AnnData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tumour model"
    Concert(from_anndata(tumour_adata, name="tumour"), device="cpu").train(3).save(folder)
    return folder


@pytest.fixture
def session(tumour_slide: Slide) -> Session:
    """Return a session that does everything at once, with a slide."""
    session = Session()
    session.add(tumour_slide)
    return session


@pytest.fixture
def trained(session: Session, model_folder: Path) -> Session:
    """Return the same with a model."""
    session.load_model(model_folder)
    assert session.model is not None
    return session


@pytest.fixture
def live(threaded: Callable[..., Session], tumour_slide: Slide, model_folder: Path) -> Session:
    """Return a session with background threads, a slide and a model."""
    session = threaded(tumour_slide)
    session.load_model(model_folder)
    assert session.jobs.wait()
    return session


@pytest.fixture
def watch() -> type[Watch]:
    return Watch


@pytest.fixture
def until() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def threaded() -> Iterator[Callable[..., Session]]:
    """Return a maker of sessions with real background threads, which are closed afterwards."""
    made: list[Session] = []

    def make(slide: Slide | None = None, autosave: Path | None = None) -> Session:
        session = Session(Jobs(), autosave)
        made.append(session)
        if slide is not None:
            session.add(slide)
            assert session.jobs.wait()
        return session

    yield make
    for session in made:
        session.close()


@pytest.fixture
def locked() -> Callable[[Path], Path]:
    """Return a function that gives a place where nothing can be written, whoever runs the tests: inside a file."""

    def lock(folder: Path) -> Path:
        blocker = folder / "a file"
        blocker.write_text("not a folder")
        return blocker / "inside"

    return lock


@pytest.fixture
def current_thread() -> threading.Thread:
    return threading.current_thread()
