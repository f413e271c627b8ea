"""Mixtures of negative binomials against scipy and Monte Carlo."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from napari_concert.model import mixture
from napari_concert.model.mixture import Mixture, moments, quantiles

LEVELS = 0.025, 0.5, 0.975
DRAWS = 200_000


def make(n: int = 3, parts: int = 2, genes: int = 4, *, level: float = 1.0, sd: float = 0.5) -> Mixture:
    """Return mixtures whose means lie around ``exp(level)``."""
    rng = np.random.default_rng(5)
    weight = rng.dirichlet(np.ones(parts), n)
    mean, variance = level + rng.normal(size=(n, parts, genes)), sd**2 * rng.uniform(0.2, 1, (n, parts, genes))
    return Mixture(weight, mean, variance, np.exp(rng.normal(1.5, 0.5, genes)))


def drawn(mixed: Mixture, spot: int, gene: int) -> np.ndarray:
    """Draw counts of one spot and gene."""
    rng = np.random.default_rng(spot * 100 + gene)
    part = rng.choice(mixed.weight.shape[1], DRAWS, p=mixed.weight[spot])
    eta = rng.normal(mixed.mean[spot, part, gene], np.sqrt(mixed.variance[spot, part, gene]))
    return rng.poisson(rng.gamma(mixed.theta[gene], np.exp(eta) / mixed.theta[gene]))


@pytest.mark.parametrize(("spot", "gene"), [(0, 0), (1, 2), (2, 3)])
def test_moments_are_those_of_drawn_counts(spot: int, gene: int) -> None:
    mixed = make()
    expected, sd = (part[spot, gene] for part in moments(mixed))
    counts = drawn(mixed, spot, gene)
    assert expected == pytest.approx(counts.mean(), rel=0.015)
    assert sd == pytest.approx(counts.std(), rel=0.03)


@pytest.mark.parametrize("level", [0.0, 2.0, 6.0], ids=["few", "some", "many"])
def test_quantiles_are_those_of_drawn_counts(level: float) -> None:
    mixed = make(level=level)
    found = quantiles(mixed, LEVELS)
    for spot, gene in ((0, 1), (2, 2)):
        counts = drawn(mixed, spot, gene)
        for wanted, count in zip(LEVELS, found[:, spot, gene], strict=True):
            assert (counts <= count).mean() > wanted - 0.002
            assert (counts < count).mean() < wanted + 0.002


@pytest.mark.parametrize("level", [0.0, 3.0, 7.0])
def test_a_known_mean_gives_the_negative_binomial(level: float) -> None:
    mixed = make(parts=1, level=level, sd=0.0)
    mean = np.exp(mixed.mean[:, 0])
    expected, sd = moments(mixed)
    np.testing.assert_allclose(expected, mean)
    np.testing.assert_allclose(sd**2, mean + mean**2 / mixed.theta)
    for wanted, found in zip(LEVELS, quantiles(mixed, LEVELS), strict=True):
        np.testing.assert_array_equal(found, nbinom.ppf(wanted, mixed.theta, mixed.theta / (mixed.theta + mean)))


def test_small_counts_are_summed_to_what_bisection_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    mixed = make(20, 3, 30)
    found = quantiles(mixed, LEVELS)
    monkeypatch.setattr(mixture, "SMALL", -1)
    np.testing.assert_array_equal(found, quantiles(mixed, LEVELS))


def test_a_component_without_weight_changes_nothing() -> None:
    mixed = make(parts=1)
    padded = Mixture(
        np.hstack([mixed.weight, 0 * mixed.weight]),
        np.concatenate([mixed.mean, mixed.mean + 3], axis=1),
        np.concatenate([mixed.variance, mixed.variance], axis=1),
        mixed.theta,
    )
    np.testing.assert_allclose(moments(mixed), moments(padded))
    np.testing.assert_array_equal(quantiles(mixed, LEVELS), quantiles(padded, LEVELS))


def test_absurd_means_end_and_stay_finite() -> None:
    mixed = make(level=400.0)
    assert np.isfinite(moments(mixed)).all()
    assert np.isfinite(quantiles(mixed, LEVELS)).all()
