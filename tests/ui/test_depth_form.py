"""How deep the brush reaches, in the tool bar."""

from __future__ import annotations

import pytest

from napari_concert.selection import Depth
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.depth_form import APART, TURN, DepthForm


@pytest.fixture
def form(session, show):
    made = DepthForm(session)
    show(made)
    return made


def test_it_is_there_for_stacks_only(form, session, tiny, stack_slide):
    session.add(stack_slide)
    assert form.isVisible()
    session.add(tiny)
    assert not form.isVisible()


def test_a_depth_is_chosen_in_sections_and_said_in_units(form, session, stack_slide, choose):
    session.add(stack_slide)
    assert not form.count.isVisible()
    choose(form.reaches, "± sections")
    form.reaches.textActivated.emit("± sections")
    assert form.count.isVisible()
    form.count.setValue(2)
    assert session.depth == Depth("sections", 2)
    assert "300" in form.count.suffix()
    assert form.count.maximum() == 2
    form.reaches.textActivated.emit("a sphere")
    assert session.depth.reaches == "sphere"
    assert not form.count.isVisible()


def test_sections_that_are_not_registered_are_kept_apart_and_it_says_so(form, session, new_stack):
    session.add(new_stack(registered=False))
    assert not form.reaches.isEnabled()
    assert form.hint.text() == APART


def test_in_3d_it_says_how_to_turn_the_view(form, session, stack_slide):
    session.add(stack_slide)
    assert not form.hint.isVisible()
    session.show_stack(mode=StackMode.SPACE)
    assert form.hint.text() == TURN
