"""Small slides that several folders share."""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import HealthCheck, settings
from scipy import sparse

from napari_concert.io import from_anndata
from napari_concert.slide import Columns, Rigid, Slide

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


def make_stack(heights: tuple[float, ...] = (0.0, 150.0, 300.0), side: int = 6, registered: bool = True) -> Slide:
    """Return sections s1, s2 … at some heights, each one spot wider than the one before, 100 units apart."""
    sizes = [side + i for i in range(len(heights))]
    flat = [hexagons(size) - hexagons(size).mean(axis=0) for size in sizes]
    coords = np.vstack([np.column_stack([xy, np.full(len(xy), z)]) for xy, z in zip(flat, heights, strict=True)])
    section = np.repeat([f"s{i + 1}" for i in range(len(heights))], [size**2 for size in sizes])
    counts = np.random.default_rng(0).poisson(3.0, (len(coords), 5)) + 1
    obs = pd.DataFrame(
        {"section": section, "perturbation": np.where(coords[:, 0] > 0, "Jak2", "control")},
        index=[f"spot{i}" for i in range(len(coords))],
    )
    table = AnnData(
        sparse.csr_matrix(counts.astype(np.float32)),
        obs=obs,
        var=pd.DataFrame(index=[f"Gene{i}" for i in range(5)]),
        obsm={"spatial": coords},
    )
    return from_anndata(table, name="stack", registered=registered)


@pytest.fixture(scope="session")
def new_stack() -> Callable[..., Slide]:
    return make_stack


@pytest.fixture(scope="session")
def stack_slide() -> Slide:
    return make_stack()


TURN = Rigid(25, (300, -150))


@pytest.fixture
def turned(new_adata: Callable[..., AnnData]) -> tuple[Slide, Rigid]:
    """Return a slide of two sections, low and top, with one pattern; and how the second was turned and shifted."""
    adata = new_adata(side=12, genes=30, spatial_units="um")
    double = adata[np.tile(np.arange(adata.n_obs), 2)].copy()
    double.obs_names = [f"s{i}" for i in range(double.n_obs)]
    place = np.asarray(adata.obsm["spatial"])
    pattern = np.stack([np.sin(place @ w) for w in np.random.default_rng(0).normal(0, 0.005, (30, 2))], axis=1)
    double.X = np.random.default_rng(1).poisson(np.exp(1.5 + np.tile(pattern, (2, 1)))).astype(np.float32)
    double.obs["section"] = np.repeat(["low", "top"], adata.n_obs)
    double.obsm["spatial"] = np.concatenate([place, TURN.apply(place)])
    return from_anndata(double, name="stack", columns=Columns(perturbation="perturbation", section="section")), TURN


@pytest.fixture(scope="session")
def keep_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Slide], Path]:
    """Train a slide's model for a few epochs; return the folder that it is saved in."""

    def kept(slide: Slide) -> Path:
        from napari_concert.session import Session, TrainingSettings

        folder = tmp_path_factory.mktemp("model") / slide.name
        session = Session()
        session.add(slide)
        session.train(TrainingSettings(max_epochs=3))
        session.save_model(folder)
        return folder

    return kept


@pytest.fixture(scope="session")
def stack_model(stack_slide: Slide, keep_model: Callable[[Slide], Path]) -> Path:
    return keep_model(stack_slide)


# -- Space Ranger folders ----------------------------------------------------------------------------------------------

DIAMETER_PX = 89.472  # of a spot's circle of 65 µm in pixels of the full image, as on 10x' own slides
STEP_PX = DIAMETER_PX * 100 / 65  # spots are 100 µm apart
MARGIN_PX = 400.0
HIRES, LOWRES = 0.17, 0.05


def visium_positions(rows: int = 12, columns: int = 20) -> pd.DataFrame:
    """Return the spots of a small Visium array; every fifth one is not under tissue."""
    row, column = (part.ravel() for part in np.mgrid[:rows, :columns])
    on_grid = (row + column) % 2 == 0
    row, column = row[on_grid], column[on_grid]
    return pd.DataFrame(
        {
            "barcode": [f"{''.join('ACGT'[(i >> shift) & 3] for shift in range(0, 16, 2))}-1" for i in range(len(row))],
            "in_tissue": (np.arange(len(row)) % 5 != 0).astype(int),
            "array_row": row,
            "array_col": column,
            "pxl_row_in_fullres": np.rint(MARGIN_PX + row * STEP_PX * np.sqrt(3) / 2).astype(int),
            "pxl_col_in_fullres": np.rint(MARGIN_PX + column * STEP_PX / 2).astype(int),
        }
    )


def write_matrix_h5(path: Path, barcodes: list[str], genes: list[str], counts: sparse.csr_matrix) -> None:
    """Write a feature-barcode matrix as Space Ranger does; the last feature is an antibody."""
    by_spot = sparse.csr_matrix(counts)  # 10x keeps features × spots by columns, which is spots × features by rows
    kinds = ["Gene Expression"] * (len(genes) - 1) + ["Antibody Capture"]
    with h5py.File(path, "w") as file:
        group = file.create_group("matrix")
        group["barcodes"] = np.array(barcodes, dtype="S")
        group["data"] = by_spot.data.astype(np.int32)
        group["indices"], group["indptr"] = by_spot.indices.astype(np.int64), by_spot.indptr.astype(np.int64)
        group["shape"] = np.array(by_spot.shape[::-1], dtype=np.int32)
        features = group.create_group("features")
        features["id"] = np.array([f"ENSG{i:011d}" for i in range(len(genes))], dtype="S")
        features["name"] = np.array(genes, dtype="S")
        features["feature_type"] = np.array(kinds, dtype="S")
        features["genome"] = np.array(["GRCh38"] * len(genes), dtype="S")


def write_matrix_mex(folder: Path, barcodes: list[str], genes: list[str], counts: sparse.csr_matrix) -> None:
    """Write a feature-barcode matrix as text."""
    from scipy.io import mmwrite

    folder.mkdir()
    kinds = ["Gene Expression"] * (len(genes) - 1) + ["Antibody Capture"]
    lines = [f"ENSG{i:011d}\t{name}\t{kind}" for i, (name, kind) in enumerate(zip(genes, kinds, strict=True))]
    for name, texts in (("features", lines), ("barcodes", barcodes)):
        with gzip.open(folder / f"{name}.tsv.gz", "wt") as file:
            file.write("\n".join(texts) + "\n")
    with gzip.open(folder / "matrix.mtx.gz", "wb") as file:
        mmwrite(file, counts.T.astype(np.int32))


def write_space_ranger(folder: Path, version: int = 2, matrix: str = "h5") -> Path:
    """Write a small ``outs`` folder as Space Ranger 1 to 3 do, with a white image; return the folder."""
    from matplotlib.image import imsave

    spatial = folder / "spatial"
    spatial.mkdir(parents=True)
    positions = visium_positions()
    inside = positions[positions["in_tissue"] == 1]
    barcodes = inside["barcode"].tolist()[::-1]  # the matrix has an order of its own
    genes = ["Krt8", "Fn1", "Vim", "Fn1", "Cxcl10", "CD3E_antibody"]
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(4.0, (len(barcodes), len(genes))) + 1)
    if matrix == "h5":
        write_matrix_h5(folder / "filtered_feature_bc_matrix.h5", barcodes, genes, counts)
    else:
        write_matrix_mex(folder / "filtered_feature_bc_matrix", barcodes, genes, counts)
    name = "tissue_positions_list.csv" if version == 1 else "tissue_positions.csv"
    positions.to_csv(spatial / name, index=False, header=version > 1)
    factors = {
        "spot_diameter_fullres": DIAMETER_PX,
        "fiducial_diameter_fullres": DIAMETER_PX * 105 / 65,
        "tissue_hires_scalef": HIRES,
        "tissue_lowres_scalef": LOWRES,
    }
    if version > 2:
        factors["regist_target_img_scalef"] = HIRES
    (spatial / "scalefactors_json.json").write_text(json.dumps(factors))
    high, wide = positions[["pxl_row_in_fullres", "pxl_col_in_fullres"]].max() + MARGIN_PX
    for size, factor in (("hires", HIRES), ("lowres", LOWRES)):
        white = np.full((round(high * factor), round(wide * factor), 3), 255, np.uint8)
        imsave(spatial / f"tissue_{size}_image.png", white)
    return folder


@pytest.fixture
def space_ranger(tmp_path: Path) -> Callable[..., Path]:
    """Write a Space Ranger folder for a sample of some name; return it."""

    def written(sample: str = "lymph node", **how: Any) -> Path:
        return write_space_ranger(tmp_path / sample / "outs", **how)

    return written


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


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Start a Dask scheduler with one worker process on loopback, as an administrator would."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as running:
        yield running


@pytest.fixture
def real_slide() -> Callable[[str], Path]:
    """Return the path of a real slide; the test skips where these are absent."""

    def path_of(name: str) -> Path:
        path = REAL_SLIDES / name
        if not path.exists():
            pytest.skip(f"real slides are not part of the project: {path} is absent")
        return path

    return path_of
