"""The assembled network: sizes, names and the kernel's prior."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from napari_concert.model import svgp
from napari_concert.model.kernels import gram


def test_sizes_are_those_of_features_and_genes(case: Callable[..., Any]) -> None:
    slide = case(n_continuous=1, continuous_features=3)
    network = slide.network()
    n_features = 1 + 2 + 3 + 2 + 2 + 3
    assert network.weights.shape == (n_features, 6)
    assert network.covariance.shape == (6, n_features, n_features)
    assert network.attribute_weights.shape == (n_features - 3, 6)
    assert network.latent_weights.shape == (3, 6)
    assert torch.equal(torch.cat([network.attribute_weights, network.latent_weights]), network.weights)


def test_levels_are_the_changes_weights_and_what_all_genes_share(case: Callable[..., Any]) -> None:
    network = case(n_continuous=1).network()
    network.size_shift.copy_(torch.randn(network.n_attributes, dtype=torch.float64))
    change = (network.level_weights - network.weights).numpy()
    np.testing.assert_allclose(change[: network.n_attributes], np.tile(network.size_shift[:, None], (1, 6)), atol=1e-12)
    assert (change[network.n_attributes :] == 0).all()
    assert network.place_variance.shape == (4, 6)


def test_everything_is_double_and_stored(case: Callable[..., Any]) -> None:
    network = case(n_continuous=1).network()
    stored = network.state_dict()
    assert {tensor.dtype for tensor in stored.values()} == {torch.float64}
    assert {"weights", "covariance", "log_theta", "size_shift", "place_variance", "gp_log_metric"} < set(stored)
    assert any(name.startswith("attributes.field.") for name in stored)
    assert any(name.startswith("attributes.continuous.") for name in stored)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_basis_is_that_of_its_own_kernel(case: Callable[..., Any], dimensions: int) -> None:
    slide = case(40, dimensions=dimensions, n_places=2)
    network = slide.network()
    with torch.no_grad():
        network.gp_log_metric[0, 1] += 0.6
        network.gp_log_alpha += 0.4
    coords, place = torch.from_numpy(slide.arrays.coords), torch.from_numpy(slide.arrays.place)
    basis = network.basis(coords, place, coords, place).detach()
    k = gram(coords, coords, place, place, network.gp_log_metric, network.gp_log_alpha.exp()).detach()
    np.testing.assert_allclose(basis.mT @ basis, k, atol=10 * svgp.JITTER)


def test_kernel_penalty_is_least_where_it_starts(case: Callable[..., Any]) -> None:
    network = case().network()
    assert network.kernel_penalty().item() == pytest.approx(0, abs=1e-9)
    for change in (0.3 * torch.eye(2), torch.tensor([[0.3, 0.0], [0.0, -0.3]]), torch.tensor([[0.0, 0.3], [0.3, 0.0]])):
        moved = case().network()
        with torch.no_grad():
            moved.gp_log_metric += change
        assert moved.kernel_penalty().item() > 0.01
