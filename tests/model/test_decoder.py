"""Fisher scoring against scipy's optimiser and dense linear algebra."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import gammaln

from napari_concert.model.decoder import (
    LARGEST_STEP,
    Information,
    WeightPosterior,
    WeightPriors,
    cavity,
    scoring_step,
)
from napari_concert.model.likelihood import working
from napari_concert.model.shrinkage import Prior

N, Q, G = 120, 4, 3


@pytest.fixture
def problem() -> dict[str, torch.Tensor]:
    """Return features, counts, sizes, dispersions, and precisions and centres of the priors."""
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(N), rng.normal(size=(N, Q - 1))])
    weights, log_theta, log_size = rng.normal(0, 0.4, (Q, G)), rng.normal(1, 0.4, G), rng.normal(0, 0.3, N)
    mean, theta = np.exp(features @ weights + log_size[:, None]), np.exp(log_theta)
    counts = rng.negative_binomial(theta, theta / (theta + mean)).astype(float)
    precision, centre = np.exp(rng.normal(0, 1, (Q, G))), rng.normal(0, 0.3, (Q, G))
    parts = {"x": features, "y": counts, "size": log_size, "theta": log_theta}
    parts |= {"precision": precision, "centre": centre}
    return {name: torch.from_numpy(part) for name, part in parts.items()}


def _priors(problem: dict[str, torch.Tensor]) -> WeightPriors:
    return WeightPriors(problem["precision"], problem["centre"])


def _information(problem: dict[str, torch.Tensor], mean: torch.Tensor, chunk: int = N, variance: float = 0.0):
    total = Information.zeros(Q, G, "cpu")
    spread = torch.full((N, Q), variance, dtype=torch.float64)
    spread[:, 0] = 0
    for start in range(0, N, chunk):
        rows = slice(start, start + chunk)
        x = problem["x"][rows]
        here = working(problem["y"][rows], x @ mean, problem["size"][rows], problem["theta"])
        total.add(x, spread[rows], here.score, here.weight, mean)
    return total


def _converged(problem: dict[str, torch.Tensor], chunk: int = N) -> WeightPosterior:
    mean = torch.zeros(Q, G, dtype=torch.float64)
    for _ in range(30):
        posterior = scoring_step(mean, _information(problem, mean, chunk), _priors(problem))
        mean = posterior.mean
    return posterior


def _objective(weights: np.ndarray, problem: dict[str, torch.Tensor], gene: int) -> float:
    """Return the penalised negative log-likelihood of one gene."""
    x, y, theta = problem["x"].numpy(), problem["y"][:, gene].numpy(), problem["theta"][gene].exp().item()
    mean = np.exp(x @ weights + problem["size"].numpy())
    log_prob = gammaln(y + theta) - gammaln(theta) - gammaln(y + 1)
    log_prob += theta * np.log(theta / (theta + mean)) + y * np.log(mean / (theta + mean))
    off = weights - problem["centre"][:, gene].numpy()
    return float(0.5 * (problem["precision"][:, gene].numpy() * off**2).sum() - log_prob.sum())


@pytest.mark.parametrize("gene", range(G))
def test_scoring_ends_at_scipys_optimum(problem: dict[str, torch.Tensor], gene: int) -> None:
    found = _converged(problem).mean[:, gene].numpy()
    best = minimize(_objective, np.zeros(Q), args=(problem, gene), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(found, best.x, atol=1e-5)


@pytest.mark.parametrize("gene", range(G))
def test_covariance_is_the_inverse_information(problem: dict[str, torch.Tensor], gene: int) -> None:
    posterior = _converged(problem)
    x, w = problem["x"].numpy(), posterior.mean[:, gene].numpy()
    mean, theta = np.exp(x @ w + problem["size"].numpy()), problem["theta"][gene].exp().item()
    slope = np.empty((N, Q))  # of the mean in every weight, by central differences
    for q, h in enumerate(1e-6 * np.eye(Q)):
        slope[:, q] = (
            np.exp(x @ (w + h) + problem["size"].numpy()) - np.exp(x @ (w - h) + problem["size"].numpy())
        ) / 2e-6
    information = slope.T @ (slope / (mean + mean**2 / theta)[:, None])  # Fisher information of a mean parameter
    expected = np.linalg.inv(information + np.diag(problem["precision"][:, gene].numpy()))
    np.testing.assert_allclose(posterior.covariance[gene], expected, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize("chunk", [1, 7, 64, 119])
def test_chunks_play_no_part(problem: dict[str, torch.Tensor], chunk: int) -> None:
    whole, parts = _converged(problem), _converged(problem, chunk)
    assert torch.allclose(whole.mean, parts.mean, atol=1e-12)
    assert torch.allclose(whole.covariance, parts.covariance, atol=1e-12)


def test_uncertain_features_count_as_errors_in_variables(problem: dict[str, torch.Tensor]) -> None:
    mean = 0.3 * torch.ones(Q, G, dtype=torch.float64)
    sure, unsure = _information(problem, mean), _information(problem, mean, variance=0.2)
    weight = working(problem["y"], problem["x"] @ mean, problem["size"], problem["theta"]).weight.sum(0)
    more = torch.diag_embed(0.2 * weight[:, None] * torch.tensor([0.0, 1, 1, 1], dtype=torch.float64))
    assert torch.allclose(unsure.unpack(), sure.unpack() + more)
    less = torch.einsum("gqr,rg->qg", more, mean)
    assert torch.allclose(unsure.gradient, sure.gradient - less)


def test_a_step_is_bounded(problem: dict[str, torch.Tensor]) -> None:
    far = torch.zeros(Q, G, dtype=torch.float64)
    far[0] = -12.0
    flat = WeightPriors(torch.full_like(far, 1e-6), torch.zeros_like(far))
    posterior = scoring_step(far, _information(problem, far), flat)
    assert (posterior.mean - far).abs().max() <= LARGEST_STEP + 1e-12


@pytest.mark.parametrize("row", range(Q))
def test_the_cavity_is_the_estimate_under_any_prior(problem: dict[str, torch.Tensor], row: int) -> None:
    """To a Gaussian likelihood a row's own prior does not matter: neither its width nor its centre."""
    rng = np.random.default_rng(1)
    root = rng.normal(size=(G, Q, Q + 2))
    fisher = root @ root.transpose(0, 2, 1)
    fitted = rng.normal(size=(Q, G))
    found = []
    for precision, centre in ((1e-4, 0.0), (3.0, 0.7)):
        priors = _priors(problem).clone()
        priors.precision[row], priors.centre[row] = precision, centre
        lam = np.stack([np.diag(column) for column in priors.precision.numpy().T])
        covariance = np.linalg.inv(fisher + lam)
        target = np.einsum("gqr,rg->qg", fisher, fitted) + (priors.precision * priors.centre).numpy()
        mean = np.einsum("gqr,rg->qg", covariance, target)
        found.append(cavity(WeightPosterior(torch.from_numpy(mean), torch.from_numpy(covariance), priors), row))
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8)


def test_of_orthogonal_features_the_cavity_is_estimate_and_error() -> None:
    rng = np.random.default_rng(1)
    estimate, error = torch.from_numpy(rng.normal(0, 0.5, (2, 200))), torch.full((2, 200), 0.2, dtype=torch.float64)
    for precision, centre in ((0.1, 0.0), (30.0, -0.4)):
        priors = WeightPriors(torch.full_like(estimate, precision), torch.full_like(estimate, centre))
        variance = 1 / (error**-2 + precision)
        mean = variance * (estimate / error**2 + precision * centre)
        shrunk = WeightPosterior(mean, torch.diag_embed(variance.mT), priors)
        for row in (0, 1):
            found = cavity(shrunk, row)
            assert torch.allclose(found[0], estimate[row])
            assert torch.allclose(found[1], error[row])


def test_a_row_of_priors_moves_halfway_and_alone() -> None:
    priors = WeightPriors(torch.full((3, 2), 4.0), torch.zeros(3, 2))
    before = priors.clone()
    priors.move(1, Prior(torch.tensor([1.0, -1.0]), torch.tensor([16.0, 1.0])))
    np.testing.assert_allclose(priors.precision, [[4, 4], [8, 2], [4, 4]])
    np.testing.assert_allclose(priors.centre, [[0, 0], [0.5, -0.5], [0, 0]])
    assert (before.precision == 4).all()
