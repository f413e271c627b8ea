"""The list of continuous attributes."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.ui.column_menu import NONE_CHOSEN, NONE_THERE, ColumnMenu


@pytest.fixture
def timed(session, new_slide, grid):
    """A session with a slide that has two numeric columns, one of them named like an attribute."""
    rng = np.random.default_rng(0)
    obs = {"region": ["a", "b"] * 18, "time": rng.uniform(0, 9, 36), "quality": rng.uniform(0, 1, 36)}
    session.add(new_slide(grid(6), obs))
    return session


@pytest.fixture
def menu(session, show):
    made = show(ColumnMenu(session))
    session.columns_changed.connect(lambda: made.refresh(session.slide))
    return made


def tick(menu, name):
    """Open the menu and click an entry."""
    menu.menu().popup(menu.mapToGlobal(menu.rect().bottomLeft()))
    action = next(action for action in menu.columns.actions() if action.text() == name)
    QTest.mouseClick(
        menu.menu(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
        menu.menu().actionGeometry(action).center(),
    )


def test_numeric_columns_are_listed_and_guesses_ticked(menu, timed):
    menu.refresh(timed.slide)
    assert {action.text(): action.isChecked() for action in menu.columns.actions()} == {"time": True, "quality": False}
    assert menu.text() == "time"


def test_a_click_adds_or_removes_a_column(menu, timed):
    menu.refresh(timed.slide)
    tick(menu, "quality")
    assert set(timed.slide.columns.continuous) == {"time", "quality"}
    tick(menu, "time")
    assert timed.slide.columns.continuous == ("quality",)
    tick(menu, "quality")
    assert timed.slide.columns.continuous == ()
    assert menu.text() == NONE_CHOSEN


def test_a_slide_without_numbers_says_so(menu, opened):
    menu.refresh(opened.slide)
    assert not menu.isEnabled()
    assert menu.text() == NONE_THERE
