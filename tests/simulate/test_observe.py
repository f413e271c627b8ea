"""What comes between truth and file."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert import simulate
from napari_concert.patches import WhatIf
from napari_concert.simulate.families import BASE, family
from napari_concert.simulate.layout import arrange
from napari_concert.simulate.observe import bleeding, counts, mixing
from napari_concert.simulate.recipe import Observation


@given(st.integers(0, 100))
def test_bleeding_moves_counts_and_loses_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coords = rng.uniform(0, 1500, (80, 2))
    moved = bleeding(coords, (0.05, 0.15), rng).toarray()
    assert np.allclose(moved.sum(axis=0), 1)
    kept = np.diag(moved)
    assert ((kept == 1) | ((kept >= 0.85) & (kept <= 0.95))).all()
    away = np.linalg.norm(coords[:, None] - coords, axis=2)
    assert (moved[away > 150] == 0).all()


def test_only_spots_beside_another_state_are_mixed() -> None:
    layout = arrange(600, BASE.layout, BASE.example, np.random.default_rng(1))
    made_of = mixing(layout, 0.5, np.random.default_rng(2)).toarray()
    assert np.allclose(made_of.sum(axis=1), 1)
    mixed = np.flatnonzero(np.diag(made_of) < 1)
    assert len(mixed)
    for i in mixed:
        (j,) = np.setdiff1d(np.flatnonzero(made_of[i]), [i])
        assert layout.perturbation[i] != layout.perturbation[j]
        assert 0.25 <= made_of[i, j] <= 0.5
        assert np.linalg.norm(layout.coords[i] - layout.coords[j]) < 150


def test_a_spots_counts_are_found_at_its_neighbours() -> None:
    layout = arrange(300, BASE.layout, BASE.example, np.random.default_rng(1))
    expected = np.zeros((300, 1))
    expected[150] = 1e6
    streams = np.random.default_rng(2), np.random.default_rng(3)
    found = counts(expected, np.full(1, 1e9), layout, Observation(bleed=(0.1, 0.1)), streams).toarray()[:, 0]
    neighbours = np.linalg.norm(layout.coords - layout.coords[150], axis=1) < 150
    assert found[150] / found.sum() == pytest.approx(0.9, abs=0.01)
    assert found[neighbours].sum() == found.sum()


@pytest.mark.parametrize(("name", "apart"), [("base", False), ("mixed-borders", True)])
def test_counts_at_borders_are_off_the_truth_only_where_spots_mix(name: str, apart: bool) -> None:
    adata = family(name).simulate(5, 600, 300)
    expected, seen = simulate.truth(adata, WhatIf()).baseline, adata.X.toarray()
    mean = expected * (seen.sum(axis=1) / expected.sum(axis=1))[:, None]
    variance = mean + mean**2 / adata.var["dispersion"].to_numpy()
    spread = ((seen - mean) ** 2 / variance).mean(axis=1)
    state, xy = adata.obs["perturbation"].astype(str).to_numpy(), adata.obsm["spatial"]
    at_border = [len(set(state[np.linalg.norm(xy - spot, axis=1) < 150])) > 1 for spot in xy]
    assert (spread[at_border].mean() > 1.1) == apart
