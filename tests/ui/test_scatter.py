"""Points that are named under the mouse and chosen by a click."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QToolTip

from napari_concert.ui.scatter import NEAR, PointPlot

NAMES = ["Vim", "Fn1", "Krt8", "unplaced"]
X, Y = np.array([0.1, 0.5, 0.9, np.nan]), np.array([0.2, 0.5, 0.8, 0.1])


@pytest.fixture
def plot(show, qtbot):
    made = PointPlot(200)
    made.resize(400, 200)
    show(made)
    axes = made.begin("x", "y")
    axes.plot(X, Y, "o")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    made.end()
    made.set_points(X, Y, NAMES, lambda i: f"number {i}")
    qtbot.wait(50)
    return made


def place(plot, number, off=0):
    """Return where a point is drawn, in Qt's coordinates."""
    x, y = plot.axes.transData.transform((X[number], Y[number])) / plot.device_pixel_ratio
    return QPoint(round(x) + off, round(plot.height() - y))


def marked(plot):
    return [text.get_text() for text in plot.axes.texts]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_click_on_a_point_names_it(plot, click, number):
    told = []
    plot.gene_chosen.connect(told.append)
    click(plot, place(plot, number, off=2))
    assert told == [NAMES[number]]


def test_a_click_beside_all_points_or_with_another_button_chooses_nothing(plot, click):
    told = []
    plot.gene_chosen.connect(told.append)
    click(plot, place(plot, 1, off=int(NEAR) + 4))
    QTest.mouseClick(plot, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, place(plot, 1))
    assert told == []


def test_hovering_names_a_point_and_says_its_numbers(plot, qtbot):
    QTest.mouseMove(plot, place(plot, 2))
    qtbot.waitUntil(lambda: QToolTip.text() == "Krt8\nnumber 2")
    assert plot.cursor().shape() == Qt.CursorShape.PointingHandCursor
    QTest.mouseMove(plot, place(plot, 2, off=-60))
    qtbot.waitUntil(lambda: plot.cursor().shape() == Qt.CursorShape.ArrowCursor)


def test_one_point_is_marked_by_name(plot):
    plot.mark("Fn1")
    assert marked(plot) == ["Fn1"]
    ring = plot.axes.lines[-1]
    assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (0.5, 0.5)
    plot.mark("Vim")
    assert marked(plot) == ["Vim"]
    plot.mark("not here")
    assert marked(plot) == []
    plot.mark("unplaced")
    assert marked(plot) == []


def test_the_mark_stays_inside_the_axes(plot):
    plot.mark("Krt8")
    assert plot.axes.texts[0].get_ha() == "right"
    plot.mark("Vim")
    assert plot.axes.texts[0].get_ha() == "left"


def test_other_points_keep_the_mark(plot):
    plot.mark("Fn1")
    plot.begin("x", "y")
    plot.set_points(X[:2], Y[:2], NAMES[:2], str)
    assert marked(plot) == ["Fn1"]


def test_without_points_it_says_what_to_do(plot, click):
    told = []
    plot.gene_chosen.connect(told.append)
    at = place(plot, 1)
    plot.clear_points("Paint spots.")
    click(plot, at)
    assert marked(plot) == ["Paint spots."]
    assert told == []
    assert not plot.axes.axison
