"""Shapes layers of napari as patches, and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.layers import Shapes

from napari_concert.errors import UnknownName
from napari_concert.io import patches_of_shapes, shapes_of_patches
from napari_concert.patches import Patch
from napari_concert.slide import Columns
from napari_concert.ui.drawn_shapes import drawn_points, layer_of, shapes_in
from napari_concert.ui.scene import SlideScene


@pytest.fixture
def scene(tiny):
    return SlideScene(tiny)


def patches_in(layer, scene):
    return patches_of_shapes(shapes_in(layer, scene), scene.slide, drawn=drawn_points(scene))


def drawn_again(patches, scene):
    shapes = shapes_of_patches(scene.slide, patches, drawn_points(scene))
    return patches_in(layer_of(shapes, scene), scene)


def random_patches(slide, seed, count=3):
    rng = np.random.default_rng(seed)
    for number in range(count):
        away = np.linalg.norm(slide.coords - slide.coords[rng.integers(slide.n_spots)], axis=1)
        disc = (away < rng.uniform(0.5, 8) * slide.pitch) & (rng.random(slide.n_spots) < rng.choice([0.6, 0.9, 1.0]))
        disc[np.argmin(away)] = True
        colour = "#" + bytes(rng.integers(0, 256, 3, dtype=np.uint8)).hex()
        yield Patch(disc, {"perturbation": "Jak2"} if number else {}, f"patch {number}", colour)


@pytest.mark.parametrize("seed", range(25))
def test_patches_in_a_layer_come_back_exactly(scene, seed):
    patches = list(random_patches(scene.slide, seed))
    assert [patch.to_json() for patch in drawn_again(patches, scene)] == [patch.to_json() for patch in patches]


def test_sections_that_are_drawn_side_by_side_are_read_where_they_are_drawn(new_slide, grid):
    coords = np.vstack([grid(8), grid(8)])
    slide = new_slide(coords, {"section": ["a"] * 64 + ["b"] * 64}).with_columns(Columns(section="section"))
    scene = SlideScene(slide)
    patches = [Patch([9, 10, 73], name="both"), Patch([100], name="b")]
    back = drawn_again(patches, scene)
    assert [patch.spots.tolist() for patch in back] == [[9, 10, 73], [100]]


def test_a_stack_is_drawn_and_read_section_by_section(new_slide, grid):
    levels = np.repeat([0.0, 40.0, 80.0], 36)
    coords = np.column_stack([np.tile(grid(6), (3, 1)), levels])
    slide = new_slide(coords, {"note": ["x"] * 108}).with_registered(True)
    scene = SlideScene(slide)
    layer = layer_of(shapes_of_patches(slide, [Patch([7, 8, 50])], drawn_points(scene)), scene)
    assert sorted({float(np.round(data[0, 0])) for data in layer.data}) == [0.0, 1.0], "steps of napari's slider"
    assert patches_in(layer, scene)[0].spots.tolist() == [7, 8, 50]
    flat = Shapes([[[5, 5], [5, 15], [15, 15], [15, 5]]], shape_type="polygon", units=scene.spots.units[-2:])
    assert patches_in(flat, scene)[0].spots.tolist() == [7, 43, 79], "a shape without z is on every section"


@pytest.mark.parametrize("kind", ["rectangle", "ellipse", "polygon"])
def test_scale_rotation_and_translation_of_a_layer_are_honoured(scene, kind):
    slide, (low, high) = scene.slide, (scene.slide.coords.min(axis=0), scene.slide.coords.max(axis=0))
    middle, size = (low + high) / 2, (high - low) / 3
    box = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * size[::-1] / 2
    plain = Shapes([box + middle[::-1]], shape_type=kind, units=scene.spots.units)
    moved = Shapes(
        [box @ _turned(-30).T / 4 - 7],
        shape_type=kind,
        scale=(4, 4),
        rotate=30,
        units=scene.spots.units,
    )
    moved.translate = middle[::-1] - np.array(moved.data_to_world((-7, -7)))
    expected = patches_in(plain, scene)[0].spots.tolist()
    assert 10 < len(expected) < slide.n_spots
    assert patches_in(moved, scene)[0].spots.tolist() == expected


def test_a_layer_in_other_units_is_read_at_its_size(new_slide, grid):
    slide = new_slide(10 * grid(6), {"note": ["x"] * 36}, um_per_unit=1.0)
    scene = SlideScene(slide)
    layer = Shapes([[[0.05, 0.05], [0.05, 0.25], [0.15, 0.25], [0.15, 0.05]]], shape_type="polygon", units=("mm", "mm"))
    assert patches_in(layer, scene)[0].spots.tolist() == [7, 8]


def test_features_name_shapes_and_say_targets_and_edges_their_colours(scene):
    x, y = scene.slide.coords[40]
    square = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * scene.slide.pitch + (y, x)
    features = pd.DataFrame({"Name": ["core", np.nan, "core"], "target": [np.nan, "Jak2", ""], "area": [1, 2, 3]})
    layer = Shapes([square] * 3, shape_type="polygon", features=features, units=scene.spots.units)
    layer.edge_color = ["#777777", "#12ab9f", "#777777"]
    assert [(shape.name, dict(shape.target), shape.color) for shape in shapes_in(layer, scene)] == [
        ("core", {}, None),
        ("", {"perturbation": "Jak2"}, "#12ab9f"),
        ("core", {}, None),
    ]
    layer.features["target"] = ["", "Jak", ""]
    with pytest.raises(UnknownName, match="Jak2"):
        shapes_in(layer, scene)


def test_an_empty_layer_has_no_shapes(scene):
    assert shapes_in(Shapes(ndim=2), scene) == []


def _turned(degrees):
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
