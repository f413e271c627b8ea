"""Step 2: train, stop, save, load."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog

from napari_concert.slide import Columns
from napari_concert.ui.model_panel import NO_MODEL, ModelPanel, SettingsForm
from napari_concert.ui.reach_words import lines


@pytest.fixture
def panel(session, show):
    return show(ModelPanel(session))


def set_number(spin, value):
    """Type a number into a spin box."""
    field = spin.native.lineEdit()
    field.selectAll()
    QTest.keyClicks(field, str(value))
    QTest.keyClick(field, Qt.Key.Key_Tab)


def test_without_a_slide_nothing_can_be_trained(panel):
    assert not panel.train.isEnabled()
    assert not panel.load.isEnabled()
    assert panel.about.text() == NO_MODEL


def test_there_is_no_plot_before_there_is_an_epoch(panel, opened, click):
    assert not panel.plot.isVisible()
    set_number(panel.settings.epochs, 2)
    click(panel.train)
    assert panel.plot.isVisible()


def test_train_trains_with_the_settings(panel, opened, click):
    set_number(panel.settings.n_genes, 30)
    QTest.keyClicks(panel.settings.also.native, "Krt19; Fn1")
    set_number(panel.settings.epochs, 3)
    set_number(panel.settings.seed, 5)
    click(panel.train)
    assert opened.model is not None
    state = opened.training
    assert state.status == "done"
    assert (state.settings.n_genes, state.settings.max_epochs, state.settings.seed) == (30, 3, 5)
    assert state.settings.also_genes == ("Krt19", "Fn1")
    assert {"Krt19", "Fn1"} <= set(opened.model.genes)
    assert len(opened.model.history) == len(state.epochs) <= 3


def test_progress_says_device_seed_and_epoch(panel, opened, click):
    seen = []
    opened.training_changed.connect(lambda: seen.append((panel.train.text(), panel.progress.text())))
    set_number(panel.settings.epochs, 2)
    click(panel.train)
    assert seen[0][0] == "Stop and keep the best so far"
    assert any("choosing genes" in text for _, text in seen)
    assert any("epoch 1" in text and "seed 0" in text for _, text in seen)
    assert panel.train.text() == "Train"
    assert "converged" in panel.progress.text()
    assert panel.settings.isEnabled()


def test_the_loss_curve_has_a_point_an_epoch(panel, opened, click, qtbot):
    set_number(panel.settings.epochs, 2)
    click(panel.train)
    qtbot.waitUntil(lambda: len(panel.plot.axes.lines) == 2)
    training, hidden = panel.plot.axes.lines
    assert len(training.get_xdata()) == len(hidden.get_xdata()) == len(opened.training.epochs)
    assert hidden.get_ydata()[-1] == opened.training.epochs[-1].heldout_loss


def test_stop_keeps_the_best_so_far(panel, opened, click):
    def stop_after_two():
        if len(opened.training.epochs) >= 2 and opened.training.status == "training":
            click(panel.train)

    opened.training_changed.connect(stop_after_two)
    set_number(panel.settings.epochs, 500)
    click(panel.train)
    assert opened.training.status == "stopped"
    assert opened.model is not None
    assert 2 <= len(opened.training.epochs) < 20
    assert "stopped early, best weights kept" in panel.progress.text()
    assert opened.result is not None, "the stopped model answers what-ifs"


def test_settings_are_locked_while_training(panel, opened, click):
    locked = []
    opened.training_changed.connect(lambda: locked.append(panel.settings.isEnabled()))
    set_number(panel.settings.epochs, 2)
    click(panel.train)
    assert locked[0] is False
    assert locked[-1] is True


def test_a_failed_training_says_so_and_can_be_repeated(panel, opened, click, said):
    QTest.keyClicks(panel.settings.also.native, "NoSuchGene")
    click(panel.train)
    assert opened.training.status == "failed"
    assert said[-1][0] == "error"
    assert "NoSuchGene" in said[-1][1]
    assert panel.train.isEnabled()
    assert panel.train.text() == "Train"


def test_a_model_is_described(panel, trained):
    assert "40 genes" in panel.about.text()
    assert "control, Ifngr2, Jak2, Tgfbr2" in panel.about.text()
    assert "3 epochs" in panel.about.text()
    assert panel.reach.text() == lines(trained.reaches)
    said = panel.reach.text().splitlines()[1:]
    assert [line.split(":")[0] for line in said] == [reach.state for reach in trained.reaches]
    assert all("µm (" in line and "ends at" in line and "% of it passes a tissue border" in line for line in said)


def test_a_model_is_saved_and_loaded(panel, trained, tmp_path, monkeypatch, click):
    folder = str(tmp_path / "kept")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (folder, ""))
    click(panel.save)
    trained.start_afresh()
    assert trained.model is None
    assert panel.about.text() == NO_MODEL
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: folder)
    click(panel.load)
    assert trained.model is not None
    assert "kept" in panel.about.text()


def test_a_cancelled_dialog_does_nothing(panel, trained, said, monkeypatch, click):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: ("", ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: "")
    before = trained.model
    click(panel.save)
    click(panel.load)
    assert trained.model is before
    assert not said


def test_a_folder_without_a_model_is_explained(panel, trained, said, tmp_path, monkeypatch, click):
    before = trained.model
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: str(tmp_path))
    click(panel.load)
    assert said[-1][0] == "error"
    assert trained.model is before


def test_a_model_that_does_not_fit_says_why(panel, trained):
    assert panel.problem.text() == ""
    trained.read_as(columns=Columns(perturbation="tissue", control=("normal lung",)))
    assert "Not used on this slide" in panel.problem.text()
    assert "the model never saw" in panel.problem.text()


def test_all_slides_are_offered_where_there_are_several(panel, opened, other):
    assert not panel.settings.everything.native.isVisible()
    opened.add(other)
    assert panel.settings.everything.native.isVisible()


def test_defaults_are_those_of_the_session(qtbot):
    from napari_concert.session import TrainingSettings

    form = SettingsForm()
    qtbot.addWidget(form)
    assert form.value() == TrainingSettings()
