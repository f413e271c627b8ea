"""The sparse Gaussian process against the dense one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from torch.distributions import MultivariateNormal, kl_divergence

from napari_concert.model import svgp
from napari_concert.model.kernels import gram

N, FACTORS = 40, 3


@pytest.fixture
def slide() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return positions (N, 2), readings and precisions (N, L); some spots are not read."""
    rng = np.random.default_rng(0)
    precision = np.exp(rng.normal(0, 1, (N, FACTORS)))
    precision[rng.uniform(size=N) < 0.2] = 0
    grid = np.stack(np.divmod(np.arange(N), 7), axis=1) * 2.0
    parts = (grid + rng.uniform(-0.3, 0.3, (N, 2)), rng.normal(size=(N, FACTORS)), precision)
    coords, readings, weights = (torch.from_numpy(part) for part in parts)
    return coords, readings, weights


def _kernel(a: torch.Tensor, b: torch.Tensor, log_scale: torch.Tensor | float = -1.4) -> torch.Tensor:
    eye = torch.eye(2, dtype=torch.float64)
    zeros = (torch.zeros(len(a), dtype=torch.int64), torch.zeros(len(b), dtype=torch.int64))
    return gram(a, b, *zeros, log_scale * eye, torch.ones((), dtype=torch.float64))


def _features(coords: torch.Tensor, at: torch.Tensor, log_scale: torch.Tensor | float = -1.4) -> torch.Tensor:
    return svgp.whiten(_kernel(coords[at], coords[at], log_scale), _kernel(coords[at], coords, log_scale))


def test_all_spots_inducing_gives_the_dense_posterior(slide) -> None:
    coords, readings, precision = slide
    features = _features(coords, torch.arange(N))
    mean, variance = svgp.marginals(svgp.posterior(features, readings, precision), features)
    k = _kernel(coords, coords).numpy()
    for factor in range(FACTORS):
        j = precision[:, factor].numpy()
        seen = j > 0
        gain = k[:, seen] @ np.linalg.inv(k[np.ix_(seen, seen)] + np.diag(1 / j[seen]))
        np.testing.assert_allclose(mean[:, factor], gain @ readings[seen, factor].numpy(), atol=2e-5)
        np.testing.assert_allclose(variance[:, factor], np.diag(k - gain @ k[seen]), atol=2e-5)


def test_the_posterior_at_new_positions_is_the_dense_one(slide) -> None:
    coords, readings, precision = slide
    new = torch.tensor([[1.0, 1.0], [5.5, 3.2], [40.0, 40.0]], dtype=torch.float64)
    features = _features(coords, torch.arange(N))
    at_new = svgp.whiten(_kernel(coords, coords), _kernel(coords, new))
    mean, variance = svgp.marginals(svgp.posterior(features, readings, precision), at_new)
    seen = precision[:, 0].numpy() > 0
    k, cross = _kernel(coords, coords).numpy()[np.ix_(seen, seen)], _kernel(new, coords).numpy()[:, seen]
    gain = cross @ np.linalg.inv(k + np.diag(1 / precision[seen, 0].numpy()))
    np.testing.assert_allclose(mean[:, 0], gain @ readings[seen, 0].numpy(), atol=2e-5)
    np.testing.assert_allclose(variance[:, 0], 1 - (gain * cross).sum(1), atol=2e-5)


def test_few_inducing_points_give_the_posterior_of_their_low_rank_prior(slide) -> None:
    coords, readings, precision = slide
    at = torch.arange(0, N, 4)
    features = _features(coords, at)
    mean, variance = svgp.marginals(svgp.posterior(features, readings, precision), features)
    k_mm = _kernel(coords[at], coords[at]).numpy() + svgp.JITTER * np.eye(len(at))
    k_mn = _kernel(coords[at], coords).numpy()
    low = k_mn.T @ np.linalg.solve(k_mm, k_mn)
    j = precision[:, 1].numpy()
    gain = low @ np.linalg.inv(np.eye(N) + np.diag(j) @ low) @ np.diag(j)
    np.testing.assert_allclose(mean[:, 1], gain @ readings[:, 1].numpy(), atol=1e-9)
    np.testing.assert_allclose(variance[:, 1], np.diag(low - gain @ low) + 1 - np.diag(low), atol=1e-9)
    assert (variance > 0).all()
    assert (variance <= 1 + 1e-9).all()


def test_kl_is_that_of_torch_distributions(slide) -> None:
    coords, readings, precision = slide
    post = svgp.posterior(_features(coords, torch.arange(0, N, 3)), readings, precision)
    inverse = torch.cholesky_inverse(post.precision_root)
    size = post.mean.shape[1]
    prior = MultivariateNormal(torch.zeros(size, dtype=torch.float64), torch.eye(size, dtype=torch.float64))
    expected = kl_divergence(MultivariateNormal(post.mean, inverse), prior).sum()
    assert svgp.kl_divergence(post).item() == pytest.approx(expected.item(), rel=1e-10)


def test_no_readings_leave_the_prior(slide) -> None:
    coords, readings, precision = slide
    features = _features(coords, torch.arange(N))
    post = svgp.posterior(features, readings, torch.zeros_like(precision))
    mean, variance = svgp.marginals(post, features)
    assert mean.abs().max() == 0
    assert torch.allclose(variance, torch.ones_like(variance))
    assert svgp.kl_divergence(post).item() == pytest.approx(0, abs=1e-12)


def _dense_evidence(coords, readings, precision, log_scale: float, low_rank: np.ndarray | None = None) -> float:
    """Return the log density of all readings, less what the kernel does not change."""
    k = _kernel(coords, coords, log_scale).numpy() if low_rank is None else low_rank
    total = 0.0
    for factor in range(FACTORS):
        j = precision[:, factor].numpy()
        seen = j > 0
        values = readings[seen, factor].numpy()
        log_density = multivariate_normal(cov=k[np.ix_(seen, seen)] + np.diag(1 / j[seen])).logpdf(values)
        total += log_density + 0.5 * (j[seen] * values**2 - np.log(j[seen]) + np.log(2 * np.pi)).sum()
    return float(total)


def test_all_spots_inducing_gives_the_dense_evidence(slide) -> None:
    coords, readings, precision = slide
    for log_scale in (-2.5, -1.4, -0.5):
        found = svgp.evidence(_features(coords, torch.arange(N), log_scale), readings, precision)[0]
        assert found.item() == pytest.approx(_dense_evidence(coords, readings, precision, log_scale), abs=1e-3)


def test_few_inducing_points_give_titsias_bound(slide) -> None:
    coords, readings, precision = slide
    at = torch.arange(0, N, 4)
    found = svgp.evidence(_features(coords, at), readings, precision)[0].item()
    k_mm = _kernel(coords[at], coords[at]).numpy() + svgp.JITTER * np.eye(len(at))
    k_mn = _kernel(coords[at], coords).numpy()
    low = k_mn.T @ np.linalg.solve(k_mm, k_mn)
    left = 0.5 * (precision.sum(1).numpy() * (1 - np.diag(low))).sum()
    assert found == pytest.approx(_dense_evidence(coords, readings, precision, -1.4, low) - left, rel=1e-8)
    assert found < _dense_evidence(coords, readings, precision, -1.4)


def test_evidence_gradient_by_finite_differences(slide) -> None:
    coords, readings, precision = slide
    at = torch.arange(0, N, 3)

    def bound(log_scale: torch.Tensor) -> torch.Tensor:
        return svgp.evidence(_features(coords, at, log_scale), readings, precision)[0]

    point = torch.tensor(-1.1, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(bound, (point,), eps=1e-5, rtol=1e-4)


def test_the_gradient_of_the_evidence_is_that_of_autograd(slide) -> None:
    coords, readings, precision = slide
    features = _features(coords, torch.arange(0, N, 3)).requires_grad_()
    bound, slope = svgp.evidence(features, readings, precision)
    assert torch.allclose(slope, torch.autograd.grad(bound, features)[0], rtol=1e-9)
    assert slope.abs().max() > 0.1


def test_blocks_of_places_give_what_all_at_once_do(slide) -> None:
    """Three places whose spots and inducing points are mixed in order."""
    coords, readings, precision = slide
    at, place = torch.arange(0, N, 2), torch.arange(N) % 3
    shape = (-2.8 * torch.eye(2, dtype=torch.float64), torch.ones((), dtype=torch.float64))
    k_mm = gram(coords[at], coords[at], place[at], place[at], *shape)
    features = svgp.whiten(k_mm, gram(coords[at], coords, place[at], place, *shape))
    blocks = svgp.parts(place[at], place)
    one, two = svgp.posterior(features, readings, precision), svgp.posterior(features, readings, precision, blocks)
    results = [
        (*one, *svgp.marginals(one, features), *svgp.evidence(features, readings, precision)),
        (*two, *svgp.marginals(two, features, blocks), *svgp.evidence(features, readings, precision, blocks)),
    ]
    same_place = place[at][:, None] == place
    results = [(*found[:-1], found[-1] * same_place) for found in results]  # the others are 0 whatever the kernel
    for whole, divided in zip(*results, strict=True):
        assert torch.allclose(whole, divided, rtol=1e-10, atol=1e-12)


def test_order_of_spots_plays_no_part(slide) -> None:
    coords, readings, precision = slide
    at = torch.arange(0, N, 4)
    order = torch.from_numpy(np.random.default_rng(1).permutation(N))
    inducing = coords[at]
    k_mm = _kernel(inducing, inducing)
    one = svgp.posterior(svgp.whiten(k_mm, _kernel(inducing, coords)), readings, precision)
    two = svgp.posterior(svgp.whiten(k_mm, _kernel(inducing, coords[order])), readings[order], precision[order])
    assert torch.allclose(one.mean, two.mean, atol=1e-10)
    assert torch.allclose(one.precision_root, two.precision_root, atol=1e-10)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 4), st.sampled_from([2, 3]), st.booleans())
def test_inducing_points(seed: int, count: int, n_places: int, dimensions: int, duplicated: bool) -> None:
    rng = np.random.default_rng(seed)
    coords = rng.uniform(0, 10, (30, dimensions))
    if duplicated:
        coords[15:] = coords[:15]
    place = rng.integers(0, n_places, 30)
    chosen = svgp.inducing_points(coords, place, count)
    distinct = len(np.unique(np.column_stack([coords, place]), axis=0))
    assert len(chosen) == min(count, distinct)
    assert len(np.unique(np.column_stack([coords, place])[chosen], axis=0)) == len(chosen)
    if count >= len(np.unique(place)):
        assert set(place[chosen]) == set(place)
    order = rng.permutation(30)
    again = svgp.inducing_points(coords[order], place[order], count)
    np.testing.assert_array_equal(coords[order][again], coords[chosen])
    np.testing.assert_array_equal(place[order][again], place[chosen])


def test_inducing_points_lie_far_apart() -> None:
    coords = np.stack(np.divmod(np.arange(100), 10), axis=1).astype(float)
    chosen = svgp.inducing_points(coords, np.zeros(100, dtype=np.int64), 4)
    np.testing.assert_array_equal(sorted(map(tuple, coords[chosen])), [(0, 0), (0, 9), (9, 0), (9, 9)])
