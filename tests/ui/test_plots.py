"""Plots in the window's colours."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from matplotlib.colors import to_hex
from qtpy.QtGui import QColor, QPalette
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_concert.ui.plots import BOTTOM, LEFT, REDRAW_EVERY, RIGHT, LossPlot, PlotCanvas


@pytest.fixture
def plot(show):
    return show(LossPlot())


def epoch(index, train, hidden):
    return SimpleNamespace(index=index, train_loss=train, heldout_loss=hidden)


def test_both_losses_are_drawn_by_epoch(plot, qtbot):
    plot.show_epochs([epoch(1, 0.9, 1.0), epoch(2, 0.7, 0.8)])
    qtbot.waitUntil(lambda: len(plot.axes.lines) == 2)
    training, hidden = plot.axes.lines
    assert list(training.get_xdata()) == [1, 2]
    assert list(training.get_ydata()) == [0.9, 0.7]
    assert list(hidden.get_ydata()) == [1.0, 0.8]
    assert [text.get_text() for text in plot.axes.get_legend().get_texts()] == ["training spots", "hidden spots"]
    assert plot.axes.get_xlabel() == "epoch"
    assert "nats per spot and gene" in plot.axes.get_title(loc="left")


def test_another_training_begins_with_empty_axes(plot, qtbot):
    plot.show_epochs([epoch(1, 0.9, 1.0)])
    qtbot.waitUntil(lambda: bool(plot.axes.lines))
    plot.show_epochs([])
    qtbot.waitUntil(lambda: not plot.axes.lines)
    assert plot.axes.get_legend() is None


def test_epochs_that_come_fast_are_drawn_together(plot, qtbot, monkeypatch):
    drawn, begin = [], plot.begin
    monkeypatch.setattr(plot, "begin", lambda *names: drawn.append(names) or begin(*names))
    epochs, began = [], time.monotonic()
    for number in range(1, 40):
        epochs.append(epoch(number, 1 / number, 1 / number))
        plot.show_epochs(epochs)
        qtbot.wait(5)
    qtbot.waitUntil(lambda: bool(plot.axes.lines) and len(plot.axes.lines[0].get_xdata()) == 39)
    assert len(drawn) <= 2 + 1e3 * (time.monotonic() - began) / REDRAW_EVERY
    assert len(drawn) < 20


def test_nothing_is_drawn_while_it_can_not_be_seen(plot, qtbot, monkeypatch):
    drawn = []
    monkeypatch.setattr(plot, "draw", lambda: drawn.append(True))
    plot.hide()
    plot.show_epochs([epoch(1, 0.9, 1.0)])
    qtbot.waitUntil(lambda: bool(plot.axes.lines))
    qtbot.wait(50)
    assert not drawn
    plot.show()
    qtbot.waitUntil(lambda: bool(drawn))


def test_the_axes_leave_room_for_their_labels(plot):
    for width in (200, 430, 800):
        plot.resize(width, plot.height())
        box = plot.axes.get_position()
        assert box.x0 * width == pytest.approx(LEFT)
        assert (1 - box.x1) * width == pytest.approx(RIGHT)
        assert box.y0 * plot.height() == pytest.approx(BOTTOM)


def test_colours_are_those_of_the_window(show):
    canvas = PlotCanvas(120)
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Window, QColor("#102030"))
    palette.setColor(QPalette.ColorRole.WindowText, QColor("#fafbfc"))
    canvas.setPalette(palette)
    show(canvas)
    axes = canvas.begin("x", "y")
    assert to_hex(canvas.figure.get_facecolor()) == "#102030"
    assert axes.xaxis.label.get_color() == "#fafbfc"
    assert canvas.height() == 120


def test_another_theme_recolours_what_is_drawn(show, qtbot):
    host = QWidget()
    host.setStyleSheet("QWidget { background: #102030; color: #fafbfc; }")
    plot = LossPlot()
    QVBoxLayout(host).addWidget(plot)
    show(host)
    plot.show_epochs([epoch(1, 0.9, 1.0), epoch(2, 0.7, 0.8)])
    qtbot.waitUntil(lambda: len(plot.axes.lines) == 2)
    assert to_hex(plot.figure.get_facecolor()) == "#102030"
    host.setStyleSheet("QWidget { background: #f0e0d0; color: #010203; }")
    qtbot.waitUntil(lambda: to_hex(plot.figure.get_facecolor()) == "#f0e0d0")
    texts = [plot.axes.xaxis.label, *plot.axes.get_xticklabels(), *plot.axes.get_legend().get_texts()]
    assert {text.get_color() for text in texts} == {"#010203"}
    assert len(plot.axes.lines) == 2


def test_drawing_does_not_block_and_ends_in_pixels(plot, qtbot):
    plot.show_epochs([epoch(1, 0.9, 1.0), epoch(2, 0.7, 0.8)])

    def colours():
        return {plot.grab().toImage().pixel(x, 85) for x in range(plot.width())}

    qtbot.waitUntil(lambda: len(colours()) > 1)
    assert len(colours()) > 1
