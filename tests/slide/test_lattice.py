"""A lattice is found in any position, whatever the order of its spots, and made finer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from napari_concert.slide.lattice import Lattice, fit_lattice

KINDS = st.sampled_from(["hex", "square"])
TURNS = st.floats(-180, 180)
SHIFTS = st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)).map(np.array)


def spots(kind: str, degrees: float, shift: np.ndarray, side: int = 15) -> np.ndarray:
    lattice = Lattice.turned(kind, 100.0, shift, degrees)
    i, j = np.divmod(np.arange(side * side), side)
    return lattice.origin + np.column_stack([i, j]) @ lattice.steps


def apart(nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    return cKDTree(nodes).query(points)[0]


@given(kind=KINDS, degrees=TURNS, shift=SHIFTS, seed=st.integers(0, 99))
def test_it_is_found_turned_shifted_in_any_order_and_with_a_hole(kind, degrees, shift, seed):
    rng = np.random.default_rng(seed)
    points = spots(kind, degrees, shift)
    middle = points.mean(axis=0)
    kept = rng.permutation(points[np.linalg.norm(points - middle, axis=1) > 350])
    found = fit_lattice(kept, kind, 100.0, middle)
    nodes = found.nodes(points.min(axis=0) - 1, points.max(axis=0) + 1)
    assert apart(nodes, points).max() < 1e-6
    assert cKDTree(nodes).query(nodes, k=2)[0][:, 1].min() == pytest.approx(100)


@given(kind=KINDS, degrees=TURNS, seed=st.integers(0, 99))
def test_jitter_and_spots_off_the_lattice_do_not_mislead_it(kind, degrees, seed):
    rng = np.random.default_rng(seed)
    points = spots(kind, degrees, np.zeros(2))
    shaken = points + rng.normal(0, 4, points.shape)
    shaken[rng.choice(len(points), 5, replace=False)] += 45
    found = fit_lattice(shaken, kind, 100.0, points.mean(axis=0))
    assert apart(found.nodes(points.min(axis=0) - 20, points.max(axis=0) + 20), points).max() < 8


@pytest.mark.parametrize(("kind", "whole"), [("hex", (3, 4, 7, 9, 12, 13, 16)), ("square", (2, 4, 5, 8, 9, 10, 13))])
def test_a_finer_one_keeps_the_places_where_it_can(kind, whole):
    points = spots(kind, 17.0, np.array([30.0, -5.0]), side=6)
    coarse = Lattice.turned(kind, 100.0, points[0], 17.0)
    for times in range(2, 14):
        finer = coarse.finer(times, kind)
        assert abs(np.linalg.det(coarse.steps)) == pytest.approx(times * abs(np.linalg.det(finer.steps)))
        assert finer.pitch == pytest.approx(100 / times**0.5)
        keeps = apart(finer.nodes(points.min(axis=0) - 1, points.max(axis=0) + 1), points).max() < 1e-6
        assert keeps == (times in whole)


def test_one_spot_or_a_row_of_spots_still_have_one():
    for points in (np.zeros((1, 2)), np.column_stack([np.arange(5) * 100.0, np.zeros(5)])):
        found = fit_lattice(points, "hex", 100.0, np.zeros(2))
        assert found.pitch == pytest.approx(100)
        assert apart(found.nodes(points.min(axis=0) - 1, points.max(axis=0) + 1), points).max() < 1e-6
