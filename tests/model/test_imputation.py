"""In-painting against the model itself, Monte Carlo, and what it must not depend on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from napari_concert.model import imputation, mixture
from napari_concert.model.data import UNKNOWN, SpotArrays
from napari_concert.model.encoder import Encoder
from napari_concert.model.imputation import (
    Factors,
    Imputed,
    Measured,
    Parts,
    impute,
    likely,
    log_mean,
    pair_features,
    spatial_factors,
)
from napari_concert.model.labels import Where

NEW = 12


@pytest.fixture
def world(case):
    """Return a slide, its network with a covariance, the spots as measured, and some new ones."""
    slide = case(150, 7, inducing_points=10_000, spatial_factors=3)
    network = slide.network(size=0.3)
    rng = np.random.default_rng(0)
    root = 0.1 * rng.normal(size=network.covariance.shape)
    network.covariance.copy_(torch.from_numpy(root @ root.transpose(0, 2, 1)))
    return slide, network, measure(network, slide), new_spots(rng.uniform(0, 11, (NEW, 2)))


def measure(network, slide) -> Measured:
    """Return what is inferred of a slide."""
    features = slide.features(network)
    return Measured(slide.arrays, features.numpy(), Encoder(network, slide.spots(), features).infer().mean.numpy())


def new_spots(coords: np.ndarray, state: int = UNKNOWN, tissue: int = UNKNOWN) -> SpotArrays:
    """Return spots without counts."""
    n = len(coords)
    codes = np.zeros(n, dtype=np.int64)
    return SpotArrays(
        csr_matrix((n, 0)), np.ones(n), coords, codes, codes + state, codes + tissue, codes, np.zeros((n, 0))
    )


def values(found: Imputed) -> np.ndarray:
    """Return all numbers (4, n, G) of an imputation."""
    return np.stack([found.expected, found.sd, found.lower, found.upper])


def test_the_factors_at_measured_positions_are_the_encoders(world) -> None:
    slide, network, measured, _ = world
    latents = Encoder(network, slide.spots(), slide.features(network)).infer()
    found = spatial_factors(network, measured, Where.of(slide.arrays))
    np.testing.assert_allclose(found.mean, latents.mean[:, :3], atol=1e-6)
    np.testing.assert_allclose(found.variance, latents.variance[:, :3], atol=1e-6)


def test_far_away_the_factors_are_their_prior(world) -> None:
    _, network, measured, _ = world
    found = spatial_factors(network, measured, Where(np.full((1, 2), 1e5), np.zeros(1, np.int64)))
    np.testing.assert_allclose(found.mean, 0, atol=1e-4)
    np.testing.assert_allclose(found.variance, 1, atol=1e-4)


def test_a_spot_taken_out_has_the_features_that_it_had(world) -> None:
    slide, network, _, _ = world
    whole = slide.features(network).numpy()
    for row in (3, 40, 77):
        rest = slide.arrays.take(np.delete(np.arange(150), row))
        new, code = new_spots(slide.arrays.coords[[row]]), (slide.arrays.state[row], slide.arrays.tissue[row])
        found = pair_features(network, rest, new, np.array([code]))
        np.testing.assert_allclose(found[0, 0], whole[row], atol=1e-12)


def test_new_spots_propagate_nothing(world) -> None:
    slide, network, _, _ = world
    new = new_spots(slide.arrays.coords[:2] + 0.5)
    both = pair_features(network, slide.arrays, new, np.array([[1, 0]]))
    alone = pair_features(network, slide.arrays, new.take(np.array([1])), np.array([[1, 0]]))
    np.testing.assert_allclose(both[0, 1], alone[0, 0])


@pytest.fixture
def parts(world) -> Parts:
    """Return two spots of two components."""
    _, network, _, _ = world
    rng = np.random.default_rng(3)
    features = rng.normal(size=(2, 2, network.n_attributes))
    weight = np.array([[0.7, 0.3], [1.0, 0.0]])
    return Parts(weight, features, Factors(rng.normal(size=(2, 3)), rng.uniform(0.1, 1, (2, 3))))


def drawn_eta(network, parts: Parts, spot: int, part: int, gene: int, *, weights: bool) -> np.ndarray:
    """Draw log means with latents, and weights too if asked for."""
    rng = np.random.default_rng(1)
    n = 400_000
    factors = rng.normal(parts.factors.mean[spot], np.sqrt(parts.factors.variance[spot]), (n, 3))
    fixed = np.tile(parts.features[spot, part], (n, 1))
    x = np.hstack([fixed, factors, rng.normal(size=(n, network.config.intrinsic_factors))])
    w = network.weights[:, gene].numpy()
    if not weights:
        return x @ w
    return np.einsum("nq,nq->n", x, rng.multivariate_normal(w, network.covariance[gene].numpy(), n))


def test_the_variance_of_the_log_mean_is_that_of_draws(world, parts) -> None:
    _, network, _, _ = world
    found = log_mean(network, parts)
    for spot, part, gene in ((0, 0, 1), (0, 1, 4), (1, 0, 6)):
        eta = drawn_eta(network, parts, spot, part, gene, weights=True)
        assert found.variance[spot, part, gene] == pytest.approx(eta.var(), rel=0.02)


def test_expected_counts_integrate_the_latents_out(world, parts) -> None:
    _, network, _, _ = world
    expected, _ = mixture.moments(log_mean(network, parts))
    for spot, gene in ((0, 2), (1, 5)):
        means = [np.exp(drawn_eta(network, parts, spot, part, gene, weights=False)).mean() for part in (0, 1)]
        assert expected[spot, gene] == pytest.approx(parts.weight[spot] @ means, rel=0.03)


def test_the_interval_is_that_of_drawn_counts(world) -> None:
    slide, network, measured, new = world
    found = impute(network, measured, new)
    rng, weight_free = np.random.default_rng(4), network.covariance.clone()
    network.covariance.zero_()
    sure = impute(network, measured, new)
    factors = spatial_factors(network, measured, Where.of(new))
    features = pair_features(network, slide.arrays, new, sure.labels.codes)
    for spot, gene in ((0, 0), (5, 3)):
        part = rng.choice(len(features), 100_000, p=sure.labels.probability[spot])
        f = rng.normal(factors.mean[spot], np.sqrt(factors.variance[spot]), (100_000, 3))
        x = np.hstack([features[part, spot], f, rng.normal(size=(100_000, 1))])
        theta = float(network.log_theta[gene].exp())
        mean = np.exp(x @ network.weights[:, gene].numpy())
        counts = rng.poisson(rng.gamma(theta, mean / theta))
        assert sure.expected[spot, gene] == pytest.approx(counts.mean(), rel=0.03)
        assert sure.sd[spot, gene] == pytest.approx(counts.std(), rel=0.1)
        for bound, level in ((sure.lower, 0.025), (sure.upper, 0.975)):
            assert (counts <= bound[spot, gene]).mean() > level - 0.004
            assert (counts < bound[spot, gene]).mean() < level + 0.004
    network.covariance.copy_(weight_free)
    np.testing.assert_allclose(found.expected, sure.expected, rtol=1e-5)  # the weights' spread moves no expectation
    assert (found.sd > sure.sd).all()


def test_the_batch_size_changes_nothing(world, monkeypatch) -> None:
    _, network, measured, new = world
    plain = impute(network, measured, new)
    monkeypatch.setattr(imputation, "BATCH_ENTRIES", 1)
    np.testing.assert_allclose(values(impute(network, measured, new)), values(plain))


def test_neither_order_nor_other_positions_matter(world) -> None:
    slide, network, measured, new = world
    plain, rng = impute(network, measured, new), np.random.default_rng(6)
    order = rng.permutation(NEW)
    np.testing.assert_allclose(values(impute(network, measured, new.take(order))), values(plain)[:, order], rtol=1e-5)
    np.testing.assert_allclose(
        values(impute(network, measured, new.take(order[:1]))), values(plain)[:, order[:1]], rtol=1e-5
    )
    mixed = slide.reordered(rng.permutation(150))
    np.testing.assert_allclose(values(impute(network, measure(network, mixed), new)), values(plain), rtol=1e-4)


def test_turning_and_moving_the_tissue_changes_nothing(world, monkeypatch) -> None:
    monkeypatch.setattr("napari_concert.model.encoder.inducing_count", lambda arrays, _: len(arrays))
    slide, network, _, new = world  # its kernels are as they start: round
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    moved = replace(slide, arrays=replace(slide.arrays, coords=slide.arrays.coords @ turn + [30, 7]))
    there = impute(network, measure(network, moved), replace(new, coords=new.coords @ turn + [30, 7]))
    np.testing.assert_allclose(values(there), values(impute(network, measure(network, slide), new)), rtol=1e-4)


def test_what_was_told_of_the_spatial_variation(world) -> None:
    slide, network, measured, _ = world
    near, far = (
        impute(network, measured, new_spots(at)) for at in (slide.arrays.coords[:5] + 0.1, np.full((1, 2), 1e4))
    )
    assert ((near.known > 0.3) & (near.known <= 1)).all()
    assert far.known[0] == pytest.approx(0, abs=1e-3)
    assert (far.sd > 0).all()


def test_given_labels_are_taken_as_they_are(world) -> None:
    slide, network, measured, _ = world
    found = impute(network, measured, new_spots(slide.arrays.coords[:4] + 0.2, 1, 0))
    assert found.labels.codes.tolist() == [[1, 0]]
    assert (found.labels.probability == 1).all()


def test_places_are_apart(case) -> None:
    slide = case(120, 5, n_places=2)
    network = slide.network()
    measured = measure(network, slide)
    new = new_spots(slide.arrays.coords[:3] + 0.3, 1, 0)
    here, there = (impute(network, measured, replace(new, place=np.full(3, place))) for place in (0, 1))
    one = np.flatnonzero(slide.arrays.place == 0)
    alone = impute(network, measure(network, slide.reordered(one)), new)
    np.testing.assert_allclose(values(here)[:2], values(alone)[:2], rtol=0.1)  # other inducing points
    assert not np.allclose(here.expected, there.expected, rtol=0.1)


def test_likely_pairs_come_first_and_rare_ones_not() -> None:
    weight, pair = likely(np.array([[0.3, 0.699, 0.001], [0.0, 0.0, 1.0]]))
    np.testing.assert_allclose(weight, [[0.699 / 0.999, 0.3 / 0.999], [1, 0]])
    assert pair[0].tolist() == [1, 0]
    assert pair[1, 0] == 2
