"""Codes of a slide that a model was not trained on: known offsets come back, and nothing else moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from napari_concert.model.calibration import calibrated, extended
from napari_concert.model.counterfactual import attribute_features
from napari_concert.model.network import ConcertNetwork

GENES = 40


def _offset(n_genes: int = GENES) -> np.ndarray:
    return np.random.default_rng(4).normal(0, 0.4, n_genes)


@pytest.fixture
def network(case: Callable[..., Any]) -> ConcertNetwork:
    """Return a network whose latents say little, so that the truth is known."""
    found: ConcertNetwork = case(400, GENES, mean_count=8.0).network(size=0.3)
    found.weights[found.n_attributes :] *= 0.1
    found.unshrunk.copy_(found.weights)
    found.covariance.copy_(0.01 * torch.eye(len(found.weights), dtype=torch.float64))
    return found


@pytest.fixture
def slide(case: Callable[..., Any], network: ConcertNetwork) -> Any:
    """Return a slide of the network's, with levels of its own in its right half."""
    plain = case(400, GENES, seed=5)
    right = plain.arrays.coords[:, 0] > plain.arrays.coords[:, 0].mean()
    eta = attribute_features(network, plain.arrays) @ network.attribute_weights.numpy() + right[:, None] * _offset()
    theta = network.log_theta.exp().numpy()
    mean = 8 * plain.arrays.size[:, None] * np.exp(eta)
    rng = np.random.default_rng(6)
    counts = rng.poisson(mean * rng.gamma(theta, 1 / theta, mean.shape))
    arrays = replace(plain.arrays, counts=csr_matrix(counts.astype(np.float32)), size=8 * plain.arrays.size)
    return arrays, np.where(right, "right", "left").astype(object)


def test_known_offsets_come_back_batch_by_batch(network: ConcertNetwork, slide: Any) -> None:
    arrays, labels = slide
    wide, coded = calibrated(network, arrays, labels)
    assert wide.vocabulary.batches == ("slide", "left", "right")
    assert [wide.vocabulary.batches[code] for code in coded.batch] == labels.tolist()
    rows = wide.attributes.blocks.slice_of("batch")
    trained, left, right = wide.weights[rows].numpy()
    assert (trained == 0).all()
    difference = right - left
    assert np.corrcoef(difference, _offset())[0, 1] > 0.97
    assert np.abs(left).mean() < 0.06
    se = np.sqrt(wide.covariance.diagonal(dim1=1, dim2=2)[:, rows].sum(1).numpy())
    assert (np.abs(difference - _offset()) < 3 * se).mean() > 0.8


def test_nothing_but_the_offsets_moves_and_the_trained_network_stays(network: ConcertNetwork, slide: Any) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    wide, _ = calibrated(network, *slide)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    batch = wide.attributes.blocks.slice_of("batch")
    kept = [q for q in range(len(wide.weights)) if not batch.start <= q < batch.stop]
    assert torch.equal(wide.weights[kept], network.weights)
    assert torch.equal(wide.unshrunk[kept], network.unshrunk)
    assert torch.equal(wide.size_shift[kept[: network.n_attributes]], network.size_shift)
    assert torch.equal(wide.covariance[:, kept][:, :, kept], network.covariance)
    assert torch.equal(wide.attributes.field.shape, network.attributes.field.shape)
    assert torch.equal(wide.log_theta, network.log_theta)


def test_spots_in_another_order_get_the_same_offsets(network: ConcertNetwork, slide: Any) -> None:
    arrays, labels = slide
    order = np.random.default_rng(0).permutation(len(arrays))
    one, _ = calibrated(network, arrays, labels)
    other, coded = calibrated(network, arrays.take(order), labels[order])
    np.testing.assert_allclose(other.weights, one.weights, atol=1e-8)
    assert (coded.batch == 1 + (labels[order] == "right")).all()


def test_a_batch_that_shares_a_trained_ones_name_is_another(network: ConcertNetwork) -> None:
    wide = extended(network, ("slide", "new"))
    assert wide.vocabulary.batches == ("slide (trained on)", "slide", "new")
    assert wide.attributes.blocks.batch == 3


def test_a_network_with_batches_keeps_their_offsets(case: Callable[..., Any]) -> None:
    network = case(batches=("a", "b")).network()
    wide = extended(network, ("c",))
    old, new = (each.attributes.blocks.slice_of("batch") for each in (network, wide))
    assert torch.equal(wide.weights[new][:2], network.weights[old])
    assert (wide.weights[new][2] == 0).all()


def test_a_single_spot_and_empty_counts_are_calibrated_without_nan(network: ConcertNetwork, slide: Any) -> None:
    arrays, labels = slide
    one = arrays.take(np.array([3]))
    wide, _ = calibrated(network, replace(one, counts=csr_matrix(one.counts.shape, dtype=np.float32)), labels[:1])
    assert torch.isfinite(wide.weights).all()
    assert torch.isfinite(wide.covariance).all()
