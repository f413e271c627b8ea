"""How stacks are shown, what is hidden, how deep the brush reaches."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.selection import Depth
from napari_concert.session import Session
from napari_concert.session.stack_view import StackMode, StackView


@pytest.fixture
def session():
    made = Session()
    yield made
    made.close()


@pytest.fixture
def stack(session, stack_slide):
    session.add(stack_slide)
    return session


def test_a_flat_slide_has_no_sections(session, tumour_slide):
    session.add(tumour_slide)
    assert session.levels is None
    assert session.hidden_levels == frozenset()
    with pytest.raises(ConcertError, match="not a stack"):
        session.hide_sections(["s1"])


def test_another_view_is_told_once_and_kept_for_the_next_stack(stack):
    told = []
    stack.stack_changed.connect(lambda: told.append(stack.stack_view))
    for _ in range(2):
        stack.show_stack(mode=StackMode.SPACE, stretch=3.0)
    assert told == [StackView(StackMode.SPACE, 3.0)]
    stack.close_slide()
    assert stack.stack_view.mode is StackMode.SPACE


def test_view_and_depth_are_as_they_were_in_the_next_session_until_choices_are_forgotten(stack_slide, tmp_path):
    file = tmp_path / "preferences.json"
    first = Session(preferences=file)
    first.show_stack(mode=StackMode.GRID, stretch=7.0, neighbours=True)
    first.set_depth(Depth("sections", 3))
    first.close()
    again = Session(preferences=file)
    assert again.stack_view == StackView(StackMode.GRID, 7.0, neighbours=True)
    assert again.depth == Depth("sections", 3)
    told = []
    again.stack_changed.connect(lambda: told.append("stack"))
    again.depth_changed.connect(lambda: told.append("depth"))
    again.forget_choices()
    assert (again.stack_view, again.depth, told) == (StackView(), Depth(), ["stack", "depth"])
    again.close()
    assert not file.exists()


@pytest.mark.parametrize("stretch", [0.5, 1000.0, float("nan")])
def test_sections_are_not_drawn_nearer_than_they_are(stack, stretch):
    with pytest.raises(ConcertError, match="times as far apart"):
        stack.show_stack(stretch=stretch)
    assert stack.stack_view == StackView()


def test_a_flat_stack_is_drawn_about_as_high_as_wide(stack):
    coords = stack.slide.coords
    high = np.ptp(coords[:, 2]) * stack.stretch
    assert 0.6 < high / np.ptp(coords[:, 0]) < 1.6
    stack.show_stack(stretch=2.0)
    assert stack.stretch == 2.0


def test_sections_are_hidden_by_name_and_come_back(stack):
    told = []
    stack.stack_changed.connect(lambda: told.append(stack.hidden_levels))
    stack.hide_sections(["s2"])
    stack.hide_sections(["s2"])
    assert told == [frozenset({1})]
    stack.hide_sections(())
    assert stack.hidden_levels == frozenset()


def test_what_cannot_be_hidden_is_said(stack):
    with pytest.raises(ConcertError, match="section"):
        stack.hide_sections(["s9"])
    with pytest.raises(ConcertError, match="One section at least"):
        stack.hide_sections(["s1", "s2", "s3"])
    assert stack.hidden_levels == frozenset()


def test_hidden_sections_are_those_of_each_slide(stack, tumour_slide):
    stack.hide_sections(["s1"])
    stack.add(tumour_slide)
    assert stack.hidden_levels == frozenset()
    stack.choose(stack.workspaces[0])
    assert stack.hidden_levels == frozenset({0})


def test_a_depth_is_told_once(stack):
    told = []
    stack.depth_changed.connect(lambda: told.append(stack.depth))
    for _ in range(2):
        stack.set_depth(Depth("sphere"))
    assert told == [Depth("sphere")]


def test_levels_follow_another_reading_of_the_slide(stack):
    assert not stack.levels.are_apart
    stack.read_as(registered=False)
    assert stack.levels.are_apart
