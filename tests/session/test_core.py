"""The session as a whole: closing, what it imports, where it calls back."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from napari_concert.errors import ConcertError
from napari_concert.jobs import InlineJobs
from napari_concert.session import Session, TrainingSettings
from napari_concert.session.base import describe_error
from napari_concert.slide import Slide

JOURNEY = """
import sys
from napari_concert.io import from_anndata
from napari_concert.session import Session, TrainingSettings, View
from napari_concert.simulate import tumour
assert "torch" not in sys.modules, "the window would wait for torch"
session = Session()
session.add(from_anndata(tumour(200, 20)))
session.train(TrainingSettings(max_epochs=1))
session.paint([1, 2])
session.show_view(View.PREDICTED)
session.values()
assert session.result.patch_genes is not None
shells = {"qtpy", "napari", "magicgui", "superqt", "PySide6", "PyQt6"}
print(sorted({name.split(".")[0] for name in sys.modules} & shells))
"""


def test_the_whole_journey_imports_neither_qt_nor_napari() -> None:
    done = subprocess.run([sys.executable, "-c", JOURNEY], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_a_new_session_is_empty_and_works_at_once() -> None:
    session = Session()
    assert isinstance(session.jobs, InlineJobs)
    assert session.workspaces == []
    assert session.slide is None
    assert session.result is None
    assert session.colour is None
    assert not session.has_truth
    session.predict()
    session.stop_training()
    session.close()


def test_closing_during_a_training_is_quick_and_keeps_patch_and_model(
    threaded: Callable, tumour_slide: Slide, tmp_path: Path, until: Callable
) -> None:
    session = threaded(tumour_slide, tmp_path)
    session.train(TrainingSettings(max_epochs=10_000, device="cpu"))
    until(session, lambda: bool(session.training.epochs))
    session.paint([3, 4])
    heard = []
    for name in ("training_changed", "model_changed", "prediction_changed", "notified"):
        getattr(session, name).connect(lambda *args, name=name: heard.append((name, *args)))
    began = time.monotonic()
    session.close()
    assert time.monotonic() - began < 2
    assert heard == [], "nothing is called back after the end"
    again = Session(autosave=tmp_path)
    again.add(tumour_slide)
    assert again.painted.tolist() == [3, 4]
    assert len(again.model.history) >= 1
    assert again.result.patch.tolist() == [3, 4]


def test_closing_before_the_first_epoch_keeps_the_earlier_model(
    threaded: Callable, tumour_slide: Slide, tmp_path: Path
) -> None:
    first = Session(autosave=tmp_path)
    first.add(tumour_slide)
    first.train(TrainingSettings(max_epochs=2, device="cpu"))
    second = threaded(tumour_slide, tmp_path)
    second.train(TrainingSettings(max_epochs=10_000, seed=3, device="cpu"))
    second.close()
    third = Session(autosave=tmp_path)
    third.add(tumour_slide)
    assert third.model.seed in (0, 3)
    assert len(third.model.history) >= 1


def test_closing_twice_does_nothing_more(tumour_slide: Slide, tmp_path: Path) -> None:
    session = Session(autosave=tmp_path)
    session.add(tumour_slide)
    session.paint([1])
    session.close()
    record = next(tmp_path.rglob("work.json"))
    record.unlink()
    session.close()
    assert not record.exists()


def test_after_closing_verbs_start_nothing(threaded: Callable, tumour_slide: Slide, model_folder: Path) -> None:
    session = threaded(tumour_slide)
    session.load_model(model_folder)
    assert session.jobs.wait()
    session.close()
    session.paint([1])
    session.train()
    assert session.jobs.wait(1)
    assert session.result.patch.size == 0


def test_errors_in_words() -> None:
    assert describe_error(ConcertError("Do this.")) == "Do this."
    assert describe_error(KeyError("x")) == (
        "This did not work: KeyError: 'x'. The log has the details; your painted spots are safe."
    )
