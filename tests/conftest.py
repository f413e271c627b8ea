"""Small slides that several folders share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import HealthCheck, settings
from scipy import sparse

from napari_concert.io import from_anndata
from napari_concert.slide import Slide

if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
settings.register_profile("slow machines", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow machines")

REAL_SLIDES = Path(__file__).resolve().parents[2] / "shared" / "data"


def hexagons(side: int, pitch: float = 100.0) -> np.ndarray:
    """Return a hexagonal grid of side × side spots."""
    row, column = np.divmod(np.arange(side * side), side)
    return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2]) * pitch


def make_adata(side: int = 8, genes: int = 12, **uns: object) -> AnnData:
    """Return a hexagonal slide with two perturbations, two tissues, and known counts."""
    coords = hexagons(side)
    counts = np.random.default_rng(0).poisson(2.0, (len(coords), genes)) + 1
    half = coords[:, 0] > coords[:, 0].mean()
    obs = pd.DataFrame(
        {
            "perturbation": pd.Categorical(np.where(half, "Jak2", "control")),
            "tissue": pd.Categorical(np.where(coords[:, 1] > coords[:, 1].mean(), "tumour", "lung")),
        },
        index=[f"spot{i}" for i in range(len(coords))],
    )
    return AnnData(
        sparse.csr_matrix(counts.astype(np.float32)),
        obs=obs,
        var=pd.DataFrame(index=[f"Gene{i}" for i in range(genes)]),
        obsm={"spatial": coords},
        uns=uns,
    )


@pytest.fixture(scope="session")
def napari_settings() -> Iterator[None]:
    """Give napari settings that are kept nowhere, so that no test touches those of the user."""
    from napari import settings

    with pytest.MonkeyPatch.context() as patch:
        mine = settings.NapariSettings(config_path=None)
        mine._connect_events()
        patch.setattr(settings, "_SETTINGS", mine)
        patch.setattr("napari.settings._napari_settings._CFG_PATH", "")
        patch.setenv("NAPARI_CONFIG", "")
        yield


@pytest.fixture
def adata() -> AnnData:
    return make_adata(spatial_units="um")


@pytest.fixture
def slide(adata: AnnData) -> Slide:
    return from_anndata(adata, name="small")


@pytest.fixture
def new_adata() -> Callable[..., AnnData]:
    return make_adata


@pytest.fixture
def real_slide() -> Callable[[str], Path]:
    """Return the path of a real slide; the test skips where these are absent."""

    def path_of(name: str) -> Path:
        path = REAL_SLIDES / name
        if not path.exists():
            pytest.skip(f"real slides are not part of the project: {path} is absent")
        return path

    return path_of
