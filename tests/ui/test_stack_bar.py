"""The row of a stack in the strip."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.session.stack_view import StackMode
from napari_concert.ui.stack_bar import StackBar


@pytest.fixture
def bar(session, show):
    made = StackBar(session)
    show(made)
    return made


def test_it_is_there_for_stacks_only(bar, session, tiny, stack_slide, new_stack):
    session.add(stack_slide)
    assert bar.isVisible()
    session.add(tiny)
    assert not bar.isVisible()
    session.add(new_stack((0.0,)))
    assert not bar.isVisible(), "one section alone leaves nothing to choose"


def test_each_view_has_its_own_setting(bar, session, stack_slide, click):
    session.add(stack_slide)
    assert (bar.neighbours.isVisible(), bar.stretch.isVisible()) == (True, False)
    click(bar.mode.buttons[StackMode.GRID])
    assert session.stack_view.mode is StackMode.GRID
    assert (bar.neighbours.isVisible(), bar.stretch.isVisible()) == (False, False)
    click(bar.mode.buttons[StackMode.SPACE])
    assert (bar.neighbours.isVisible(), bar.stretch.isVisible()) == (False, True)
    assert bar.stretch.value() == session.stretch
    assert session.stack_view.stretch is None, "what is shown is not yet chosen"
    bar.stretch.setValue(7)
    assert session.stretch == 7


def test_the_view_follows_what_was_chosen_elsewhere(bar, session, stack_slide):
    session.add(stack_slide)
    session.show_stack(mode=StackMode.SPACE)
    assert bar.mode.value is StackMode.SPACE


def test_neighbours_need_registered_sections(bar, session, stack_slide):
    session.add(stack_slide)
    bar.neighbours.click()
    assert session.stack_view.neighbours
    session.read_as(registered=False)
    assert not bar.neighbours.isEnabled()


def test_sections_are_hidden_one_by_one_from_a_menu(bar, session, stack_slide, said):
    session.add(stack_slide)
    assert bar.sections.text() == "All 3"
    menu = bar.sections.names
    menu.aboutToShow.emit()
    everything, _, *names = menu.actions()
    for action in names[:2]:
        action.trigger()
    assert session.hidden_levels == {0, 1}
    assert bar.sections.text() == "1 of 3"
    names[2].trigger()
    assert session.hidden_levels == {0, 1}
    assert names[2].isChecked()
    assert "One section at least" in said[-1][1]
    everything.trigger()
    assert session.hidden_levels == frozenset()


def test_the_menu_stays_open_while_sections_are_ticked(bar, session, stack_slide):
    session.add(stack_slide)
    menu = bar.sections.names
    menu.popup(bar.mapToGlobal(bar.rect().bottomLeft()))
    action = menu.actions()[2]
    QTest.mouseClick(
        menu, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, menu.actionGeometry(action).center()
    )
    assert session.hidden_levels == {0}
    assert menu.isVisible()
    menu.close()
