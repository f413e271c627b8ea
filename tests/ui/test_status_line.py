"""The status line: the last word, progress, Stop."""

from __future__ import annotations

import time

import pytest

from napari_concert.session import TrainingSettings
from napari_concert.ui.status_line import StatusLine
from napari_concert.ui.theme import CONCERN


@pytest.fixture
def line(session, show):
    return show(StatusLine(session))


@pytest.mark.parametrize(("kind", "prefix"), [("info", ""), ("warning", "Caution: "), ("error", "Error: ")])
def test_messages_show_their_kind(line, session, kind, prefix):
    session.notified.emit(kind, "Something happened.")
    assert line.message.text() == f"{prefix}Something happened."
    assert line.message.property(CONCERN) == kind


def test_what_is_going_on_disappears_when_it_is_done(line, session):
    session.busy_changed.emit("Reading slide.h5ad …")
    assert line.message.text() == "Reading slide.h5ad …"
    session.busy_changed.emit("")
    assert line.message.text() == ""


@pytest.fixture
def later(monkeypatch):
    """Let seconds pass at once."""
    now = [time.monotonic()]
    monkeypatch.setattr("napari_concert.ui.status_line.time.monotonic", lambda: now[0])

    def passed(seconds):
        now[0] += seconds

    return passed


def test_the_next_edit_takes_an_old_message_away(line, opened, later):
    opened.notified.emit("info", "The model is ready.")
    later(60)
    assert line.message.text() == "The model is ready.", "it waits for the user"
    opened.paint([1])
    assert line.message.text() == ""
    opened.notified.emit("info", "Saved.")
    later(1)
    opened.paint([2])
    assert line.message.text() == "Saved.", "nobody has read it yet"
    later(2)
    opened.set_target("perturbation", "Jak2")
    assert line.message.text() == ""


def test_errors_stay_longer(line, opened, later):
    opened.notified.emit("error", "No.")
    later(5)
    opened.paint([1])
    assert line.message.text() == "Error: No."
    later(5)
    opened.paint([2])
    assert line.message.text() == ""
    assert line.message.property(CONCERN) == "info"


def test_edits_leave_what_is_going_on(line, opened, later):
    opened.busy_changed.emit("Reading slide.h5ad …")
    later(60)
    opened.paint([1])
    assert line.message.text() == "Reading slide.h5ad …"


def test_a_new_training_takes_the_message_of_the_last_one_away(line, opened, later):
    opened.notified.emit("info", "The model is ready.")
    later(60)
    opened.train(TrainingSettings(max_epochs=2))
    assert "Paint spots in step 3" in line.message.text()
    seen = []
    opened.training_changed.connect(lambda: seen.append(line.message.text()))
    opened.paint([1, 2])
    later(60)
    opened.train(TrainingSettings(max_epochs=2))
    assert set(seen[:-1]) == {""}
    assert line.message.text() == "The model is ready. Step 4 lists the genes that change."


def test_a_message_is_not_wiped_by_the_end_of_work(line, session):
    session.notified.emit("error", "No.")
    session.busy_changed.emit("")
    assert line.message.text() == "Error: No."


def test_progress_is_there_while_training(line, opened):
    seen = []

    def look():
        seen.append((line.progress.isVisible(), line.progress.format(), line.progress.value()))

    opened.training_changed.connect(look)
    assert not line.progress.isVisible()
    opened.train(TrainingSettings(max_epochs=2))
    assert seen[0][:2] == (True, "choosing genes …")
    assert any("epoch 1 of 2" in text and "s left" in text for _, text, _ in seen)
    values = [value for visible, text, value in seen if visible and "epoch" in text]
    assert values == sorted(values)
    assert any("finishing" in text for _, text, _ in seen)
    assert not line.progress.isVisible()


def test_stop_stops_the_training(line, opened, click):
    stopping = []

    def stop():
        if opened.training.epochs and opened.training.status == "training":
            click(line.cancel)
            stopping.append((line.cancel.isEnabled(), line.progress.format()))

    opened.training_changed.connect(stop)
    opened.train(TrainingSettings(max_epochs=500))
    assert opened.training.status == "stopped"
    assert opened.model is not None
    assert stopping[0][0] is False, "one press is enough"
    assert "stopping" in stopping[0][1]
    assert "best weights so far are kept" in line.message.text()
