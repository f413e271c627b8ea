from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import from_anndata
from napari_concert.slide import Columns, guess_columns, guess_control, guess_unknown
from napari_concert.slide.obs import (
    as_labels,
    as_values,
    in_order,
    is_categorical,
    is_continuous,
    is_yes_or_no,
    natural_key,
)


def table(**columns):
    return AnnData(obs=pd.DataFrame(columns, index=[f"s{i}" for i in range(len(next(iter(columns.values()))))]))


@pytest.mark.parametrize(
    "label",
    ["", "nan", "NaN", "<NA>", "NA", "n/a", "undetermined", "not annotated", "not_annotated", "unannotated",
     "unlabelled", "unlabeled", "Unknown", "unassigned", "not determined", "no annotation", "-1", "?", " unknown "],
)  # fmt: skip
def test_labels_that_say_not_known(label):
    assert guess_unknown([label]) == (label,)


@pytest.mark.parametrize(
    "label", ["Jak2", "immune infiltrate", "normal", "control", "none", "0", "NT", "nano", "adipose"]
)
def test_labels_that_are_states(label):
    assert guess_unknown([label]) == ()


@pytest.mark.parametrize(
    "label",
    [
        "control",
        "Ctrl",
        "WT",
        "wild-type",
        "wild type",
        "non-targeting",
        "NTC",
        "sham",
        "vehicle",
        "normal lung",
        "none",
    ],
)
def test_labels_that_are_controls(label):
    assert guess_control([label]) == (label,)


@pytest.mark.parametrize("label", ["Jak2", "none given", "wtf", "normalised", "tumour", "unknown"])
def test_labels_that_are_no_controls(label):
    assert guess_control([label]) == ()


def test_columns_are_guessed_by_name_and_value():
    found = guess_columns(
        table(
            in_tissue=[1, 1, 1, 1],
            condition=["a", "b", "a", "b"],
            perturbation=["control", "Jak2", "undetermined", None],
            region=["x", "y", "not annotated", "x"],
            section=["s1", "s1", "s2", "s2"],
            day=[0.5, 1.5, 1.5, 0.5],
            time=[3, 3, 3, 3],
        )
    )
    assert found == Columns(
        perturbation="perturbation",
        control=("control",),
        unknown=("not annotated", "undetermined"),
        tissue="region",
        section="section",
        continuous=("day",),
    )


def test_columns_that_tell_nothing_apart_are_not_guessed():
    found = guess_columns(table(condition=["a", "a", "unknown"], tissue=["lung", "lung", "lung"], in_tissue=[0, 1, 1]))
    assert found == Columns()


def test_named_columns_bring_their_own_controls_and_unknown_labels():
    adata = table(
        region=["normal", "tumour", "unlabelled"], perturbation=["ctrl", "Jak2", "Jak2"], zone=["p", "q", "?"]
    )
    found = guess_columns(adata, perturbation="region", tissue="zone")
    assert (found.perturbation, found.tissue) == ("region", "zone")
    assert found.control == ("normal",)
    assert found.unknown == ("?", "unlabelled")


@pytest.mark.parametrize(
    "name", ["section", "Section_ID", "slide", "sample_id", "library_id", "slice", "batch", "array id"]
)
def test_section_columns(name):
    assert guess_columns(table(**{name: ["a", "b"]})).section == name


def test_a_section_may_be_one_of_many_whole_numbers():
    assert guess_columns(table(section=np.repeat(np.arange(40), 3))).section == "section"
    assert guess_columns(table(section=np.arange(200))).section is None
    assert guess_columns(table(section=[0.5, 1.5])).section is None


def test_labels_of_any_pandas_type():
    for column in (["a", None, "b"], pd.Categorical(["a", None, "b"]), pd.array(["a", None, "b"], dtype="string")):
        assert as_labels(pd.Series(column)).tolist() == ["a", None, "b"]
    assert as_labels(pd.Series([1.0, np.nan, 3.0])).tolist() == ["1", None, "3"]
    assert as_labels(pd.Series([1, 2])).tolist() == ["1", "2"]
    assert as_labels(pd.Series([True, False])).tolist() == ["True", "False"]


def test_values_of_any_pandas_type():
    for column in ([1, 2, 3], ["1", "2", "3"], pd.Categorical([1, 2, 3]), pd.array([1, 2, 3], dtype="Int64")):
        assert as_values(pd.Series(column)).tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(as_values(pd.Series(pd.array([1, None], dtype="Int64")))[1])
    assert np.isnan(as_values(pd.Series(["1", None]))[1])
    with pytest.raises(ConcertError, match="Column 'dose' does not hold numbers"):
        as_values(pd.Series(["high", "low"], name="dose"))


@pytest.mark.parametrize(
    ("values", "categorical", "continuous"),
    [
        (["a", "b"], True, False),
        ([1, 2, 1], True, True),
        (list(range(30)), False, True),
        ([0.5, 1.5], False, True),
        ([1.0, 2.0, np.nan], True, True),
        ([2.0, 2.0, np.nan], True, False),
        ([True, False], True, False),
        ([None, None], False, False),
        ([str(i) for i in range(70)], False, False),
    ],
)
def test_kinds_of_columns(values, categorical, continuous):
    column = pd.Series(values)
    assert (is_categorical(column), is_continuous(column)) == (categorical, continuous)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([True, False], True), (["yes", "No", None], True), ([0, 2], True), (["true", "maybe"], False), (["a"], False)],
)
def test_yes_or_no(values, expected):
    assert is_yes_or_no(pd.Series(values)) is expected


def test_labels_sort_as_people_count():
    assert in_order(["s10", "s9", None, "S1", "s9"]) == ("S1", "s9", "s10")
    assert natural_key("a²") == natural_key("a²")  # a digit that is no number


# -- on a slide -------------------------------------------------------------------------------------------------------


def test_states_have_controls_first_and_leave_out_what_is_unknown(adata):
    labels = ["Tgfbr2", "undetermined", None, "control"] * 16
    adata.obs["perturbation"] = pd.Categorical(labels)
    slide = from_anndata(adata)
    assert slide.states == ("control", "Tgfbr2")
    assert slide.tissues == ("lung", "tumour")
    assert slide.state_of[:4].tolist() == ["Tgfbr2", None, None, "control"]
    assert slide.categories("perturbation") == ("control", "Tgfbr2", "undetermined")


def test_a_slide_without_perturbation_has_no_states(slide):
    bare = slide.with_columns(Columns())
    assert bare.states == () == bare.tissues
    assert set(bare.state_of) == {None}


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(perturbation="perturbatoin"), r"no obs column \(for perturbation\).*Did you mean perturbation"),
        (Columns(tissue="tisue"), "for tissue"),
        (Columns(section="slice"), "for section"),
        (Columns(continuous=("dose",)), "for numbers"),
        (Columns(perturbation="perturbation", control=("contrl",)), "no state .*'contrl'.*Did you mean control"),
    ],
)
def test_missing_columns_and_states_are_named(slide, columns, message):
    with pytest.raises(UnknownName, match=message):
        slide.with_columns(columns)


def test_a_continuous_column_must_hold_numbers(slide):
    with pytest.raises(ConcertError, match="does not hold numbers"):
        slide.with_columns(Columns(continuous=("tissue",)))


def test_labels_painted_into_a_new_column_leave_the_file_as_it_is(slide):
    labels = np.full(slide.n_spots, None, dtype=object)
    labels[:5] = "lesion"
    painted = slide.with_labels("painted", labels)
    assert "painted" not in slide.adata.obs
    assert painted.categories("painted") == ("lesion",)
    assert painted.measured is slide.measured
    assert painted.with_columns(Columns(perturbation="painted")).states == ("lesion",)
    assert from_anndata(painted.adata).fingerprint == slide.fingerprint
    with pytest.raises(ConcertError, match="64 labels, one a spot"):
        slide.with_labels("painted", ["a"])
