"""The encoder against an independent optimum of the log joint, found by scipy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.stats import nbinom

from napari_concert.model import svgp
from napari_concert.model.encoder import Encoder, Latents, inducing_count, infer_latents
from napari_concert.model.steps import to_end


class Joint:
    """The log joint of counts and latents of a small slide, written with numpy and scipy."""

    def __init__(self, case: Any, hidden: np.ndarray | None = None) -> None:
        self.network = case.network()
        self.network.size_shift.copy_(torch.linspace(-0.2, 0.2, self.network.n_attributes))
        self.encoder = Encoder(self.network, case.spots(hidden), case.features(self.network))
        self.counts, self.size = case.arrays.counts.toarray(), case.arrays.size
        self.seen = np.ones(len(self.size), dtype=bool) if hidden is None else ~hidden
        self.basis, self.k = self.encoder.basis.numpy(), self.network.config.spatial_factors
        levels = self.network.weights[: self.network.n_attributes] + self.network.size_shift[:, None]
        self.own = self.encoder.features.numpy() @ levels.numpy()
        self.weights, self.theta = self.network.latent_weights.numpy(), self.network.log_theta.exp().numpy()
        self.shape = (len(self.basis), self.k), (len(self.size), len(self.weights) - self.k)

    def latents(self, flat: np.ndarray) -> np.ndarray:
        m = np.prod(self.shape[0])
        return np.hstack([self.basis.T @ flat[:m].reshape(self.shape[0]), flat[m:].reshape(self.shape[1])])

    def mean(self, latents: np.ndarray) -> np.ndarray:
        return self.size[:, None] * np.exp(self.own + latents @ self.weights)

    def curvature(self, latents: np.ndarray) -> np.ndarray:
        mean = self.mean(latents)
        return mean * (1 + self.counts / self.theta) / (1 + mean / self.theta) ** 2

    def negative(self, flat: np.ndarray) -> float:
        mean = self.mean(self.latents(flat))
        log_prob = nbinom.logpmf(self.counts, self.theta, self.theta / (self.theta + mean))
        return float(0.5 * flat @ flat - log_prob[self.seen].sum())

    def gradient(self, flat: np.ndarray) -> np.ndarray:
        mean = self.mean(self.latents(flat))
        slope = ((self.counts - mean) / (1 + mean / self.theta) * self.seen[:, None]) @ self.weights.T
        return flat - np.concatenate([(self.basis @ slope[:, : self.k]).ravel(), slope[:, self.k :].ravel()])

    def optimum(self) -> np.ndarray:
        start = np.zeros(sum(int(np.prod(shape)) for shape in self.shape))
        found = minimize(
            self.negative, start, jac=self.gradient, method="BFGS", options={"gtol": 1e-7, "maxiter": 2000}
        )
        return self.latents(found.x)


@pytest.mark.parametrize("with_hidden", [False, True])
@pytest.mark.parametrize("n_places", [1, 2])
def test_newton_ends_at_scipys_optimum(case: Callable[..., Any], with_hidden: bool, n_places: int) -> None:
    slide = case(30, 5, n_places=n_places, inducing_points=8)
    hidden = np.arange(30) % 4 == 0 if with_hidden else None
    joint = Joint(slide, hidden)
    np.testing.assert_allclose(joint.encoder.infer().mean, joint.optimum(), atol=2e-5)


def test_the_gradient_vanishes_at_the_mode(case: Callable[..., Any]) -> None:
    joint = Joint(case(60, 8, mean_count=20.0))
    found = joint.encoder.infer()
    flat = np.concatenate([found.whitened.numpy().ravel(), found.mean[:, joint.k :].numpy().ravel()])
    assert np.abs(joint.gradient(flat)).max() < 1e-4


def test_score_and_information_are_those_of_the_counts(case: Callable[..., Any]) -> None:
    joint = Joint(case(12, 4))
    rng = np.random.default_rng(0)
    at = rng.normal(size=(12, 3))
    reading = to_end(joint.encoder.read(Latents(torch.from_numpy(at), torch.zeros(12, 3), torch.zeros(1, 2))))

    def log_prob(latents: np.ndarray) -> np.ndarray:
        mean = joint.mean(latents)
        return nbinom.logpmf(joint.counts, joint.theta, joint.theta / (joint.theta + mean)).sum(1)

    for factor, h in enumerate(1e-5 * np.eye(3)):
        slope = (log_prob(at + h) - log_prob(at - h)) / 2e-5
        np.testing.assert_allclose(reading.score[:, factor], slope, rtol=1e-4, atol=1e-4)
    differs = reading.value - log_prob(at).sum()
    elsewhere = Latents(torch.from_numpy(at + 0.3), torch.zeros(12, 3), torch.zeros(1, 2))
    assert to_end(joint.encoder.read(elsewhere)).value - log_prob(at + 0.3).sum() == pytest.approx(differs)
    weight = joint.curvature(at)
    expected = np.einsum("ng,ag,bg->nab", weight, joint.weights, joint.weights)
    np.testing.assert_allclose(reading.information, expected, rtol=1e-9)


def test_a_reading_scales_with_the_latents(case: Callable[..., Any]) -> None:
    joint, scale = Joint(case(20, 5)), torch.tensor([0.5, 2.0, 1.3], dtype=torch.float64)
    at = Latents(torch.randn(20, 3, dtype=torch.float64), torch.zeros(20, 3), torch.zeros(1, 2))
    before = to_end(joint.encoder.read(at))
    joint.network.weights[joint.network.n_attributes :] *= scale[:, None]
    after = to_end(joint.encoder.read(Latents(at.mean / scale, at.variance, at.whitened)))
    for found, expected in zip(before.scaled(scale), after, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_variance_is_laplaces_from_each_latents_own_information(case: Callable[..., Any]) -> None:
    joint = Joint(case(25, 5, inducing_points=25))
    found = joint.encoder.infer()
    own = joint.curvature(found.mean.numpy()) @ joint.weights.T**2
    np.testing.assert_allclose(found.variance[:, joint.k :], 1 / (1 + own[:, joint.k :]), rtol=1e-5)
    for factor in range(joint.k):
        low = joint.basis.T @ joint.basis
        precise = np.diag(own[:, factor])
        gain = low @ np.linalg.inv(np.eye(25) + precise @ low) @ precise
        expected = np.diag(low - gain @ low) + 1 - np.diag(low)
        np.testing.assert_allclose(found.variance[:, factor], expected, rtol=1e-5)


def test_counts_of_hidden_spots_play_no_part(case: Callable[..., Any]) -> None:
    slide, hidden = case(50, 6), np.arange(50) % 5 == 0
    changed = slide.arrays.counts.toarray()
    changed[hidden] = 9 * changed[hidden] + 7
    other = replace(slide, arrays=replace(slide.arrays, counts=csr_matrix(changed)))
    one, two = Joint(slide, hidden).encoder.infer(), Joint(other, hidden).encoder.infer()
    assert torch.equal(one.mean, two.mean)
    assert torch.equal(one.variance, two.variance)
    assert (one.mean[hidden, 2:] == 0).all()  # nothing is known of what is their own
    assert (one.variance[hidden, 2:] == 1).all()
    assert (one.mean[hidden, :2] != 0).all()  # their neighbours tell of what is smooth
    assert not torch.allclose(one.mean, Joint(slide).encoder.infer().mean)


def test_places_tell_nothing_of_each_other(case: Callable[..., Any]) -> None:
    slide = case(40, 6, n_places=2, inducing_points=40)
    first = slide.arrays.place == 0
    changed = slide.arrays.counts.toarray()
    changed[~first] = changed[~first][::-1] * 5
    other = replace(slide, arrays=replace(slide.arrays, counts=csr_matrix(changed)))
    one, two = Joint(slide).encoder.infer(), Joint(other).encoder.infer()
    assert torch.allclose(one.mean[first], two.mean[first], atol=1e-6)
    assert (one.mean[~first] - two.mean[~first]).abs().max() > 0.1


@pytest.mark.parametrize("entries", [64 * 6, 1_000_000])
def test_order_of_spots_and_batches_play_no_part(case: Callable[..., Any], entries: int) -> None:
    slide = case(200, 6)
    network, order = slide.network(), np.random.default_rng(0).permutation(200)
    plain = infer_latents(network, slide.arrays, slide.features(network).numpy())
    other = slide.reordered(order)
    network.config = replace(network.config, batch_entries=entries)
    again = infer_latents(network, other.arrays, other.features(network).numpy())
    np.testing.assert_allclose(again, plain[order], atol=1e-7)


@pytest.mark.parametrize("mean_count", [0.01, 2000.0, 1e5])
def test_counts_far_off_what_was_expected_still_converge(case: Callable[..., Any], mean_count: float) -> None:
    joint = Joint(case(40, 3, mean_count=mean_count))
    found = joint.encoder.infer()
    assert torch.isfinite(found.mean).all()
    again, _ = to_end(joint.encoder.step(found))
    assert (again.mean - found.mean).abs().max() < 1e-5


def test_divergence_is_that_of_all_latents(case: Callable[..., Any]) -> None:
    joint = Joint(case(30, 5))
    found = joint.encoder.infer()
    own = torch.distributions.kl_divergence(
        torch.distributions.Normal(found.mean[:, 2:], found.variance[:, 2:].sqrt()),
        torch.distributions.Normal(0.0, 1.0),
    ).sum()
    assert found.posterior is not None
    assert found.divergence(2) == pytest.approx(float(own + svgp.kl_divergence(found.posterior)), rel=1e-9)
    assert Latents(found.mean, found.variance, found.whitened).divergence(2) == 0


@pytest.mark.parametrize(
    ("n_spots", "n_places", "expected"),
    [(5, 1, 5), (40, 1, 16), (800, 1, 100), (5000, 1, 128), (9000, 9, 512), (60, 3, 48)],
)
def test_inducing_points_grow_with_the_slide_up_to_a_limit(
    case: Callable[..., Any], n_spots: int, n_places: int, expected: int
) -> None:
    slide = case(n_spots, 1)
    arrays = replace(slide.arrays, place=np.arange(n_spots) % n_places)
    assert inducing_count(arrays, 128) == expected


@pytest.mark.parametrize(("n_spots", "expected"), [(40, 16), (800, 100), (1600, 200), (9600, 256)])
def test_sections_in_one_space_need_more_of_them(case: Callable[..., Any], n_spots: int, expected: int) -> None:
    arrays = case(n_spots, 1).arrays
    deep = replace(arrays, coords=np.column_stack([arrays.coords[:, :2], np.zeros(n_spots)]))
    assert inducing_count(deep, 128) == expected
