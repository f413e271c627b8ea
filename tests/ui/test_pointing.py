"""What a stroke finds on a stack, in both views."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_concert.selection import Depth
from napari_concert.session.stack_view import StackMode, StackView
from napari_concert.ui.pointing import spot_at, trail_of
from napari_concert.ui.scene import SlideScene

DOWN = (-1.0, 0.0, 0.0)  # from above, as napari has it: z, y, x


def flat(x, y, z=0.0):
    return SimpleNamespace(position=(z, y, x), dims_displayed=[1, 2])


def space(x, y, z=0.0, along=DOWN):
    return SimpleNamespace(position=(z, y, x), dims_displayed=[0, 1, 2], view_direction=np.array(along))


def scene_of(slide, mode, hidden=frozenset(), **view):
    return SlideScene(slide, StackView(mode, **view), hidden)


def stroke(scene, events, radius=120.0, depth=None):
    trail = trail_of(scene, events[0], radius, depth or Depth())
    return np.unique(np.concatenate([trail.extend(event) for event in events]))


def sections(scene, rows):
    return sorted(set(scene.layout.planes[rows].tolist()))


def near(slide, x, y, radius):
    return np.linalg.norm(slide.coords[:, :2] - (x, y), axis=1) <= radius


@pytest.mark.parametrize(
    ("depth", "expected"), [(Depth(), [1]), (Depth("sections", 1), [0, 1, 2]), (Depth("sphere"), [1])]
)
def test_on_one_section_the_brush_reaches_as_deep_as_chosen(stack_slide, depth, expected):
    scene = scene_of(stack_slide, StackMode.ONE)
    rows = stroke(scene, [flat(0, 0, 150.0)], depth=depth)
    assert sections(scene, rows) == expected
    assert set(rows) == set(np.flatnonzero(near(stack_slide, 0, 0, 120.0) & np.isin(scene.layout.planes, expected)))


def test_a_sphere_reaches_sections_within_its_radius(stack_slide):
    scene = scene_of(stack_slide, StackMode.ONE)
    rows = stroke(scene, [flat(0, 0, 150.0)], radius=200.0, depth=Depth("sphere"))
    expected = np.linalg.norm(stack_slide.coords - (0, 0, 150.0), axis=1) <= 200.0
    assert rows.tolist() == np.flatnonzero(expected).tolist()
    assert sections(scene, rows) == [0, 1, 2]


def test_side_by_side_a_stroke_keeps_to_its_section(stack_slide):
    scene = scene_of(stack_slide, StackMode.GRID)
    first, last = (scene.layout.points[np.flatnonzero(scene.layout.planes == level)[14], ::-1] for level in (0, 1))
    rows = stroke(scene, [flat(*first), flat(*last)])
    assert sections(scene, rows) == [0]
    assert sections(scene, stroke(scene, [flat(*last)])) == [1]


def test_side_by_side_a_deep_stroke_is_at_the_same_place_on_the_others(stack_slide):
    scene = scene_of(stack_slide, StackMode.GRID)
    row = int(np.flatnonzero(scene.layout.planes == 1)[24])
    rows = stroke(scene, [flat(*scene.layout.points[row, ::-1])], depth=Depth("sections", 1))
    x, y = stack_slide.coords[row, :2]
    assert rows.tolist() == np.flatnonzero(near(stack_slide, x, y, 120.0)).tolist()


def test_sections_that_are_not_registered_are_painted_one_by_one(new_stack):
    slide = new_stack(registered=False)
    for mode, event in ((StackMode.ONE, flat(0, 0, 150.0)), (StackMode.SPACE, space(0, 0))):
        scene = scene_of(slide, mode, stretch=1.0)
        for depth in (Depth(), Depth("sections", 2), Depth("sphere")):
            assert len(sections(scene, stroke(scene, [event], 400.0, depth))) == 1


def test_in_space_the_front_section_is_painted(stack_slide):
    scene = scene_of(stack_slide, StackMode.SPACE, stretch=3.0)
    assert sections(scene, stroke(scene, [space(0, 0)])) == [2]
    assert sections(scene, stroke(scene, [space(0, 0, along=(1.0, 0.0, 0.0))])) == [0]
    assert len(stroke(scene, [space(5000, 0)])) == 0


def test_in_space_hidden_sections_are_looked_and_reached_through(stack_slide):
    scene = scene_of(stack_slide, StackMode.SPACE, frozenset({2}))
    assert sections(scene, stroke(scene, [space(0, 0)])) == [1]
    assert sections(scene, stroke(scene, [space(0, 0)], depth=Depth("sections", 2))) == [0, 1]
    assert sections(scene, stroke(scene, [space(0, 0)], radius=500.0, depth=Depth("sphere"))) == [0, 1]


def test_in_space_a_stroke_on_a_section_stays_there_and_a_sphere_goes_on(stack_slide):
    # past its edge the section in front, which is the largest seen from above, is the smallest from below
    path = [space(0, 0, along=(1.0, 0.0, 0.0)), space(420, 0, along=(1.0, 0.0, 0.0))]
    scene = scene_of(stack_slide, StackMode.SPACE, stretch=1.0)
    assert sections(scene, stroke(scene, path)) == [0]
    assert sections(scene, stroke(scene, path, depth=Depth("sphere"))) == [0, 1, 2]


def test_in_space_a_fast_stroke_leaves_no_gap(stack_slide):
    scene = scene_of(stack_slide, StackMode.SPACE, stretch=1.0)
    few = stroke(scene, [space(-300, 0), space(300, 0)])
    many = stroke(scene, [space(x, 0) for x in np.linspace(-300, 300, 61)])
    assert set(few.tolist()) == set(many.tolist())
    on_top = scene.layout.planes == 2
    assert set(np.flatnonzero(on_top & (np.abs(stack_slide.coords[:, 0]) < 300) & near_line(stack_slide))) <= set(few)


def near_line(slide):
    return np.abs(slide.coords[:, 1]) < 45.0


def test_the_stretch_does_not_change_what_is_painted(stack_slide):
    painted = []
    for stretch in (1.0, 10.0):
        scene = scene_of(stack_slide, StackMode.SPACE, stretch=stretch)
        painted.append(stroke(scene, [space(0, 0)], radius=250.0, depth=Depth("sphere")).tolist())
    assert painted[0] == painted[1]
    assert sections(scene, np.array(painted[0])) == [1, 2]


def test_a_click_means_the_front_spot(stack_slide):
    scene = scene_of(stack_slide, StackMode.SPACE, stretch=2.0)
    row = spot_at(scene, space(10, 10))
    assert scene.layout.planes[row] == 2
    assert np.linalg.norm(stack_slide.coords[row, :2] - 10) <= 0.71 * stack_slide.pitch
    assert spot_at(scene, space(9999, 0)) is None
    flat_scene = scene_of(stack_slide, StackMode.ONE)
    assert flat_scene.layout.planes[spot_at(flat_scene, flat(10, 10, 150.0))] == 1
