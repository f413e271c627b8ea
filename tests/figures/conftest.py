"""Small slides, and predictions with known numbers; no model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from napari_concert.brush import SpotIndex
from napari_concert.io.slides import from_anndata
from napari_concert.patches import Patch, WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

GENES = ("Up", "Down", "Still", "Ring")
PITCH = 100.0


def _slide(sections: int = 1, side: int = 20) -> Slide:
    """Return a square grid of spots in µm, the same coordinates in every section."""
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    coords = np.tile(np.column_stack([x.ravel(), y.ravel()]) * PITCH, (sections, 1))
    counts = rng.poisson(5, (len(coords), len(GENES))).astype(np.float32)
    obs = pd.DataFrame(
        {"section": pd.Categorical([f"S{i // side**2 + 1}" for i in range(len(coords))])},
        index=[f"spot {i}" for i in range(len(coords))],
    )
    table = AnnData(
        counts, obs=obs, var=pd.DataFrame(index=list(GENES)), obsm={"spatial": coords}, uns={"spatial_units": "um"}
    )
    return from_anndata(table, name="grid")


def _prediction(slide: Slide, *patches: Patch, warnings: tuple[str, ...] = ()) -> Prediction:
    """Return a prediction: own effect in the patches, and a field that halves with every pitch."""
    what_if = WhatIf(*patches)
    painted = np.zeros(slide.n_spots, dtype=bool)
    painted[what_if.rows] = True
    distance = SpotIndex(slide.coords, slide.places).distance_to(what_if.rows)
    field = np.where(painted, 0.0, 0.5 ** (np.where(np.isfinite(distance), distance, np.inf) / PITCH))
    before = np.column_stack([np.ones(slide.n_spots), np.zeros(slide.n_spots), np.zeros(slide.n_spots)])
    after = before + np.column_stack([np.zeros(slide.n_spots), painted, field])
    weights = np.array([[1.5, 1.5, 1.5, 1.5], [2.0, -1.0, 0.0, 0.0], [1.0, -0.5, 0.0, 0.8]])
    return Prediction(
        genes=GENES,
        spot_names=slide.spot_names,
        rows=np.arange(slide.n_spots),
        baseline_features=before,
        affected=np.arange(slide.n_spots),
        whatif_features=after,
        weights=weights,
        covariance=np.tile(np.diag([0.0, 0.01, 0.02]), (len(GENES), 1, 1)),
        observed=slide.counts,
        totals=slide.totals,
        median_total=slide.median_total,
        dispersion=np.ones(len(GENES)),
        coords=slide.coords,
        n_spots=slide.n_spots,
        painted=painted,
        obs=slide.adata.obs,
        provenance={"what_if": what_if.to_json(), "seed": 5, "model_hash": "abcdef0123456789"},
        warnings=warnings,
    )


@pytest.fixture
def make_slide() -> Callable[..., Slide]:
    return _slide


@pytest.fixture
def make_prediction() -> Callable[..., Prediction]:
    return _prediction


@pytest.fixture
def slide() -> Slide:
    return _slide()


@pytest.fixture
def patch() -> Patch:
    return Patch(np.array([105, 106, 107, 125, 126, 127]), {"perturbation": "Jak2"})


@pytest.fixture
def prediction(slide: Slide, patch: Patch) -> Prediction:
    return _prediction(slide, patch)


@pytest.fixture
def truth(prediction: Prediction) -> np.ndarray:
    return np.column_stack([1.1 * prediction.gene(gene).change for gene in GENES])
