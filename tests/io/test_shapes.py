from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import (
    Shape,
    from_anndata,
    outlines_of,
    patches_of_shapes,
    shapes_of_patches,
    target_as_text,
    target_of_text,
)
from napari_concert.patches import Patch
from napari_concert.slide import Columns

# spots 0 to 7 lie at x = 0, 100 … 700, y = 0; spots 8 to 15 at x = 50 …, y = 86.6
BOX = [[-10, -10], [110, -10], [110, 110], [-10, 110]]


@given(data=st.data())
def test_outlines_give_the_same_spots_again(slides, patches_on, data):
    slide = data.draw(slides(z=data.draw(st.booleans())))
    for patch in data.draw(patches_on(slide)):
        back = []
        for place in np.unique(slide.places[patch.spots]):
            outlines = outlines_of(slide, patch, int(place))
            back += patches_of_shapes(polygons(outlines), slide, int(place))[0].spots.tolist()
        assert sorted(back) == patch.spots.tolist()


@given(data=st.data())
def test_outlines_of_registered_sections_find_theirs_by_z(slides, patches_on, data):
    slide = data.draw(slides(z=True)).with_registered(True)
    patch = data.draw(patches_on(slide))[0]
    outlines = outlines_of(slide, patch)
    assert {outline.shape[1] for outline in outlines} == {3}
    (back,) = patches_of_shapes(polygons(outlines), slide)
    assert back.spots.tolist() == patch.spots.tolist()


def test_each_kind_of_shape(slide):
    circle = [[50, -50], [150, -50], [150, 50], [50, 50]]
    along, across = 60 * np.array([0.5, np.sqrt(0.75)]), 9 * np.array([np.sqrt(0.75), -0.5])  # from spot 1 to spot 9
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    oblique = [slide.coords[[1, 9]].mean(axis=0) + one * along + other * across for one, other in signs]
    shapes = [
        Shape(BOX, "rectangle", "box"),
        Shape(circle, "ellipse", "circle"),
        Shape(oblique, "ellipse", "oblique"),
        Shape(BOX[:3], "polygon", "triangle"),
        Shape([[0, 40], [700, 40]], "line", "line"),
        Shape([[0, 0], [100, 0], [100, 0], [100, 20]], "path", "path"),
    ]
    found = patches_of_shapes(shapes, slide)
    spots = {patch.name: patch.spots.tolist() for patch in found}
    assert spots["box"] == [0, 1, 8]
    assert spots["circle"] == [1]
    assert spots["oblique"] == [1, 9]
    assert spots["triangle"] == [0, 1]
    assert spots["line"] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert spots["path"] == [0, 1]


def test_edges_are_included(slide):
    box = [[0, 0], [300, 0], [300, 50], [0, 50]]
    assert patches_of_shapes([Shape(box, "rectangle")], slide)[0].spots.tolist() == [0, 1, 2, 3]
    circle = [[0, -100], [200, -100], [200, 100], [0, 100]]
    assert patches_of_shapes([Shape(circle, "ellipse")], slide)[0].spots.tolist() == [0, 1, 2, 8, 9]


def test_shapes_of_one_name_are_one_patch_and_those_without_are_apart(slide):
    at = [np.array(BOX) + np.array([x, 0]) for x in (0, 200, 400, 500, 9000)]
    names = ["a", "b", "a", " ", "far"]
    found = patches_of_shapes([Shape(c, name=name) for c, name in zip(at, names, strict=True)], slide)
    assert [(patch.name, patch.spots.tolist()) for patch in found] == [
        ("a", [0, 1, 4, 5, 8, 12]),
        ("b", [2, 3, 10]),
        ("shape 4", [5, 6, 13]),
    ]


def test_a_shape_stays_in_its_place(adata):
    adata.obs["section"] = ["s1", "s2"] * 32
    slide = from_anndata(adata).with_columns(Columns(section="section"))
    assert patches_of_shapes([Shape(BOX)], slide)[0].spots.tolist() == [0, 1, 8]
    assert patches_of_shapes([Shape(BOX)], slide, place=1)[0].spots.tolist() == [1]
    assert len(outlines_of(slide, Patch([0, 1]))) == 2
    assert len(outlines_of(slide, Patch([0, 1]), place=0)) == 1


def test_outlines_are_in_the_units_of_the_slide(slide):
    twice = slide.with_um_per_unit(2.0)
    (outline,) = outlines_of(slide, Patch([9]))
    assert np.allclose(outlines_of(twice, Patch([9]))[0], 2 * outline)
    assert outline.shape[1] == 2


def test_spots_without_coordinates_are_in_no_shape_and_have_no_outline(adata):
    adata.obsm["spatial"][1] = np.nan
    slide = from_anndata(adata)
    assert patches_of_shapes([Shape(BOX)], slide)[0].spots.tolist() == [0, 8]
    assert outlines_of(slide, Patch([1])) == []


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([Shape([1.0, 2.0])], r"Shape 1 needs finite corners x, y, not an array of shape \(2,\)"),
        ([Shape(BOX), Shape([[0, np.nan]], "path")], "Shape 2 needs finite corners"),
        ([Shape(BOX[:3], "ellipse")], "the four corners of the box around it, not 3"),
        ([Shape([[10, 10], [20, 10], [20, 20]])], "enclose no spot of small"),
        ([], "no shape yet; draw some around spots of small"),
        (
            [Shape(np.array(BOX) + 9000)],
            r"outside small: they are at x 8,990 to .*, its spots at x 0 to 7\d0, y 0",
        ),
    ],
)
def test_what_is_no_shape_is_refused(slide, shapes, message):
    with pytest.raises(ConcertError, match=message):
        patches_of_shapes(shapes, slide)


def test_an_unknown_kind_names_the_nearest(slide):
    with pytest.raises(UnknownName, match="Did you mean polygon"):
        patches_of_shapes([Shape(BOX, "poligon")], slide)


def test_an_ellipse_in_a_layer_that_is_stretched_askew_is_still_an_ellipse(slide):
    rng = np.random.default_rng(0)
    for _ in range(50):
        askew, middle = rng.normal(0, 150, (2, 2)), slide.coords[rng.integers(slide.n_spots)]
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) @ askew.T + middle
        inside = np.linalg.norm(np.linalg.solve(askew, (slide.coords - middle).T), axis=0) <= 1
        (patch,) = patches_of_shapes([Shape(corners, "ellipse")], slide)
        assert patch.spots.tolist() == np.flatnonzero(inside).tolist()


# -- whole patches ----------------------------------------------------------------------------------------------------


@given(data=st.data())
def test_patches_drawn_as_shapes_come_back_as_they_were(slides, patches_on, data):
    slide = data.draw(slides())
    patches = data.draw(patches_on(slide))
    places = np.unique(slide.places)
    drawn = slide.coords + 1e6 * np.searchsorted(places, slide.places)[:, None]  # each section in a place of its own
    back = patches_of_shapes(shapes_of_patches(slide, patches, drawn), slide, drawn=drawn)
    assert [patch.spots.tolist() for patch in back] == [patch.spots.tolist() for patch in patches]
    assert [patch.color for patch in back] == [patch.color for patch in patches]
    assert len({patch.name for patch in back}) == len(patches)


def test_the_first_shape_of_a_patch_says_what_it_becomes_and_its_colour(slide):
    far = np.array(BOX) + np.array([400, 0])
    found = patches_of_shapes(
        [
            Shape(BOX, name="a", target={"perturbation": "b"}, color="#123456"),
            Shape(far, name="a", color="#ffffff"),
            Shape(BOX),
            Shape(far),
        ],
        slide,
        colours=["#aaaaaa", "#bbbbbb"],
    )
    assert [(patch.name, dict(patch.target), patch.color) for patch in found] == [
        ("a", {"perturbation": "b"}, "#123456"),
        ("shape 3", {}, "#aaaaaa"),
        ("shape 4", {}, "#bbbbbb"),
    ]


@pytest.mark.parametrize(
    "target",
    [{}, {"perturbation": "ctrl"}, {"perturbation": "no such"}, {"tissue": "é, 1"}, {"perturbation": "b", "x": 2.5}],
)
def test_targets_come_back_from_text(labelled, target):
    assert target_of_text(target_as_text(target, labelled), labelled) == target


def test_a_state_is_written_and_read_by_its_name(labelled):
    assert target_as_text({"perturbation": "ctrl"}, labelled) == "ctrl"
    assert target_of_text("b", labelled) == {"perturbation": "b"}
    assert target_of_text(" ", labelled) == {}
    for said in ("ctlr", "3", "[]"):
        with pytest.raises(UnknownName):
            target_of_text(said, labelled)


@pytest.fixture
def labelled(adata):
    adata.obs["perturbation"] = ["ctrl", "b"] * 32
    return from_anndata(adata).with_columns(Columns(perturbation="perturbation"))


def polygons(outlines):
    return [Shape(outline, name="a") for outline in outlines]
