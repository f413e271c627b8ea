"""Training on another machine, from the window."""

from __future__ import annotations

import platform

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.jobs import Jobs
from napari_concert.session import Session, TrainingSettings
from napari_concert.ui.habits import habits_of
from napari_concert.ui.model_panel import ModelPanel, SettingsForm
from napari_concert.ui.remote_field import TITLE
from napari_concert.ui.threads import MainThread


@pytest.fixture
def form(show):
    return show(SettingsForm())


def test_it_is_folded_and_empty_at_first(form):
    assert form.remote.body.isHidden()
    assert form.remote.fold.text() == f"▸ {TITLE}"
    assert form.value() == TrainingSettings()


def test_an_address_is_typed_and_told_of(form, click):
    told = []
    form.changed.connect(lambda: told.append(form.value().scheduler))
    click(form.remote.fold)
    assert form.remote.address.isVisible()
    QTest.keyClicks(form.remote.address, " tcp://gpu:8786 ")
    assert told[-1] == "tcp://gpu:8786"
    assert form.remote.fold.text() == f"▾ {TITLE}"


def test_a_folded_address_can_be_seen(form, click):
    form.set_lasting(TrainingSettings(scheduler="tcp://gpu:8786"))
    assert form.remote.fold.text() == f"▸ {TITLE}: tcp://gpu:8786"
    click(form.remote.fold)
    form.remote.address.selectAll()
    QTest.keyClick(form.remote.address, Qt.Key.Key_Delete)
    click(form.remote.fold)
    assert form.remote.fold.text() == f"▸ {TITLE}"
    assert form.value().scheduler == ""


def test_it_says_what_is_sent_and_whom_to_trust(form):
    for part in (form.remote.fold, form.remote.address):
        for words in ("dask scheduler", "dask worker", "same version", "SSH tunnel", "runs any code"):
            assert words in part.toolTip()


def test_the_address_is_a_habit(window):
    settings = window.dock.model_panel.settings
    settings.remote.value = "tcp://gpu:8786"
    assert window.session.preferences.training.scheduler == "tcp://gpu:8786"
    (habit,) = (each for each in habits_of(window.dock) if each.name == "training")
    assert habit.get().scheduler == "tcp://gpu:8786"
    window.session.forget_choices()
    assert settings.remote.value == ""


@pytest.mark.slow
def test_train_runs_there_and_the_model_comes_back(tiny, cluster, show, click, qtbot):
    session = Session(Jobs(deliver=MainThread()))
    session.add(tiny)
    qtbot.waitUntil(lambda: session.slide is not None, timeout=20_000)
    panel = show(ModelPanel(session))
    seen = []
    session.training_changed.connect(lambda: seen.append(panel.progress.text()))
    click(panel.settings.remote.fold)
    QTest.keyClicks(panel.settings.remote.address, cluster.scheduler_address)
    panel.settings.epochs.value = 3
    click(panel.train)
    assert panel.train.text() == "Stop and keep the best so far"
    qtbot.waitUntil(lambda: session.training.status == "done" and session.result is not None, timeout=60_000)
    assert any("looking for a worker" in text for text in seen)
    assert panel.progress.text().startswith(f"{platform.node()} · C")
    assert panel.about.text().startswith(f"trained on {platform.node()} · ")
    panel.settings.epochs.value = 10_000
    click(panel.train)
    qtbot.waitUntil(lambda: len(session.training.epochs) > 1, timeout=60_000)
    click(panel.train)
    qtbot.waitUntil(lambda: session.training.status == "stopped", timeout=20_000)
    assert session.model_name == "stopped early"
    session.close()


def test_an_address_where_nothing_answers_is_one_line_in_red(panel_of, said, monkeypatch, click):
    monkeypatch.setattr("napari_concert.remote.cluster.PATIENCE", 0.5)
    panel_of.settings.remote.value = "tcp://127.0.0.1:1"
    click(panel_of.train)
    assert said[-1][0] == "error"
    assert said[-1][1].startswith("No Dask scheduler answers at tcp://127.0.0.1:1")
    assert panel_of.train.text() == "Train"


@pytest.fixture
def panel_of(opened, show):
    return show(ModelPanel(opened))
