"""Gene sets: means of genes against plain loops, intervals against drawn weights, and names whatever the case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert import ConcertError, Prediction
from napari_concert.prediction import GeneSet, set_change, set_profile, set_values, split_names
from napari_concert.prediction.genesets import Spelling
from napari_concert.prediction.regions import measured_levels

SET = GeneSet("some", ("g1", "g4", "g7"))
REGION = np.array([0, 1, 2, 5, 6])


def test_a_set_is_the_mean_of_its_genes_and_variances_add_up(prediction: Prediction) -> None:
    genes = prediction.region_change(REGION).loc[list(SET.genes)]
    found = set_change(prediction, REGION, [SET]).loc["some"]
    assert found["change"] == pytest.approx(genes["change"].mean())
    assert found["sd"] == pytest.approx(np.sqrt((genes["sd"] ** 2).sum()) / 3)
    assert found["lower"] == pytest.approx(found["change"] - 1.959964 * found["sd"])
    assert (found["genes"], found["of"]) == (3, 3)


def test_a_set_of_one_gene_is_that_gene(make: Callable[..., Prediction]) -> None:
    unshrunk = make().weights + np.random.default_rng(2).normal(0, 0.3, make().weights.shape)
    prediction = make(unshrunk=unshrunk)
    table = prediction.region_change(REGION)
    found = set_change(prediction, REGION, [GeneSet(name, (name,)) for name in prediction.genes])
    for column in ("change", "sd", "lower", "upper", "lfsr"):
        np.testing.assert_allclose(found[column], table[column], rtol=1e-9, atol=1e-12)
    gene, values = prediction.gene("g4"), set_values(prediction, GeneSet("one", ("g4",)))
    for column in ("change", "sd", "lower", "upper"):
        np.testing.assert_allclose(getattr(values, column), getattr(gene, column), rtol=1e-9, atol=1e-12)


def test_the_sd_is_that_of_means_of_drawn_weights(prediction: Prediction) -> None:
    rng, mean = np.random.default_rng(5), prediction.differences(np.arange(5)).mean(axis=0)
    columns = [prediction.genes.index(name) for name in SET.genes]
    drawn = [
        rng.multivariate_normal(prediction.weights[:, g], prediction.covariance[g], 40_000) @ mean for g in columns
    ]
    found = set_change(prediction, prediction.rows[:5], [SET]).loc["some"]
    assert found["sd"] == pytest.approx(np.mean(drawn, axis=0).std(), rel=0.02)
    assert found["change"] == pytest.approx(np.mean(drawn), abs=4 * found["sd"] / 200)


def test_values_of_spots_have_the_region_as_their_mean(prediction: Prediction) -> None:
    values = set_values(prediction, SET)
    assert np.isnan(values.change[[4, 17]]).all(), "not modelled"
    found = set_change(prediction, REGION, [SET]).loc["some", "change"]
    assert np.nanmean(values.change[REGION]) == pytest.approx(found)
    unreached = prediction.rows[10:]
    assert not values.change[unreached].any()
    assert not values.sd[unreached].any()


def test_a_profile_is_the_change_of_each_group(prediction: Prediction) -> None:
    groups = [REGION, np.array([4]), np.array([8, 9, 20])]
    found = set_profile(prediction, groups, SET)
    assert found["spots"].tolist() == [5 - (4 in REGION), 0, 3]
    for position in (0, 2):
        expected = set_change(prediction, groups[position], [SET]).loc["some"]
        for column in ("change", "sd", "lower", "upper"):
            assert found.loc[position, column] == pytest.approx(expected[column])
    assert found.loc[1, ["change", "sd", "lower", "upper"]].isna().all()


def test_names_are_found_whatever_their_case_and_once(prediction: Prediction) -> None:
    sets = [GeneSet("upper", ("G1", "G4", "g4", "G7", "CD99")), GeneSet("unknown", ("x", "y")), SET]
    found = set_change(prediction, REGION, sets)
    assert found["genes"].tolist() == [3, 0, 3]
    assert found["of"].tolist() == [5, 2, 3]
    assert found.loc["upper", "change"] == pytest.approx(found.loc["some", "change"])
    assert found.loc["unknown", ["change", "sd", "lower", "upper", "lfsr"]].isna().all()


def test_an_exact_spelling_is_preferred_and_the_first_of_two_loose_ones() -> None:
    spelling = Spelling(["abc", "Abc", "ABC"])
    assert spelling.positions(["ABC"]).tolist() == [2]
    assert spelling.positions(["aBC"]).tolist() == [0]
    assert "aBc" in spelling
    assert "abd" not in spelling


def test_without_a_modelled_spot_or_set_there_is_no_number(prediction: Prediction) -> None:
    found = set_change(prediction, [4, 17], [SET])
    assert found["genes"].tolist() == [3]
    assert found[["change", "sd", "lfsr"]].isna().all(axis=None)
    assert len(set_change(prediction, REGION, [])) == 0


def test_a_set_without_modelled_genes_has_no_values(prediction: Prediction) -> None:
    with pytest.raises(ConcertError, match=r"No gene of 'none' is modelled\. .*train with them"):
        set_values(prediction, GeneSet("none", ("nope",)))


@pytest.mark.parametrize(("name", "genes", "message"), [(" ", ("a",), "no name"), ("x", (" ", ""), "names no gene")])
def test_an_empty_set_is_refused(name: str, genes: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConcertError, match=message):
        GeneSet(name, genes)


@given(st.lists(st.text("abcXYZ-.019", min_size=1, max_size=8)), st.sampled_from(["\n", ", ", ",", ";", " \t", "\r\n"]))
def test_a_pasted_list_gives_its_names(names: list[str], between: str) -> None:
    assert split_names(between.join(names)) == tuple(names)
    assert split_names(between.join(f'"{name}"' for name in names) + between) == tuple(names)


def test_measured_levels_are_the_means_of_measured_genes(prediction: Prediction) -> None:
    found = measured_levels(prediction, REGION)
    expected = [np.nanmean(prediction.observed_gene(name)[REGION]) for name in prediction.genes]
    np.testing.assert_allclose(found, expected)
    assert np.isnan(measured_levels(prediction, [4])).all()
