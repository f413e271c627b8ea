"""Where the sections of a stack are drawn, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.session.stack_view import StackMode, StackView
from napari_concert.ui.layout import lay_out

ONE, GRID, SPACE = StackMode.ONE, StackMode.GRID, StackMode.SPACE


def drawn_sections(layout):
    return [layout.points[layout.planes == level] for level in range(len(layout.stack.levels))]


def test_even_sections_are_one_step_of_the_slider_apart(stack_slide):
    layout = lay_out(stack_slide)
    assert layout.step.tolist() == [150.0, 1.0, 1.0]
    assert layout.axes == ("z", "y", "x")
    assert layout.points == pytest.approx(stack_slide.coords[:, ::-1])


@pytest.mark.parametrize(
    "heights", [(0.0, 100.0, 270.0), (0.0, 20.0, 60.0), (0.0, 0.0, 50.0)], ids=["uneven", "missing", "double"]
)
def test_the_slider_stops_at_each_section_and_nowhere_else(new_stack, heights):
    layout = lay_out(new_stack(heights))
    assert layout.axes[0] == "section"
    assert [np.unique(section[:, 0]).tolist() for section in drawn_sections(layout)] == [[0.0], [1.0], [2.0]]
    assert layout.step[0] == 1.0


def test_one_section_alone_is_a_stack_of_one(new_stack):
    for mode in StackMode:
        layout = lay_out(new_stack((40.0,)), StackView(mode))
        assert len(layout.stack.levels) == 1
        assert np.isfinite(layout.data).all()


def test_side_by_side_no_section_touches_another_and_each_keeps_its_form(stack_slide):
    layout = lay_out(stack_slide, StackView(GRID))
    sections = drawn_sections(layout)
    assert np.unique(layout.points[:, 0]).tolist() == [0.0]
    for i, one in enumerate(sections):
        own = stack_slide.coords[layout.planes == i, 1::-1]
        assert np.ptp(one[:, 1:], axis=0) == pytest.approx(np.ptp(own, axis=0))
        for other in sections[i + 1 :]:
            low, high = one[:, 1:].min(axis=0), one[:, 1:].max(axis=0)
            assert ((other[:, 1:].max(axis=0) < low) | (other[:, 1:].min(axis=0) > high)).any()


def test_side_by_side_hidden_sections_leave_no_gap(stack_slide):
    def area(hidden):
        layout = lay_out(stack_slide, StackView(GRID), hidden)
        shown = layout.points[~np.isin(layout.planes, list(hidden))]
        return np.prod(np.ptp(shown[:, 1:], axis=0))

    assert area(frozenset({1})) < 0.8 * area(frozenset())


def test_only_the_drawing_is_stretched(stack_slide):
    layout = lay_out(stack_slide, StackView(SPACE, stretch=4.0))
    assert layout.points == pytest.approx(stack_slide.coords[:, ::-1] * [4.0, 1.0, 1.0])
    assert layout.stack.levels.heights.tolist() == [0.0, 150.0, 300.0]


@given(st.sampled_from([ONE, GRID]), st.integers(0, 148), st.sampled_from([frozenset(), frozenset({2})]))
def test_what_is_drawn_leads_back_to_the_slide(stack_slide, mode, row, hidden):
    layout = lay_out(stack_slide, StackView(mode), hidden)
    if layout.planes[row] in hidden:
        return
    drawn = layout.points[row][::-1]
    level = layout.stack.level_at(drawn)
    assert level == layout.planes[row]
    assert layout.stack.on_slide(drawn, level) == pytest.approx(stack_slide.coords[row])


def test_a_hidden_section_is_nowhere_under_the_mouse(stack_slide):
    for mode in (ONE, GRID):
        stack = lay_out(stack_slide, StackView(mode), frozenset({1})).stack
        assert stack.level_at(np.array([0.0, 0.0, 150.0])) != 1


def test_sections_that_are_not_registered_are_drawn_the_same(new_stack):
    layout = lay_out(new_stack(registered=False))
    assert layout.stack.levels.are_apart
    assert layout.points == pytest.approx(lay_out(new_stack()).points)
