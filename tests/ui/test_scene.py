"""A slide as napari layers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_concert.session import ShownValues
from napari_concert.slide import Columns
from napari_concert.ui.colours import NO_VALUE, UNKNOWN, category_colours, colormap
from napari_concert.ui.layout import lay_out
from napari_concert.ui.scene import SlideScene


@pytest.fixture
def scene(tiny):
    return SlideScene(tiny)


@pytest.fixture
def two_sections(new_slide, grid):
    """Two sections whose coordinates overlap by accident."""
    return new_slide(np.tile(grid(5), (2, 1)), {"section": ["s1"] * 25 + ["s2"] * 25})


@pytest.fixture
def stack(new_slide, grid):
    """Three sections, 20 units apart along z, registered."""
    coords = np.concatenate([np.column_stack([grid(5), np.full(25, z)]) for z in (0.0, 20.0, 40.0)])
    return new_slide(coords, {"section": np.repeat(["s1", "s2", "s3"], 25)}, registered=True)


def world(scene):
    """Positions of the spots as napari draws them."""
    return scene.spots.data * scene.spots.scale


# -- where spots are drawn ---------------------------------------------------------------------------------------------


def test_napari_gets_y_before_x(scene, tiny):
    assert world(scene) == pytest.approx(tiny.coords[:, ::-1])


def test_spots_have_their_physical_size(scene, tiny):
    assert scene.spots.size == pytest.approx(tiny.spot_diameter)
    assert 0 < tiny.spot_diameter < tiny.pitch
    assert scene.spots.border_width == pytest.approx(0)


def test_units_are_um_where_the_slide_has_a_scale(scene):
    assert [str(unit) for unit in scene.spots.units] == ["micrometer", "micrometer"]


def test_units_are_plain_where_nobody_said(two_sections):
    assert {str(unit) for unit in SlideScene(two_sections).spots.units} == {"slide_unit"}


def test_spots_without_coordinates_are_left_out(new_slide, grid):
    coords = grid(5)
    coords[3] = np.nan
    scene = SlideScene(new_slide(coords, {"region": ["a"] * 25}))
    assert len(scene.spots.data) == 24
    assert 3 not in scene.rows
    scene.mark(np.array([3, 4]), np.ones((2, 4), np.float32))
    assert len(scene.rings.data) == 1


def test_sections_without_z_lie_side_by_side(two_sections):
    layout = lay_out(two_sections)
    first, second = layout.points[:25], layout.points[25:]
    apart = (first.max(axis=0) < second.min(axis=0)) | (second.max(axis=0) < first.min(axis=0))
    assert apart.any()
    assert np.ptp(first, axis=0) == pytest.approx(np.ptp(two_sections.coords[:25, ::-1], axis=0)), (
        "each keeps its shape"
    )


def test_sections_that_do_not_overlap_stay_where_they_are(new_slide, grid):
    coords = np.concatenate([grid(5), np.add(grid(5), [100.0, 0.0])])
    slide = new_slide(coords, {"section": ["s1"] * 25 + ["s2"] * 25})
    assert lay_out(slide).points == pytest.approx(coords[:, ::-1])


def test_sections_with_z_are_steps_of_the_slider(stack):
    scene = SlideScene(stack)
    assert world(scene) == pytest.approx(stack.coords[:, ::-1])
    assert np.unique(scene.spots.data[:, 0]).tolist() == [0.0, 1.0, 2.0]
    assert scene.spots.scale.tolist() == [20.0, 1.0, 1.0]


def test_a_position_is_found_again(scene, stack):
    assert scene.locate((30.0, 10.0)) == pytest.approx([10.0, 30.0])
    assert scene.plane_at((30.0, 10.0)) is None
    stacked = SlideScene(stack)
    point = stacked.locate((23.0, 30.0, 10.0))
    assert point == pytest.approx([10.0, 30.0, 20.0]), "on the nearest section"
    assert stacked.plane_at((23.0, 30.0, 10.0)) == 1


# -- what is seen ------------------------------------------------------------------------------------------------------


def test_colours_follow_values_and_limits(scene):
    values = np.linspace(-5.0, 15.0, len(scene.rows))
    shown = ShownValues("Fn1", "continuous", values, (0.0, 10.0), "counts")
    names, _ = scene.colour(shown, dark=True)
    expected = colormap("continuous", dark=True).map(np.clip(values / 10.0, 0, 1))
    assert names == ()
    assert scene.spots.face_color == pytest.approx(expected, abs=0.01)
    assert scene.spots.face_contrast_limits == (0.0, 10.0)
    assert scene.spots.face_colorbar.visible


def test_missing_values_have_their_own_colour(scene):
    values = np.ones(len(scene.rows))
    values[4] = np.nan
    scene.colour(ShownValues("Fn1", "continuous", values, (0.0, 2.0)), dark=True)
    assert scene.spots.face_color[4] == pytest.approx(NO_VALUE, abs=0.01)


def test_no_change_is_the_middle_of_its_map(scene):
    scene.colour(ShownValues("Fn1", "diverging", np.zeros(len(scene.rows)), (-1.0, 1.0)), dark=True)
    middle = colormap("diverging", dark=True).map(np.array([0.5]))[0]
    assert scene.spots.face_color[0] == pytest.approx(middle, abs=0.02)


def test_categories_have_a_legend_and_no_colour_bar(scene, tiny):
    labels, categories = tiny.labels("tissue"), tiny.categories("tissue")
    names, colours = scene.colour(ShownValues("tissue", "categorical", labels, categories=categories), dark=True)
    assert names == categories
    assert not scene.spots.face_colorbar.visible
    for name, colour in zip(names, colours, strict=True):
        assert scene.spots.face_color[labels == name] == pytest.approx(
            np.tile(colour, (int((labels == name).sum()), 1)), abs=0.01
        )


def test_unknown_categories_are_grey(tiny):
    slide = tiny.with_columns(replace(tiny.columns, unknown=("Jak2",)))
    scene = SlideScene(slide)
    labels, categories = slide.labels("perturbation"), slide.categories("perturbation")
    scene.colour(ShownValues("perturbation", "categorical", labels, categories=categories), dark=True)
    assert scene.spots.face_color[labels == "Jak2"][0] == pytest.approx(UNKNOWN, abs=0.01)


def test_missing_labels_are_no_category(new_slide, grid):
    slide = new_slide(grid(5), {"region": ["a", "b", None, "b", "a"] * 5})
    scene = SlideScene(slide)
    scene.colour(
        ShownValues("region", "categorical", slide.labels("region"), categories=slide.categories("region")), dark=True
    )
    assert scene.spots.face_color[2] == pytest.approx(NO_VALUE, abs=0.01)
    assert scene.spots.face_color[0] == pytest.approx(category_colours(("a", "b"))[0], abs=0.01)


def test_numbers_come_back_after_categories(scene, tiny):
    values = np.linspace(0, 1, len(scene.rows))
    number = ShownValues("Fn1", "continuous", values, (0.0, 1.0))
    scene.colour(number, dark=True)
    before = scene.spots.face_color.copy()
    scene.colour(
        ShownValues("tissue", "categorical", tiny.labels("tissue"), categories=tiny.categories("tissue")), dark=True
    )
    scene.colour(number, dark=True)
    assert scene.spots.face_color == pytest.approx(before)
    assert scene.spots.face_colorbar.visible


def test_rings_follow_the_painted_spots(scene, tiny):
    red, blue = [1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]
    assert scene.mark(np.array([5, 9]), np.array([red, blue], np.float32))
    assert scene.rings.data * scene.rings.scale == pytest.approx(tiny.coords[[5, 9], ::-1])
    assert scene.rings.size.min() > tiny.spot_diameter
    assert scene.rings.face_color == pytest.approx(np.array([red, blue]))
    assert not scene.mark(np.array([5, 9]), np.array([red, blue], np.float32)), "nothing to redraw"
    assert scene.mark(np.array([5, 9]), np.array([blue, blue], np.float32)), "another colour"
    assert scene.mark(np.zeros(0, np.int64), np.zeros((0, 4), np.float32))
    assert len(scene.rings.data) == 0


def test_a_spot_keeps_its_colour_where_others_have_no_place(new_slide, grid):
    coords = grid(5)
    coords[3] = np.nan
    scene = SlideScene(new_slide(coords, {"region": ["a"] * 25}))
    red, blue = np.array([[1.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]], np.float32)
    scene.mark(np.array([3, 4]), np.array([red, blue]))
    assert scene.rings.face_color == pytest.approx(blue[None])


def test_an_outline_is_drawn_in_the_slides_coordinates(scene, stack):
    path = np.array([[10.0, 20.0], [30.0, 40.0], [15.0, 60.0]])
    scene.draw_outline(path)
    assert np.array(scene.outline.points) == pytest.approx(path[:, ::-1])
    stacked = SlideScene(stack)
    stacked.draw_outline(np.column_stack([path, np.full(3, 20.0)]))
    assert np.array(stacked.outline.points) == pytest.approx(path[:, ::-1]), "z is that of the section in view"
    scene.draw_outline(None)
    assert scene.outline.points == ()


# -- the same slide, read otherwise ------------------------------------------------------------------------------------


def test_the_layers_stay_when_only_columns_are_read_otherwise(scene, tiny):
    otherwise = tiny.with_columns(Columns("tissue", control=("normal lung",)))
    assert scene.adopt(otherwise)
    assert scene.slide is otherwise


@pytest.mark.parametrize("change", ["units", "slide"])
def test_the_layers_go_when_spots_move(scene, tiny, other, change):
    assert not scene.adopt(tiny.with_um_per_unit(2.0) if change == "units" else other)
    assert scene.slide is tiny


def test_the_layers_go_when_sections_are_told_apart(two_sections):
    together = two_sections.with_columns(replace(two_sections.columns, section=None))
    assert not SlideScene(together).adopt(two_sections)


def test_rings_are_set_off_without_being_seen_on_the_canvas(tiny):
    scene = SlideScene(tiny)
    rows = np.array([3, 4])
    scene.mark(rows, np.ones((2, 4), np.float32))
    for dark, edge in ((True, 0.0), (False, 1.0), (True, 0.0)):
        scene.set_off_rings(dark)
        scene.mark(np.append(rows, 5 + dark), np.ones((3, 4), np.float32))
        assert np.unique(scene.rings.border_color[:, :3]).tolist() == [edge], "of old and of new rings"
