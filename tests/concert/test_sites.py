"""Tables of new positions: what is understood, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from napari_concert import Columns, ConcertError, Slide, UnknownName
from napari_concert.concert.dataset import Scale, vocabulary_of
from napari_concert.concert.sites import Sites, sites_of
from napari_concert.model.data import UNKNOWN


def read(slide: Slide, at: object, *slides: Slide) -> Sites:
    """Read a table for a model of one slide or several."""
    vocabulary = vocabulary_of([slide, *slides], tuple(slide.genes))
    return sites_of(at, slide, vocabulary, Scale(slide.pitch, slide.units.name))


def table(**columns: object) -> pd.DataFrame:
    """Return two positions and what else is said of them."""
    return pd.DataFrame({"x": [100.0, 250.0], "y": [0.0, 50.0], **columns})


def test_an_array_is_positions_alone(make_slide: Callable[..., Slide]) -> None:
    found = read(make_slide(tissues=("a", "b")), [[100, 0], [250, 50]])
    np.testing.assert_array_equal(found.coords, [[100, 0], [250, 50]])
    np.testing.assert_allclose(found.arrays.coords, [[1, 0], [2.5, 0.5]])
    assert (found.arrays.state == UNKNOWN).all()
    assert (found.arrays.tissue == UNKNOWN).all()
    assert (found.arrays.batch == 0).all()
    assert list(found.names) == ["new_1", "new_2"]
    assert found.obs.isna().all(axis=None)


@pytest.mark.parametrize("missing", [None, "", " ", "unknown", "n/a", np.nan])
def test_labels_are_codes_and_missing_ones_are_to_be_inferred(make_slide: Callable[..., Slide], missing) -> None:
    found = read(make_slide(), table(perturbation=["Jak2", missing]))
    assert found.arrays.state.tolist() == [1, UNKNOWN]
    assert found.obs["perturbation"].tolist()[0] == "Jak2"
    assert found.obs["perturbation"].isna().tolist() == [False, True]


def test_columns_may_have_the_slides_names(make_slide: Callable[..., Slide]) -> None:
    columns = Columns(perturbation="tissue", control=("a",), section=None)
    slide = make_slide(states=None, tissues=("a", "b"), columns=columns)
    for name in ("tissue", "perturbation"):
        found = read(slide, table(**{name: ["b", "a"]}))
        assert found.arrays.state.tolist() == [1, 0]
        assert list(found.obs.columns) == ["tissue"]


def test_rows_may_have_names(make_slide: Callable[..., Slide]) -> None:
    assert list(read(make_slide(), table().set_axis(["gap", "edge"])).names) == ["gap", "edge"]


def test_numbers_are_standardised_or_missing(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(dose=True)
    found = read(slide, table(dose=["2.5", "NA"]))
    values = slide.values("dose")
    assert found.arrays.continuous[0, 0] == pytest.approx((2.5 - values.mean()) / values.std())
    assert np.isnan(found.arrays.continuous[1, 0])
    assert found.obs["dose"][0] == 2.5
    assert found.notes == ("dose is not given at 1 of 2 positions: it is interpolated from spots around.",)


def test_sections_are_places_and_batches(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(sections=("A", "B"))
    found = read(slide, table(section=["B", "A"]))
    for row, name in enumerate(("B", "A")):
        spot = np.flatnonzero(slide.labels("section") == name)[0]
        assert found.arrays.place[row] == slide.places[spot]
    assert found.arrays.batch.tolist() == [1, 0]
    assert found.obs["section"].tolist() == ["B", "A"]


def test_a_single_section_need_not_be_named(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(sections=("A",), columns=Columns(perturbation="perturbation", section="section"))
    found = read(slide, table())
    assert found.arrays.place.tolist() == found.arrays.batch.tolist() == [0, 0]


def test_between_registered_sections_there_is_no_batch(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(sections=("A", "B"), z=True, registered=True)
    found = read(slide, table(z=[0.0, 40.0]))
    assert found.arrays.place.tolist() == [0, 0]
    assert found.arrays.batch.tolist() == [UNKNOWN, UNKNOWN]
    assert found.arrays.coords[1, 2] == pytest.approx(40 / slide.pitch)


def test_z_tells_sections_where_no_column_does(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(
        sections=("A", "B"), z=True, columns=Columns(perturbation="perturbation", control=("control",), section=None)
    )
    found = read(slide, table(z=[100.0, 0.0]))
    heights = slide.coords[:, 2]
    for row, z in enumerate((100, 0)):
        assert found.arrays.place[row] == slide.places[np.flatnonzero(heights == z)[0]]
    with pytest.raises(ConcertError, match=r"row 1: no section lies at z = 50 \(there are 0, 100\)"):
        read(slide, table(z=[100.0, 50.0]))


def test_unused_columns_are_named_with_what_may_be_meant(make_slide: Callable[..., Slide]) -> None:
    found = read(make_slide(tissues=("a", "b")), table(tisue=["a", "b"], z=[0, 0]))
    assert "Column 'tisue' of the positions is not used (is it tissue?)." in found.notes
    assert "Column 'z' of the positions is not used." in found.notes


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (pd.DataFrame({"x": [], "y": []}), "the table has no rows"),
        (pd.DataFrame({"x": [1.0], "Y": [2.0]}), r"no column 'y' \(found: x, Y\).*2D: give x, y in µm"),
        (table(y=[1.0, "no"]), "row 1: y is 'no', which is not a number"),
        (table(y=[1.0, float("inf")]), "row 1: y is inf, which is not a number"),
        (table(x=[None, 1.0]), "row 0: x is missing"),
        (pd.DataFrame([[1.0, 2.0, 3.0]], columns=["x", "y", "x"]), "share a name"),
        ([[1.0]], r"shape \(1, 1\)"),
        ([["a", "b"]], "not numbers"),
        (table(dose=["1", "much"]), "row 1: dose is 'much', which is not a number"),
    ],
)
def test_what_is_no_position_is_refused(make_slide: Callable[..., Slide], at: object, message: str) -> None:
    with pytest.raises(ConcertError, match=message):
        read(make_slide(dose=True), at)


def test_lines_are_told_where_the_table_has_them(make_slide: Callable[..., Slide]) -> None:
    with pytest.raises(ConcertError, match="line 7: y is 'no'"):
        read(make_slide(), table(y=["1", "no"]).set_axis(pd.Index([6, 7], name="line")))


def test_z_is_needed_on_a_3d_slide(make_slide: Callable[..., Slide]) -> None:
    with pytest.raises(ConcertError, match=r"no column 'z'.*3D: give x, y, z"):
        read(make_slide(sections=("A", "B"), z=True), table())


def test_unknown_labels_suggest_the_nearest(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(sections=("sec A", "sec B"), tissues=("tumour", "stroma"))
    section = ["sec A", "sec A"]
    with pytest.raises(UnknownName, match=r"no state \(row 0\) called 'Jak'. Did you mean Jak2"):
        read(slide, table(section=section, perturbation=["Jak", "Jak2"]))
    with pytest.raises(UnknownName, match=r"no tissue \(row 1\) called 'tumor'. Did you mean tumour"):
        read(slide, table(section=section, tissue=["tumour", "tumor"]))
    with pytest.raises(UnknownName, match=r"no section \(row 1\) called 'sec C'. Did you mean sec A, sec B"):
        read(slide, table(section=["sec A", "sec C"]))


def test_sections_must_be_named_where_there_are_several(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(sections=("A", "B"))
    with pytest.raises(ConcertError, match=r"several sections \(A, B\): name the one of each position, in 'section'"):
        read(slide, table())
    with pytest.raises(ConcertError, match=r"row 1: section is missing. Name one of A, B"):
        read(slide, table(section=["A", ""]))


def test_a_section_without_measured_spots_is_refused(make_slide: Callable[..., Slide]) -> None:
    slide = make_slide(sections=("A", "B"))
    coords = slide.raw_coords.copy()
    coords[slide.labels("section") == "B"] = np.nan
    with pytest.raises(ConcertError, match="No spot of section B was measured"):
        read(make_slide(sections=("A", "B"), raw_coords=coords), table(section=["A", "B"]))


def test_an_attribute_is_said_once(make_slide: Callable[..., Slide]) -> None:
    columns = Columns(perturbation="perturbation", control=("control",), tissue="tissue")
    slide = make_slide(tissues=("a", "b"), columns=columns).with_labels("area", ["a"] * 80)
    slide = slide.with_columns(Columns(perturbation="perturbation", tissue="area"))
    with pytest.raises(ConcertError, match="Columns 'tissue' and 'area' both say the tissue"):
        read(slide, table(tissue=["a", "a"], area=["a", "a"]))
