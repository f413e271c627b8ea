"""Predictions: closed forms against plain numpy, and what is shown where."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import norm

from napari_concert import ConcertError, Prediction, UnknownName

Z = 1.959963984540054


def _after(p: Prediction) -> np.ndarray:
    """Return the features (n_rows, Q) under the what-if."""
    after = p.baseline_features.copy()
    after[p.affected] = p.whatif_features
    return after


def _plain(p: Prediction) -> dict[str, np.ndarray]:
    """Return every number (n_spots, G) by the formulas, spot by spot."""
    found = {name: np.full((p.n_spots, len(p.genes)), np.nan) for name in ("baseline", "predicted", "change", "sd")}
    after = _after(p)
    for position, row in enumerate(p.rows):
        d = after[position] - p.baseline_features[position]
        for g in range(len(p.genes)):
            found["baseline"][row, g] = np.exp(p.baseline_features[position] @ p.weights[:, g])
            found["predicted"][row, g] = np.exp(after[position] @ p.weights[:, g])
            found["change"][row, g] = d @ p.weights[:, g]
            found["sd"][row, g] = np.sqrt(d @ p.covariance[g] @ d)
    return found


def test_a_gene_is_its_closed_form(prediction: Prediction) -> None:
    expected = _plain(prediction)
    for g, name in enumerate(prediction.genes):
        gene = prediction.gene(name)
        assert gene.gene == name
        for field, values in expected.items():
            np.testing.assert_allclose(getattr(gene, field), values[:, g], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(gene.lower, gene.change - Z * gene.sd)
        np.testing.assert_allclose(gene.upper, gene.change + Z * gene.sd)


def test_intervals_are_centred_at_unshrunk_estimates_and_hold_the_change(make: Callable[..., Prediction]) -> None:
    shrunk = make()
    unshrunk = shrunk.weights + np.random.default_rng(2).normal(0, 0.3, shrunk.weights.shape)
    prediction = make(unshrunk=unshrunk)
    difference = _after(prediction) - prediction.baseline_features
    for g, name in enumerate(prediction.genes):
        gene, centre = prediction.gene(name), np.full(prediction.n_spots, np.nan)
        centre[prediction.rows] = difference @ unshrunk[:, g]
        np.testing.assert_array_equal(gene.change, shrunk.gene(name).change)
        np.testing.assert_allclose(gene.lower, np.minimum(centre - Z * gene.sd, gene.change), atol=1e-12)
        np.testing.assert_allclose(gene.upper, np.maximum(centre + Z * gene.sd, gene.change), atol=1e-12)
    region = prediction.region_change(prediction.rows)
    assert (region["lower"] <= region["change"]).all()
    assert (region["change"] <= region["upper"]).all()
    mean = difference.mean(axis=0) @ unshrunk
    np.testing.assert_allclose(region["upper"], np.maximum(mean + Z * region["sd"], region["change"]))


def test_intervals_are_those_of_draws_shared_by_baseline_and_what_if(prediction: Prediction) -> None:
    rng, g = np.random.default_rng(1), 2
    draws = rng.multivariate_normal(prediction.weights[:, g], prediction.covariance[g], 20_000).T
    change = (_after(prediction) - prediction.baseline_features) @ draws
    gene = prediction.gene("g2")
    np.testing.assert_allclose(change.mean(1), gene.change[prediction.rows], atol=0.02)
    np.testing.assert_allclose(change.std(1), gene.sd[prediction.rows], rtol=0.03, atol=1e-9)


def test_identical_spots_cancel_exactly(prediction: Prediction) -> None:
    same = (_after(prediction) == prediction.baseline_features).all(axis=1)
    assert same.sum() == 19
    for name in prediction.genes:
        gene = prediction.gene(name)
        assert (gene.change[prediction.rows][same] == 0).all()
        assert (gene.sd[prediction.rows][same] == 0).all()
        np.testing.assert_array_equal(gene.baseline[prediction.rows][same], gene.predicted[prediction.rows][same])


def test_observed_counts_are_at_the_median_library_size(prediction: Prediction) -> None:
    counts = prediction.observed.toarray()
    gene = prediction.gene("g3")
    for row in prediction.rows:
        assert gene.observed[row] == pytest.approx(counts[row, 3] * 80 / prediction.totals[row])
    np.testing.assert_array_equal(gene.observed, prediction.observed_gene("g3"))
    assert np.isnan(gene.observed[[4, 17]]).all()


@pytest.mark.parametrize("convert", [sparse.csr_matrix, sparse.csc_array, lambda counts: counts.toarray()])
def test_counts_may_come_in_any_layout(make: Callable[..., Prediction], convert: Callable) -> None:
    plain = make()
    other = make(observed=convert(plain.observed))
    np.testing.assert_array_equal(other.gene("g1").observed, plain.gene("g1").observed)


def test_an_unknown_gene_suggests_the_nearest(prediction: Prediction) -> None:
    assert "g1" in prediction
    assert "x" not in prediction
    for ask in (
        prediction.gene,
        prediction.index_of,
        prediction.observed_gene,
        lambda name: prediction.to_anndata([name]),
    ):
        with pytest.raises(UnknownName, match=r"no modelled gene called 'G11'\. Did you mean g1"):
            ask("G11")


@pytest.mark.parametrize("name", ["covariance", "painted", "whatif_features", "totals"])
def test_shapes_that_do_not_fit_are_named(make: Callable[..., Prediction], name: str) -> None:
    short = getattr(make(), name)[1:]
    with pytest.raises(ConcertError, match=rf"Prediction\.{name} has shape .*; expected \("):
        make(**{name: short})


# -- regions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [[0, 1, 2], [0, 4, 8, 29], list(range(30)), [25]])
def test_a_region_is_the_mean_of_its_spots(prediction: Prediction, rows: list[int]) -> None:
    expected, table = _plain(prediction), prediction.region_change(rows)
    for name in ("change", "baseline", "predicted"):
        np.testing.assert_allclose(table[name], np.nanmean(expected[name][rows], axis=0), rtol=1e-10, atol=1e-13)
    inside = np.isin(prediction.rows, rows)
    d = (_after(prediction) - prediction.baseline_features)[inside].mean(axis=0)
    np.testing.assert_allclose(table["sd"], [np.sqrt(d @ c @ d) for c in prediction.covariance], atol=1e-12)
    np.testing.assert_allclose(table["upper"] - table["lower"], 2 * Z * table["sd"])
    np.testing.assert_array_equal(table.index, prediction.genes)


def test_a_region_may_be_a_mask(prediction: Prediction) -> None:
    rows = np.array([3, 1, 4])
    mask = np.isin(np.arange(30), rows)
    assert prediction.region_change(mask).equals(prediction.region_change(rows))


@pytest.mark.parametrize("rows", [[], [4, 17]])
def test_a_region_without_a_modelled_spot_is_nan(prediction: Prediction, rows: list[int]) -> None:
    table = prediction.region_change(np.array(rows, dtype=int))
    assert table.shape == (9, 7)
    assert table.isna().all(axis=None)


def test_a_guessed_gene_does_not_lead_whatever_its_unshrunk_interval(make: Callable[..., Prediction]) -> None:
    """A gene of few counts: shrunk to -0.3, unshrunk -3 with sd 0.8, so that the interval leaves 0."""
    plain = make()
    weights, covariance = np.zeros_like(plain.weights), np.zeros_like(plain.covariance)
    weights[4, :2], covariance[:2, 4, 4] = (-0.3, 0.5), (0.8**2, 0.1**2)
    unshrunk = weights.copy()
    unshrunk[4, 0] = -3.0
    features = plain.baseline_features.copy()
    features[:, 4] += 1
    prediction = make(weights=weights, unshrunk=unshrunk, covariance=covariance, whatif_features=features[:9])
    found = prediction.top_genes(prediction.rows)
    assert found.loc["g0", "upper"] < 0
    assert list(found.index[:2]) == ["g1", "g0"]


def test_top_genes_change_most_at_least(prediction: Prediction) -> None:
    table = prediction.region_change(range(5))
    at_least = np.maximum(np.maximum(table["lower"], -table["upper"]), 0)
    found = prediction.top_genes(range(5))
    assert sorted(found.index) == sorted(prediction.genes)
    ranked = at_least[found.index].to_numpy()
    assert (np.diff(ranked) <= 0).all()
    unsure = found[found["lfsr"] >= 0.025]["lfsr"].to_numpy()
    assert len(unsure) > 1
    assert (np.diff(unsure) >= 0).all(), "by how sure their sign is, not by their size"
    assert (found["lfsr"].to_numpy()[: -len(unsure)] < 0.025).all()


def test_a_sure_small_change_leads_a_large_guess(make: Callable[..., Prediction]) -> None:
    plain = make()
    weights, covariance = np.zeros_like(plain.weights), np.zeros_like(plain.covariance)
    for g, (size, sd) in enumerate([(2.0, 3.0), (0.8, 0.1), (-0.9, 0.1), (0.1, 0.01)]):
        weights[4, g], covariance[g, 4, 4] = size, sd**2
    found = make(weights=weights, covariance=covariance).top_genes(range(4), 4)
    assert list(found.index) == ["g2", "g1", "g3", "g0"]


def test_top_genes_are_at_most_as_many_as_asked(prediction: Prediction) -> None:
    assert list(prediction.top_genes(range(5), 3).index) == list(prediction.top_genes(range(5)).index[:3])
    assert len(prediction.top_genes([4], 2)) == 2  # nothing is modelled there: all NaN, and no crash


def test_reach_is_the_painted_and_those_that_feel_one_percent(prediction: Prediction) -> None:
    reached = np.flatnonzero(prediction.reach)
    np.testing.assert_array_equal(reached, prediction.rows[:8])  # the ninth feels 0.4 %
    assert not prediction.reach[4]  # painted, but not modelled


# -- all of it --------------------------------------------------------------------------------------------------------


def test_to_anndata_is_every_gene_at_once(prediction: Prediction) -> None:
    result, expected = prediction.to_anndata(), _plain(prediction)
    names = {"baseline": "baseline", "predicted": "predicted", "change": "change", "change_sd": "sd"}
    for layer, name in names.items():
        assert result.layers[layer].dtype == np.float32
        np.testing.assert_allclose(result.layers[layer], expected[name], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        result.layers["change_lower"], expected["change"] - Z * expected["sd"], rtol=1e-4, atol=1e-5
    )
    np.testing.assert_array_equal(result.X.toarray(), prediction.observed.toarray())
    np.testing.assert_array_equal(result.obsm["spatial"], prediction.coords)
    assert list(result.obs_names) == list(prediction.spot_names)
    assert list(result.obs["tissue"]) == ["in"] * 30
    assert json.loads(result.uns["napari_concert"]) == {
        "seed": 3,
        "versions": {"numpy": "2"},
        "warnings": ["never seen here"],
    }


def test_to_anndata_of_some_genes_keeps_their_order(prediction: Prediction) -> None:
    result = prediction.to_anndata(["g7", "g2", "g7"])
    assert list(result.var_names) == ["g2", "g7"]
    np.testing.assert_array_equal(result.layers["change"], prediction.to_anndata().layers["change"][:, [2, 7]])


def test_to_anndata_leaves_the_slides_obs_alone(prediction: Prediction) -> None:
    prediction.to_anndata().obs["tissue"] = "changed"
    assert list(prediction.obs.columns) == ["tissue"]
    assert (prediction.obs["tissue"] == "in").all()


def test_no_dense_spots_by_genes_array_is_held() -> None:
    """20,000 spots and 2,000 genes would be 320 MB; a gene, a region and a table take a small part of it."""
    rng, n, g, q = np.random.default_rng(0), 20_000, 2_000, 8
    features = rng.normal(size=(n, q))
    after = features.copy()
    after[:400, 3] += 1
    import pandas as pd

    made = Prediction(
        genes=tuple(map(str, range(g))),
        spot_names=np.arange(n).astype(str),
        rows=np.arange(n),
        baseline_features=features,
        affected=np.arange(400),
        whatif_features=after[:400],
        weights=rng.normal(0, 0.1, (q, g)),
        covariance=np.zeros((g, q, q), dtype=np.float32),
        observed=sparse.csc_matrix((n, g)),
        totals=np.ones(n),
        median_total=1.0,
        dispersion=np.ones(g),
        coords=np.zeros((n, 2)),
        n_spots=n,
        painted=after[:, 3] != features[:, 3],
        obs=pd.DataFrame(index=np.arange(n).astype(str)),
    )
    tracemalloc.start()
    made.gene("7")
    made.top_genes(np.arange(400))
    _, small = tracemalloc.get_traced_memory()
    made.region_change(np.arange(n))
    held, largest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert small < 40e6
    assert largest < 160e6
    assert held < 20e6


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
def test_intervals_of_any_level_hold_as_many_draws(prediction: Prediction, level: float) -> None:
    """Normal posterior, unshrunk: scipy's quantiles; all ways to ask give the same."""
    gene, rows = prediction.genes[1], prediction.rows
    found, every = prediction.gene(gene, level), prediction.changes(rows, level)
    moved = found.sd[rows] > 0
    wide = norm.ppf((1 + level) / 2) * found.sd[rows]
    centre = prediction.differences(np.arange(len(rows))) @ prediction.centres[:, 1]
    np.testing.assert_allclose(found.lower[rows][moved], np.minimum(centre - wide, found.change[rows])[moved])
    np.testing.assert_allclose(found.upper[rows][moved], np.maximum(centre + wide, found.change[rows])[moved])
    np.testing.assert_allclose(every.lower[:, 1], found.lower[rows])
    narrow, usual = prediction.region_change(rows, 0.5), prediction.region_change(rows, level)
    assert (usual["upper"] - usual["lower"] >= narrow["upper"] - narrow["lower"]).all()
