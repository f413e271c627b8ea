"""The status line: the last word, progress, Stop."""

from __future__ import annotations

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
    assert seen[0][:2] == (True, "preparing …")
    assert any("epoch 1 of 2" in text and "s left" in text for _, text, _ in seen)
    values = [value for visible, text, value in seen if visible and "epoch" in text]
    assert values == sorted(values)
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
