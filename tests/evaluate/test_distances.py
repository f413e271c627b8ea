"""The E-distance against other implementations of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from napari_concert.evaluate.distances import distances, energy_distance


def brute(first: np.ndarray, second: np.ndarray) -> float:
    """Return the E-distance by its definition, one pair after another."""
    between = np.mean([np.linalg.norm(x - y) for x in first for y in second])
    one, other = (
        np.mean([np.linalg.norm(x - y) for i, x in enumerate(cloud) for j, y in enumerate(cloud) if i != j])
        for cloud in (first, second)
    )
    return float(2 * between - one - other)


def clouds(seed: int, n: int, m: int, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, dimensions)), rng.normal(0.5, 2, (m, dimensions))


@given(st.integers(0, 1000), st.integers(2, 9), st.integers(2, 9), st.integers(1, 4))
def test_it_is_that_of_its_definition(seed: int, n: int, m: int, dimensions: int) -> None:
    one, other = clouds(seed, n, m, dimensions)
    assert energy_distance(one, other) == pytest.approx(brute(one, other))
    assert energy_distance(one, other) == pytest.approx(energy_distance(other, one))


def test_in_one_dimension_it_is_the_square_of_scipys_but_for_pairs_of_a_spot_with_itself() -> None:
    one, other = clouds(1, 40, 30, 1)
    found = distances(one[:, None], other[:, None])
    for within in (found.first, found.second):
        np.fill_diagonal(within, 0.0)  # scipy counts each spot as a pair of its own
    assert found.energy() == pytest.approx(stats.energy_distance(one.ravel(), other.ravel()) ** 2)


def test_samples_of_one_distribution_have_none_on_average() -> None:
    rng = np.random.default_rng(0)
    found = [energy_distance(*rng.normal(size=(2, 12, 5))) for _ in range(300)]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(300)
    assert energy_distance(rng.normal(size=(50, 5)), rng.normal(2, 1, (50, 5))) > 2


def test_the_spread_counts_and_not_the_mean_alone() -> None:
    rng = np.random.default_rng(0)
    assert energy_distance(rng.normal(size=(200, 5)), rng.normal(0, 3, (200, 5))) > 1


def test_draws_of_a_spot_are_members_of_the_cloud() -> None:
    rng = np.random.default_rng(2)
    drawn, other = rng.normal(size=(4, 3, 2)), rng.normal(size=(5, 2))
    between = np.mean([np.linalg.norm(x - y) for x in drawn.reshape(-1, 2) for y in other])
    spots = [
        np.mean([np.linalg.norm(x - y) for a, x in enumerate(one) for b, y in enumerate(two) if i != j or a != b])
        for i, one in enumerate(drawn)
        for j, two in enumerate(drawn)
    ]
    pairs = [np.linalg.norm(x - y) for i, x in enumerate(other) for j, y in enumerate(other) if i != j]
    found = distances(drawn, other[:, None]).energy()
    assert found == pytest.approx(2 * between - np.mean(spots) - np.mean(pairs))


def test_a_resampled_spot_is_no_pair_with_its_copy() -> None:
    one, other = clouds(3, 4, 6, 2)
    weight = np.array([2.0, 1.0, 0.0, 1.0])
    found = distances(one[:, None], other[:, None]).energy(weight, np.ones(6))
    pairs = [(0, 1), (0, 3), (1, 3)]
    within = np.average([np.linalg.norm(one[i] - one[j]) for i, j in pairs], weights=[2, 2, 1])
    between = np.average(np.linalg.norm(one[:, None] - other, axis=2).mean(axis=1), weights=weight)
    itself = np.mean([np.linalg.norm(x - y) for i, x in enumerate(other) for j, y in enumerate(other) if i != j])
    assert found == pytest.approx(2 * between - within - itself)


def test_one_point_has_no_extent() -> None:
    assert energy_distance(np.zeros((1, 2)), np.array([[3.0, 4.0]])) == pytest.approx(10)
