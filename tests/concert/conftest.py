"""Small slides with a truth, and a model trained on one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from scipy import sparse

from napari_concert import Columns, Concert, ModelConfig, Slide
from napari_concert.io import from_anndata
from napari_concert.simulate import tumour

SMALL = ModelConfig(spatial_factors=3, intrinsic_factors=1, inducing_points=40, max_epochs=14)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tumour_adata() -> AnnData:
    """Return a simulated slide with one empty spot, one without a position and one of unknown state."""
    adata = tumour(400, 50, seed=3)
    counts = adata.X.tolil()
    counts[5] = 0
    adata.X = counts.tocsr()
    adata.obsm["spatial"][9] = np.nan
    labels = adata.obs["perturbation"].astype(str)
    labels.iloc[20] = "undetermined"
    adata.obs["perturbation"] = pd.Categorical(labels)
    return adata


@pytest.fixture(scope="session")
def slide(tumour_adata: AnnData) -> Slide:
    """Return that slide."""
    return from_anndata(tumour_adata, name="tumour")


@pytest.fixture(scope="session")
def model(slide: Slide) -> Concert:
    """Return a model trained on it."""
    return Concert(slide, config=SMALL, seed=1).train()


@pytest.fixture
def small() -> ModelConfig:
    """Return settings for a model that trains in a second."""
    return SMALL


@pytest.fixture
def make_slide() -> Callable[..., Slide]:
    """Return the factory of random slides."""
    return random_slide


def random_slide(
    n_spots: int = 80,
    n_genes: int = 8,
    *,
    seed: int = 0,
    name: str = "slide",
    states: tuple[str, ...] | None = ("control", "Jak2"),
    tissues: tuple[str, ...] | None = None,
    sections: tuple[str, ...] | None = None,
    z: bool = False,
    dose: bool = False,
    micrometres: bool = True,
    registered: bool = False,
    columns: Columns | None = None,
    **changes: object,
) -> Slide:
    """Return a square grid of pitch 100 with labels in blocks, and random counts."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n_spots)))
    grid = np.stack(np.divmod(np.arange(n_spots), side), axis=1) * 100.0
    obs = pd.DataFrame(index=[f"{name}-{i}" for i in range(n_spots)])
    for column, labels, block in (("perturbation", states, 3), ("tissue", tissues, 4), ("section", sections, 1)):
        if labels is not None:
            obs[column] = pd.Categorical([labels[int(k) % len(labels)] for k in grid[:, 1] // (100 * block)])
    if dose:
        obs["dose"] = rng.uniform(0, 5, n_spots)
    if z:
        plane = obs["section"].cat.codes.to_numpy() if sections else np.zeros(n_spots)
        grid = np.column_stack([grid, 100.0 * plane])
    counts = rng.negative_binomial(4, 0.4, (n_spots, n_genes)).astype(np.float32)
    adata = AnnData(
        sparse.csr_matrix(counts),
        obs=obs,
        var=pd.DataFrame(index=[f"Gene{g}" for g in range(n_genes)]),
        obsm={"spatial": grid},
        uns={"spatial_units": "um"} if micrometres else {},
    )
    slide = from_anndata(adata, name=name, registered=registered, columns=columns)
    return replace(slide, **changes) if changes else slide
