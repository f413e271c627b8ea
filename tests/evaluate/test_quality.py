"""Quality of hidden spots: Moran's I, coverage, and tables against direct computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial import cKDTree

from napari_concert import Concert, ModelConfig, Slide
from napari_concert.evaluate.quality import LIGHTS, Hiding, Quality, checks
from napari_concert.evaluate.quality.lights import gene_lights, spread_lights
from napari_concert.evaluate.quality.moran import Neighbourhood
from napari_concert.io import from_anndata
from napari_concert.model.conformal import EDGES
from napari_concert.simulate import tumour

SMALL = ModelConfig(spatial_factors=4, intrinsic_factors=1, inducing_points=50, max_epochs=14)


@pytest.fixture(scope="module")
def slide() -> Slide:
    """Return a simulated slide."""
    torch.set_num_threads(1)
    return from_anndata(tumour(500, 60, seed=4), name="tumour")


@pytest.fixture(scope="module")
def rows(slide: Slide) -> np.ndarray:
    """Return the spots to hide."""
    return Hiding("holes", share=0.2, hole=25, seed=1).rows(slide)


@pytest.fixture(scope="module")
def model(slide: Slide, rows: np.ndarray) -> Concert:
    """Return a model that has not seen them."""
    return Concert(slide.without(rows), config=SMALL, seed=0).train()


@pytest.fixture(scope="module")
def quality(model: Concert, slide: Slide, rows: np.ndarray) -> Quality:
    """Return what the checks say."""
    rest = slide.without(rows)
    *shares, found = checks(model.withhold(rows, rest), rest)
    assert all(isinstance(share, float) for share in shares)
    assert shares == sorted(shares)
    assert isinstance(found, Quality)
    return found


def test_genes_are_those_of_a_direct_computation(quality: Quality, slide: Slide, rows: np.ndarray) -> None:
    gene = quality.genes.index[7]
    one, size = quality.hidden.gene(gene), quality.hidden.size
    rest = np.setdiff1d(np.flatnonzero(slide.usable), rows)
    column = slide.genes.get_loc(gene)
    known = slide.without(rows)
    measured = known.counts[:, column].toarray().ravel()[rest] / known.size_factors[rest]
    near = cKDTree(slide.coords[rest]).query(slide.coords[rows], k=6)[1]
    x = one.observed / size
    row = quality.genes.loc[gene]
    assert row["counts"] == one.observed.sum()
    assert row["error"] == pytest.approx(np.abs(np.log1p(one.expected / size) - np.log1p(x)).mean())
    assert row["error_mean"] == pytest.approx(np.abs(np.log1p(measured.mean()) - np.log1p(x)).mean(), rel=1e-5)
    assert row["error_nearest"] == pytest.approx(
        np.abs(np.log1p(measured[near].mean(axis=1)) - np.log1p(x)).mean(), rel=1e-4
    )
    assert row["pcc"] == pytest.approx(np.corrcoef(one.expected / size, x)[0, 1])
    left = ((x - one.expected / size) ** 2).sum() / ((x - measured.mean()) ** 2).sum()
    assert row["explained"] == pytest.approx(1 - left, rel=1e-5)
    z = (one.observed - one.expected) / one.sd
    assert row["z_sd"] == pytest.approx(np.sqrt((z**2).mean()))


def test_in_painting_beats_the_mean_and_the_nearest_spots(quality: Quality) -> None:
    """On a simulated slide, holes of 25 spots that the weights have not seen either."""
    told = quality.summary
    assert told["error"] < told["error_nearest"]
    assert told["error"] < told["error_mean"]
    assert told["explained"] > told["explained_nearest"]


def test_intervals_hold_what_they_promise_in_every_bin(quality: Quality) -> None:
    at = quality.coverage[quality.coverage["promised"] == 0.95].set_index("expected_counts")
    many = at[at["counts"] > 400]
    assert len(many) >= 3
    assert many["pit"].between(0.93, 0.97).all()
    assert (many["held"] > 0.93).all()
    assert (at["ideal"] > 0.94).all()
    assert set(at.index) <= {"all", f"under {EDGES[0]:g}", *at.index[1:]}


def test_curve_rises_with_what_is_promised(quality: Quality) -> None:
    for _, part in quality.coverage.groupby("expected_counts"):
        for column in ("held", "ideal", "pit", "pit_before"):
            assert part[column].is_monotonic_increasing
    curve = quality.coverage[quality.coverage["expected_counts"] == "all"]
    np.testing.assert_allclose(curve["pit"], curve["promised"], atol=0.03)


def test_spots_and_regions_have_lights(quality: Quality, slide: Slide, rows: np.ndarray) -> None:
    assert list(quality.spots.index) == list(slide.spot_names[rows])
    regions = quality.regions(slide.adata.obs["tissue"])
    assert regions["spots"].sum() == len(rows)
    assert set(regions["light"]) <= set(LIGHTS)
    tissue = slide.adata.obs["tissue"].iloc[rows].astype(str).to_numpy()
    here = quality.spots[tissue == regions.index[0]]
    assert regions["error"].iloc[0] == pytest.approx(here["error"].mean())
    assert regions["z_sd"].iloc[0] == pytest.approx(np.sqrt((here["z_sd"] ** 2).mean()))


def test_morans_i_is_its_definition() -> None:
    rng = np.random.default_rng(0)
    coords, place, values = rng.uniform(0, 9, (40, 2)), np.repeat([0, 1], 20), rng.normal(size=(40, 3))
    coords[1] = coords[0]  # spots on each other
    found = Neighbourhood(coords, place).morans_i(values)
    weights = np.zeros((40, 40))
    for i in range(40):
        away = np.linalg.norm(coords - coords[i], axis=1) + np.where(place == place[i], 0, np.inf)
        away[i] = np.inf
        weights[i, np.argsort(away)[:6]] = 1 / 6
    d = values - values.mean(axis=0)
    expected = 40 / weights.sum() * np.einsum("ij,ig,jg->g", weights, d, d) / (d**2).sum(axis=0)
    np.testing.assert_allclose(found, expected)


def test_morans_p_value_is_uniform_without_order_and_small_with_it() -> None:
    rng = np.random.default_rng(1)
    coords = np.stack(np.divmod(np.arange(100), 10), axis=1).astype(float)
    around = Neighbourhood(coords, np.zeros(100, dtype=np.int64))
    p = around.p_value(around.morans_i(rng.normal(size=(100, 2000))))
    np.testing.assert_allclose(np.quantile(p, [0.05, 0.5, 0.95]), [0.05, 0.5, 0.95], atol=0.03)
    assert around.p_value(around.morans_i(coords[:, :1]))[0] < 1e-6
    few = Neighbourhood(coords[:5], np.zeros(5, dtype=np.int64))
    assert np.isnan(few.morans_i(coords[:5])).all()
    assert np.isnan(few.p_value(np.zeros(2))).all()


@pytest.mark.parametrize(
    ("change", "light"),
    [
        ({}, "green"),
        ({"counts": 3}, "grey"),
        ({"explained": -0.1}, "red"),
        ({"z_sd": 1.6}, "red"),
        ({"z_sd": 1.3}, "amber"),
        ({"z_sd": 0.1}, "amber"),
        ({"explained": 0.1}, "amber"),
        ({"moran": 0.3, "moran_p": 0.001}, "amber"),
        ({"moran": 0.3, "moran_p": 0.2}, "green"),
        ({"moran": np.nan, "moran_p": np.nan}, "green"),
    ],
)
def test_the_light_follows_its_rule(change: dict[str, float], light: str) -> None:
    usual = {"counts": 500, "explained": 0.4, "explained_nearest": 0.3, "z_sd": 1.0, "moran": 0.01, "moran_p": 0.4}
    assert gene_lights(pd.DataFrame([usual | change])).tolist() == [light]


def test_spread_lights() -> None:
    assert spread_lights(pd.Series([1.0, 1.4, 1.6, np.nan, 0.1])).tolist() == ["green", "amber", "red", "grey", "amber"]
