"""Small parts that the panels share."""

from __future__ import annotations

import pytest
from psygnal import Signal
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_concert.ui.theme import concern_colour, concern_style
from napari_concert.ui.widgets import button, concern, follow, note, say


class Teller:
    told = Signal(str)


def destroy(widget, qtbot):
    """Destroy a widget as Qt does when its window is closed."""
    gone = []
    widget.destroyed.connect(lambda: gone.append(True))
    widget.deleteLater()
    qtbot.waitUntil(lambda: bool(gone))


def test_follow_calls_the_slot_until_the_widget_is_gone(qtbot):
    teller, heard, widget = Teller(), [], QWidget()
    follow(widget, teller.told, heard.append)
    teller.told.emit("one")
    destroy(widget, qtbot)
    teller.told.emit("two")
    assert heard == ["one"]
    assert len(teller.told) == 0


def test_follow_survives_a_signal_that_was_disconnected_already(qtbot):
    teller, heard, widget = Teller(), [], QWidget()
    follow(widget, teller.told, heard.append)
    teller.told.disconnect()
    destroy(widget, qtbot)
    assert heard == []


def test_a_note_takes_no_room_while_it_is_empty(show):
    label = show(note("Words."))
    assert label.isVisible()
    say(label, "")
    assert not label.isVisible()
    say(label, "More words.")
    assert label.isVisible()
    assert label.wordWrap()


@pytest.mark.parametrize("kind", ["warning", "error"])
def test_notes_of_concern_have_their_colour_where_the_style_says_so(show, kind):
    around = QWidget()
    around.setStyleSheet(concern_style())
    QVBoxLayout(around).addWidget(label := note("Words.", kind))
    show(around)
    assert ink(label) == concern_colour(kind)
    concern(label, "info")
    assert ink(label) not in (concern_colour("warning"), concern_colour("error"))
    concern(label, kind)
    assert ink(label) == concern_colour(kind)


def ink(label):
    return label.palette().color(QPalette.ColorRole.WindowText).name()


def test_a_button_calls_its_slot_without_arguments(show, click):
    calls = []
    made = show(button("Press", lambda *args: calls.append(args), "Does it."))
    click(made)
    assert calls == [()]
    assert made.toolTip() == "Does it."
