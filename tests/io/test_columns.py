from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.io import as_column, from_anndata, read_patches, read_spots
from napari_concert.patches import DEFAULT_COLOR, Patch


@given(data=st.data())
def test_a_column_gives_the_same_spots_again_where_no_later_patch_lies(slides, patches_on, data):
    slide = data.draw(slides(missing=True))
    patches = data.draw(patches_on(slide))
    column = as_column(slide, patches)
    back = {
        patch.name: patch.spots.tolist()
        for patch in read_patches("obs:p", slide.with_labels("p", np.asarray(column, dtype=object)))
    }
    later: set[int] = set()
    expected = {}
    assert len(set(column.categories)) == len(patches)
    for name, patch in reversed(list(zip(column.categories, patches, strict=True))):
        expected[name] = sorted(set(patch.spots.tolist()) - later)
        later.update(patch.spots.tolist())
    assert back == {name: rows for name, rows in expected.items() if rows}
    assert np.flatnonzero(column.isna()).tolist() == sorted(set(range(slide.n_spots)) - later)


def test_later_patches_win_and_names_are_told_apart(slide):
    column = as_column(slide, [Patch([1, 2]), Patch([2, 3]), Patch([5], name="a\n\0b"), Patch([6], name="")])
    assert column.categories.tolist() == ["patch", "patch 2", "a b", "patch 3"]
    assert column[:7].tolist()[1:4] == ["patch", "patch 2", "patch 2"]
    assert column.isna().sum() == 64 - 5


@pytest.mark.parametrize("names", [["0", "1"], ["no"], ["True", "false", "True"], ["patch 1", "1\n"]])
def test_names_that_say_yes_or_no_are_labels_too(slide, names):
    column = as_column(slide, [Patch([row], name=name) for row, name in enumerate(names)])
    back = read_patches("obs:p", slide.with_labels("p", np.asarray(column, dtype=object)))
    assert sorted(patch.spots.tolist() for patch in back) == [[row] for row in range(len(names))]


def test_no_patch_gives_an_empty_column(slide):
    assert as_column(slide, []).isna().all()


def test_a_patch_of_another_slide_is_refused(slide):
    with pytest.raises(ConcertError, match="'far' names row 64, but small has 64 spots"):
        as_column(slide, [Patch([64], name="far")])


@pytest.mark.parametrize(
    "values",
    [
        lambda chosen: chosen,
        lambda chosen: chosen.astype(float),
        lambda chosen: np.where(chosen, "Yes", "no"),
        lambda chosen: pd.Categorical(np.where(chosen, "Yes", "no")),
        lambda chosen: np.where(chosen, "true", None),
        lambda chosen: np.where(chosen, 2.0, np.nan),
        lambda chosen: np.array([True if c else None for c in chosen], dtype=object),
        lambda chosen: pd.array(np.where(chosen, True, None), dtype="boolean"),
    ],
)
def test_a_column_of_yes_or_no_is_one_patch(adata, values):
    chosen = np.isin(np.arange(64), [2, 5])
    adata.obs["what_if"] = values(chosen)
    slide = from_anndata(adata)
    (patch,) = read_patches("obs:what_if", slide)
    assert (patch.name, patch.spots.tolist()) == ("what_if", [2, 5])
    assert read_spots("obs:what_if", slide).tolist() == [2, 5]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array(["b", "a 10", "a 9", None] * 16, dtype=object), ["a 9", "a 10", "b"]),
        (pd.Categorical(["b", "a", None, "a"] * 16, categories=["b", "none such", "a"]), ["b", "a"]),
        (np.array([1, 2, 3, 2] * 16), ["1", "2", "3"]),
        (np.array([1.0, 2.0, 10.0, np.nan] * 16), ["1", "2", "10"]),
    ],
)
def test_a_column_of_labels_is_a_patch_a_label(adata, values, expected):
    adata.obs["kind"] = values
    slide = from_anndata(adata)
    patches = read_patches("obs:kind", slide)
    assert [patch.name for patch in patches] == expected
    for patch in patches:
        assert patch.spots.tolist() == np.flatnonzero(slide.labels("kind") == patch.name).tolist()
        assert patch.color == DEFAULT_COLOR


def test_labels_have_the_colours_of_scanpy(adata):
    adata.uns["tissue_colors"] = np.array(["#112233", "#445566ff"])
    assert [patch.color for patch in read_patches("obs:tissue", from_anndata(adata))] == ["#112233", "#445566"]
    adata.uns["tissue_colors"] = ["#112233"]
    assert [patch.color for patch in read_patches("obs:tissue", from_anndata(adata))] == [DEFAULT_COLOR] * 2


def test_one_label_of_a_column(adata):
    adata.obs["a=b"] = np.arange(64) == 7
    slide = from_anndata(adata)
    lung = np.flatnonzero(adata.obs["tissue"] == "lung").tolist()
    assert read_spots("obs:tissue=lung", slide).tolist() == lung
    assert [patch.name for patch in read_patches("obs:tissue=lung", slide)] == ["lung"]
    assert read_spots("obs:a=b", slide).tolist() == [7]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("obs:tisue", "Did you mean tissue"),
        ("obs:tissue=lang", "no label in column 'tissue' called 'lang'. Did you mean lung"),
        ("obs:tissue", r"is not yes or no \(it has lung, tumour ….*Name one label: obs:tissue=lung"),
        ("obs:nowhere", "names no spot"),
        ("obs:depth", "'depth' is neither yes or no of each spot nor labels: it has 64 different values"),
        ("obs:", "There is no obs column"),
    ],
)
def test_columns_that_name_no_one_patch_are_refused(adata, spec, message):
    adata.obs["nowhere"] = False
    adata.obs["depth"] = np.linspace(0.5, 9, 64)
    with pytest.raises(ConcertError, match=message):
        read_spots(spec, from_anndata(adata))
