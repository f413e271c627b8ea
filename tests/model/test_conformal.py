"""Conformal intervals against a direct computation, and what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from napari_concert.model.conformal import BINS, EDGES, LEVELS, Bands, Pit, bin_of
from napari_concert.model.mixture import Mixture


def make(spots: int, genes: int, *, said: float, true: float, seed: int = 0) -> tuple[Mixture, np.ndarray]:
    """Return predictions whose log mean has sd ``said``, and counts whose log means have sd ``true``."""
    rng = np.random.default_rng(seed)
    level, theta = np.linspace(-4.0, 4.5, genes), np.full(genes, 8.0)
    mean = np.broadcast_to(level, (spots, 1, genes)).copy()
    mixed = Mixture(np.ones((spots, 1)), mean, np.full(mean.shape, said**2), theta)
    rate = np.exp(level + true * rng.normal(size=(spots, genes)))
    return mixed, rng.poisson(rng.gamma(theta, rate / theta)).astype(np.float64)


def drawn(pit: Pit, seed: int) -> np.ndarray:
    """Draw randomised PITs."""
    return np.random.default_rng(seed).uniform(pit.below, pit.upto)


def test_the_pit_is_that_of_scipys_negative_binomial() -> None:
    mixed, counts = make(7, 20, said=0.0, true=0.4)
    pit = Pit.of(mixed, counts)
    mean = np.exp(mixed.mean[:, 0])
    law = nbinom(8.0, 8.0 / (8.0 + mean))
    np.testing.assert_allclose(pit.upto, law.cdf(counts).ravel(), atol=1e-10)
    np.testing.assert_allclose(pit.below, law.cdf(counts - 1).ravel(), atol=1e-10)
    np.testing.assert_allclose(pit.expected, mean.ravel())


def test_coverage_is_the_mean_over_drawn_pits() -> None:
    pit = Pit.of(*make(30, 40, said=0.3, true=0.5))
    tails = np.array([0.5, 0.2, 0.05])
    found = np.mean([[(np.abs(drawn(pit, s) - 0.5) <= (1 - t) / 2).mean() for t in tails] for s in range(200)], axis=0)
    np.testing.assert_allclose(pit.coverage(tails), found, atol=2e-3)


@pytest.mark.parametrize("said", [0.05, 0.5, 1.2], ids=["too sure", "right", "too unsure"])
def test_bands_are_the_conformal_quantile_of_drawn_scores(said: float) -> None:
    """Split conformal prediction done directly: the ⌈(n + 1) q⌉-th smallest score of the hidden counts."""
    mixed, counts = make(400, 30, said=said, true=0.5)
    pit = Pit.of(mixed, counts)
    bands = Bands.fit(pit)
    for one in range(BINS):
        here = pit.bins == one
        score = np.sort(np.abs(drawn(pit.among(here), 3) - 0.5))
        for level in (0.5, 0.8, 0.95):
            direct = score[min(len(score), int(np.ceil((len(score) + 1) * level))) - 1]
            found = (1 - np.interp(level, LEVELS, bands.tails[one])) / 2
            near = np.quantile(score, [max(level - 0.02, 0), min(level + 0.02, 1)])  # what drawing u may do
            assert near[0] - 0.005 <= found <= near[1] + 0.005
            assert found == pytest.approx(direct, abs=0.03)


@pytest.mark.parametrize("said", [0.05, 0.25, 1.2])
def test_fresh_counts_are_held_as_promised_in_every_bin(said: float) -> None:
    bands = Bands.fit(Pit.of(*make(600, 40, said=said, true=0.5, seed=1)))
    mixed, counts = make(600, 40, said=said, true=0.5, seed=2)
    pit = Pit.of(mixed, counts)
    low, high = bands.interval(mixed, 0.95)
    held = ((low <= counts) & (counts <= high)).ravel()
    for one in range(BINS):
        here = pit.bins == one
        tail = bands.tail(pit.expected[here], 0.95)
        assert pit.among(here).coverage(tail[None])[0] == pytest.approx(0.95, abs=0.01)
        assert held[here].mean() > 0.94, "whole counts hold as much or more"


def test_a_right_distribution_is_left_alone() -> None:
    bands = Bands.fit(Pit.of(*make(1500, 40, said=0.5, true=0.5)))
    np.testing.assert_allclose(bands.held(0.95), 0.95, atol=0.01)
    np.testing.assert_allclose(bands.tails[:, 50:96], 1 - np.tile(LEVELS[50:96], (BINS, 1)), atol=0.03)


def test_few_hidden_counts_calibrate_nothing_and_thin_bins_take_their_neighbours() -> None:
    mixed, counts = make(2, 40, said=0.1, true=0.5)
    assert not Bands.fit(Pit.of(mixed, counts)).is_calibrated
    assert Bands.plain().interval(mixed, 0.9)[0].shape == (2, 40)
    mixed, counts = make(40, 40, said=0.1, true=0.5)
    high = Mixture(mixed.weight, mixed.mean + 2.5, mixed.variance, mixed.theta)
    bands = Bands.fit(Pit.of(high, counts))
    assert (bands.entries >= 300).all()
    np.testing.assert_array_equal(bands.tails[0], bands.tails[1])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 0.99), st.floats(0.0, 1.5), st.floats(0.0, 1.5))
def test_higher_levels_hold_no_less(seed: int, level: float, said: float, true: float) -> None:
    mixed, counts = make(60, 15, said=said, true=true, seed=seed)
    bands = Bands.fit(Pit.of(mixed, counts))
    assert (np.diff(bands.tails, axis=1) <= 0).all()
    assert ((bands.tails >= 0) & (bands.tails <= 1)).all()
    (low, high), (lower, higher) = bands.interval(mixed, level * 0.8), bands.interval(mixed, level)
    assert (lower <= low).all()
    assert (high <= higher).all()


def test_bins_are_half_open() -> None:
    np.testing.assert_array_equal(bin_of(np.array([0.0, 0.0999, 0.1, 1e9])), [0, 0, 1, len(EDGES)])


def test_narrowing_goes_no_further_than_others_allow() -> None:
    wide, narrow = (Bands(np.full((BINS, len(LEVELS)), tail), np.ones(BINS)) for tail in (0.01, 0.4))
    plain = Bands.plain().tails
    np.testing.assert_array_equal(wide.no_narrower(narrow).tails, np.minimum(0.01, np.maximum(0.4, plain)))
    np.testing.assert_array_equal(narrow.no_narrower(wide).tails, np.minimum(0.4, np.maximum(0.01, plain)))
