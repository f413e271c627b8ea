"""Random slides with patches, for round trips."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import strategies as st

from napari_concert.io import from_anndata
from napari_concert.patches import Patch
from napari_concert.slide import Columns, Slide

NAMES = st.text(max_size=8)


def hexagons(n: int) -> np.ndarray:
    side = int(np.ceil(np.sqrt(n)))
    row, column = np.divmod(np.arange(n), side)
    return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])


def layout(kind: str, n: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "random":
        return rng.uniform(-6, 6, (n, 2))
    turn = rng.uniform(0, 2 * np.pi) if kind == "turned" else 0.0
    grid = hexagons(n) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return grid + (rng.normal(0, 0.15, (n, 2)) if kind == "shaken" else 0.0)


@st.composite
def _slides(draw, um: tuple[float | None, ...] = (None, 1.0, 0.27), missing: bool = False, z: bool = False) -> Slide:
    """Draw slides of one to three sections, of which each lies over the others."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    sections = draw(st.integers(1, 3))
    each = [draw(st.integers(1, 60)) for _ in range(sections)]
    kind = draw(st.sampled_from(["hexagonal", "turned", "shaken", "random"]))
    coords = np.vstack([layout(kind, n, rng) for n in each]) * draw(st.sampled_from([1.0, 137.0, 3e4]))
    coords += draw(st.sampled_from([0.0, 5e3]))
    which = np.repeat(np.arange(sections), each)
    if z:
        coords = np.column_stack([coords, 10.0 * which])
    if missing:
        coords[1:][rng.random(len(coords) - 1) < 0.1] = np.nan
    obs = pd.DataFrame({"section": [f"s{i}" for i in which]}, index=[f"spot {i}" for i in range(len(coords))])
    unit = draw(st.sampled_from(um))
    table = AnnData(
        np.ones((len(coords), 2), np.float32),
        obs=obs,
        obsm={"spatial": coords},
        uns={} if unit is None else {"um_per_unit": unit},
    )
    return from_anndata(table, name="random").with_columns(Columns(section="section"))


@st.composite
def _patches(draw, slide: Slide, names: st.SearchStrategy[str] = NAMES) -> list[Patch]:
    """Draw patches that may overlap: a disc, scattered spots, all spots but some, all spots, a single spot."""
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    kinds = st.sampled_from(["disc", "scattered", "most", "all", "one"])
    colours = st.sampled_from(["#e69f00", "#123456", "#ffffff"])
    made = draw(st.lists(st.tuples(kinds, names, colours), min_size=1, max_size=3))
    return [Patch(_rows(kind, slide, rng), name=name, color=colour) for kind, name, colour in made]


def _rows(kind: str, slide: Slide, rng: np.random.Generator) -> np.ndarray:
    n = slide.n_spots
    one = int(rng.integers(n))
    shares = {"scattered": 0.5, "most": 0.85, "all": 1.0, "one": 0.0}
    if kind == "disc":
        away = np.linalg.norm(slide.coords - slide.coords[one], axis=1)
        chosen = away <= 3 * slide.pitch
    else:
        chosen = rng.random(n) < shares[kind]
    chosen[one] = True
    return np.flatnonzero(chosen)


@pytest.fixture(scope="session")
def slides():
    """Give the strategy that draws slides."""
    return _slides


@pytest.fixture(scope="session")
def patches_on():
    """Give the strategy that draws patches on a slide."""
    return _patches
