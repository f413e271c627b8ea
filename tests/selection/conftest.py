"""Slides that the selection's tests share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_concert.brush import SpotIndex

quarters = st.integers(-24, 24).map(lambda value: value / 4)  # few values: many duplicates, ties and exact edges


@st.composite
def _slides(draw, least: int = 1) -> SpotIndex:
    """Draw 2D and 3D slides of several places, with duplicates and with spots that have no coordinates."""
    n, dimensions = draw(st.integers(least, 40)), draw(st.integers(2, 3))
    coords = draw(hnp.arrays(float, (n, dimensions), elements=quarters))
    coords[draw(hnp.arrays(bool, n, elements=st.sampled_from([False] * 7 + [True])))] = np.nan
    return SpotIndex(coords, draw(hnp.arrays(int, n, elements=st.integers(0, 2))))


@pytest.fixture(scope="session")
def slides():
    """Give the strategy that draws slides."""
    return _slides


@pytest.fixture(scope="session")
def hexagons():
    """Give a function that makes a hexagonal lattice (side², 2) of pitch 1."""

    def make(side: int) -> np.ndarray:
        row, column = np.divmod(np.arange(side * side), side)
        return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])

    return make


@pytest.fixture(scope="session")
def large():
    """Give 100,000 spots about 100 units apart."""
    return SpotIndex(np.random.default_rng(0).uniform(0, 31_600, (100_000, 2)))
