from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata, outlines_of, patches_of_shapes
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
            kinds, names = ["polygon"] * len(outlines), ["a"] * len(outlines)
            back += patches_of_shapes(outlines, kinds, names, slide, int(place))[0].spots.tolist()
        assert sorted(back) == patch.spots.tolist()


@given(data=st.data())
def test_outlines_of_registered_sections_find_theirs_by_z(slides, patches_on, data):
    slide = data.draw(slides(z=True)).with_registered(True)
    patch = data.draw(patches_on(slide))[0]
    outlines = outlines_of(slide, patch)
    assert {outline.shape[1] for outline in outlines} == {3}
    (back,) = patches_of_shapes(outlines, ["polygon"] * len(outlines), ["a"] * len(outlines), slide)
    assert back.spots.tolist() == patch.spots.tolist()


def test_each_kind_of_shape(slide):
    circle = [[50, -50], [150, -50], [150, 50], [50, 50]]
    along, across = 60 * np.array([0.5, np.sqrt(0.75)]), 9 * np.array([np.sqrt(0.75), -0.5])  # from spot 1 to spot 9
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    oblique = [slide.coords[[1, 9]].mean(axis=0) + one * along + other * across for one, other in signs]
    found = patches_of_shapes(
        [BOX, circle, oblique, BOX[:3], [[0, 40], [700, 40]], [[0, 0], [100, 0], [100, 0], [100, 20]]],
        ["rectangle", "ellipse", "ellipse", "polygon", "line", "path"],
        ["box", "circle", "oblique", "triangle", "line", "path"],
        slide,
    )
    spots = {patch.name: patch.spots.tolist() for patch in found}
    assert spots["box"] == [0, 1, 8]
    assert spots["circle"] == [1]
    assert spots["oblique"] == [1, 9]
    assert spots["triangle"] == [0, 1]
    assert spots["line"] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert spots["path"] == [0, 1]


def test_edges_are_included(slide):
    box = [[0, 0], [300, 0], [300, 50], [0, 50]]
    assert patches_of_shapes([box], ["rectangle"], ["a"], slide)[0].spots.tolist() == [0, 1, 2, 3]
    circle = [[0, -100], [200, -100], [200, 100], [0, 100]]
    assert patches_of_shapes([circle], ["ellipse"], ["a"], slide)[0].spots.tolist() == [0, 1, 2, 8, 9]


def test_shapes_of_one_name_are_one_patch_and_those_without_are_apart(slide):
    at = [np.array(BOX) + np.array([x, 0]) for x in (0, 200, 400, 500, 9000)]
    found = patches_of_shapes(at, ["polygon"] * 5, ["a", "b", "a", " ", "far"], slide)
    assert [(patch.name, patch.spots.tolist()) for patch in found] == [
        ("a", [0, 1, 4, 5, 8, 12]),
        ("b", [2, 3, 10]),
        ("shape 4", [5, 6, 13]),
    ]


def test_a_shape_stays_in_its_place(adata):
    adata.obs["section"] = ["s1", "s2"] * 32
    slide = from_anndata(adata).with_columns(Columns(section="section"))
    assert patches_of_shapes([BOX], ["polygon"], ["a"], slide)[0].spots.tolist() == [0, 1, 8]
    assert patches_of_shapes([BOX], ["polygon"], ["a"], slide, place=1)[0].spots.tolist() == [1]
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
    assert patches_of_shapes([BOX], ["polygon"], ["a"], slide)[0].spots.tolist() == [0, 8]
    assert outlines_of(slide, Patch([1])) == []


@pytest.mark.parametrize(
    ("shapes", "kinds", "names", "message"),
    [
        ([BOX], ["polygon"], [], "got 1 shapes, 1 kinds and 0 names"),
        ([[1.0, 2.0]], ["polygon"], ["a"], r"Shape 1 needs finite corners x, y, not an array of shape \(2,\)"),
        ([BOX, [[0, np.nan]]], ["path"] * 2, ["a"] * 2, "Shape 2 needs finite corners"),
        ([BOX[:3]], ["ellipse"], ["a"], "the four corners of the box around it, not 3"),
        ([BOX[:2]], ["polygon"], ["a"], "enclose no spot of small"),
        ([], [], [], "enclose no spot"),
    ],
)
def test_what_is_no_shape_is_refused(slide, shapes, kinds, names, message):
    with pytest.raises(ConcertError, match=message):
        patches_of_shapes(shapes, kinds, names, slide)


def test_an_unknown_kind_names_the_nearest(slide):
    with pytest.raises(UnknownName, match="Did you mean polygon"):
        patches_of_shapes([BOX], ["poligon"], ["a"], slide)
