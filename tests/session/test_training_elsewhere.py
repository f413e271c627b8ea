"""Trainings of a session that run on another machine: what is shown, kept, stopped and lost."""

from __future__ import annotations

import os
import platform
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from napari_concert.session import Session, TrainingSettings
from napari_concert.session.preferences import Preferences
from napari_concert.slide import Slide

pytestmark = pytest.mark.slow


@pytest.fixture
def there(cluster: Any) -> TrainingSettings:
    return TrainingSettings(max_epochs=3, device="cpu", scheduler=cluster.scheduler_address)


def test_a_model_trained_elsewhere_is_used_and_kept_as_one_trained_here(
    threaded: Callable, tumour_slide: Slide, there: TrainingSettings, watch: Callable, tmp_path: Path
) -> None:
    session = threaded(tumour_slide, tmp_path)
    heard, stages = watch(session), []
    session.training_changed.connect(lambda: stages.append(session.training.doing))
    session.train(there)
    session.paint([1, 2])
    assert session.jobs.wait()
    state = session.training
    assert (state.status, [epoch.index for epoch in state.epochs]) == ("done", [1, 2, 3])
    assert state.device.startswith(f"{platform.node()} · CPU")
    assert "sending the slide" in stages
    assert session.model_name == f"trained on {platform.node()}"
    assert session.result.patch.tolist() == [1, 2]
    assert "The model is ready" in heard.texts("info")[-1]
    here = Session()
    here.add(tumour_slide)
    here.train(replace(there, scheduler=""))
    assert here.model.hash == session.model.hash
    again = Session(autosave=tmp_path)
    again.add(tumour_slide)
    assert again.model.hash == session.model.hash


def test_stopping_brings_the_best_so_far_back(
    threaded: Callable, tumour_slide: Slide, there: TrainingSettings, watch: Callable
) -> None:
    session = threaded(tumour_slide)
    heard = watch(session)
    session.training_changed.connect(lambda: len(session.training.epochs) == 2 and session.stop_training())
    session.train(replace(there, max_epochs=10_000))
    assert session.jobs.wait()
    assert session.training.status == "stopped"
    assert 2 <= len(session.model.history) < 10_000
    assert "best weights so far are kept" in heard.texts("info")[-1]


def test_closing_the_window_keeps_the_best_so_far(
    threaded: Callable, tumour_slide: Slide, there: TrainingSettings, until: Callable, tmp_path: Path
) -> None:
    session = threaded(tumour_slide, tmp_path)
    session.train(replace(there, max_epochs=10_000))
    until(session, lambda: bool(session.training.epochs), 60)
    session.close(timeout=20)
    again = Session(autosave=tmp_path)
    again.add(tumour_slide)
    assert again.model is not None


def test_a_lost_worker_loses_nothing_here(
    threaded: Callable, tumour_slide: Slide, model_folder: Path, watch: Callable, until: Callable
) -> None:
    from distributed import LocalCluster

    session = threaded(tumour_slide)
    session.load_model(model_folder)
    session.paint([5])
    assert session.jobs.wait()
    old, heard = session.model, watch(session)
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as running:
        session.train(TrainingSettings(max_epochs=10_000, device="cpu", scheduler=running.scheduler_address))
        until(session, lambda: bool(session.training.epochs), 60)
        (nanny,) = running.workers.values()
        os.kill(nanny.pid, signal.SIGKILL)
        assert session.jobs.wait()
    assert session.training.status == "failed"
    assert ["was lost" in text for text in heard.texts("error")] == [True]
    assert session.model is old
    assert session.result.patch.tolist() == [5]


def test_the_address_is_remembered() -> None:
    training = TrainingSettings(scheduler="tcp://gpu:8786")
    stored = Preferences(training=training).to_json()
    assert stored["training"] == {"scheduler": "tcp://gpu:8786"}
    assert Preferences.from_json(stored).training == training
    assert Preferences.from_json({**stored, "training": {"scheduler": 3}}).training == TrainingSettings()
