"""The ceiling: its likelihood against numerical derivatives, its shrinkage against quadrature, and what it reaches."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime, minimize
from scipy.stats import nbinom, norm

from napari_concert import simulate
from napari_concert.evaluate import oracle
from napari_concert.evaluate.metrics import pearson
from napari_concert.evaluate.oracle import SDS, fit_oracle, shrink
from napari_concert.io import from_anndata
from napari_concert.patches import WhatIf


def problem(n: int = 200, genes: int = 3) -> oracle.Problem:
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(n), rng.normal(0, 1, (n, 2))])
    counts = rng.negative_binomial(3, 0.4, (n, genes)).astype(float)
    return oracle.Problem(features, counts, rng.uniform(0.5, 2, (n, 1)), np.array([2.0, 5.0, 9.0])[:genes])


def log_likelihood(weights: np.ndarray, given: oracle.Problem, g: int) -> float:
    mean = given.size[:, 0] * np.exp(given.features @ weights)
    return float(nbinom.logpmf(given.counts[:, g], given.theta[g], given.theta[g] / (given.theta[g] + mean)).sum())


def test_the_gradient_is_that_of_the_likelihood() -> None:
    given, weights = problem(), np.random.default_rng(1).normal(0, 0.3, (3, 3))
    _, gradient = given.quadratic(weights)
    for g in range(3):
        assert np.allclose(gradient[:, g], approx_fprime(weights[:, g], log_likelihood, 1e-6, given, g), atol=1e-2)


def test_ridge_steps_end_at_the_penalised_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "STEPS", 0)
    monkeypatch.setattr(oracle, "FLAT_STEPS", 30)
    given, is_level = problem(), np.array([True, False, False])
    found = oracle.fit_weights(given, is_level)
    for g in range(3):
        best = minimize(
            lambda w, g=g: 0.5 * (w[1:] @ w[1:]) - log_likelihood(w, given, g), np.zeros(3), method="Nelder-Mead"
        )
        assert np.allclose(found[:, g], best.x, atol=1e-3)


def test_shrunk_estimates_are_posterior_means() -> None:
    shares = np.array([0.4, 0, 0, 0.2, 0, 0.3, 0, 0.1])
    estimate, variance = np.array([0.1, 0.6, -1.5]), np.array([0.04, 0.1, 0.2])
    found, spread, again = shrink(estimate, variance, shares)
    for mean, left, e, v in zip(found, spread, estimate, variance, strict=True):
        slab = [(share, sd) for share, sd in zip(shares, SDS, strict=True) if sd > 0]

        def weigh(b: float, e: float = e, v: float = v, slab: list = slab) -> float:
            return norm.pdf(e, b, np.sqrt(v)) * sum(share * norm.pdf(b, 0, sd) for share, sd in slab)

        total = quad(weigh, -9, 9, points=[0])[0] + shares[0] * norm.pdf(e, 0, np.sqrt(v))
        moments = [quad(lambda b, k=k: b**k * weigh(b), -9, 9, points=[0])[0] / total for k in (1, 2)]
        assert mean == pytest.approx(moments[0], abs=1e-6)
        assert left == pytest.approx(moments[1] - moments[0] ** 2, abs=1e-6)
    assert again.sum() == pytest.approx(1)


@pytest.mark.parametrize("name", ["base", "state-dependent", "mislabelled"])
def test_it_finds_most_of_the_change(name: str) -> None:
    slide = from_anndata(simulate.family(name).simulate(1, 900, 120))
    what_if, genes = simulate.example(slide), list(slide.genes)
    fit = fit_oracle(slide, genes)
    found = fit.log_mean(slide, what_if) - fit.log_mean(slide, WhatIf())
    true = simulate.truth(slide, what_if).change
    assert pearson(found[what_if.rows].mean(axis=0), true[what_if.rows].mean(axis=0)) > 0.9
    assert not found[(true == 0).all(axis=1)].any()
