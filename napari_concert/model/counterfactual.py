"""What-ifs: swap attributes, recompute the field, hold cell state and position.

Latents and posterior stay as inferred from the observed states; the counts of a painted spot are never read again under
its new label. Baseline and what-if share every weight, so their difference has a closed form::

    change_ig = (a'_i - a_i)ᵀ w_g        Var = (a'_i - a_i)ᵀ Σ_g (a'_i - a_i)

which is the limit of infinitely many draws shared between both.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from napari_concert.model.attributes import encode, field_pairs
from napari_concert.model.data import SpotArrays
from napari_concert.model.network import ConcertNetwork

UNREACHED = 0.01  # change of the field below which a spot counts as unchanged


@torch.no_grad()
def attribute_features(network: ConcertNetwork, arrays: SpotArrays) -> NDArray[np.float64]:
    """Return the attribute features (N, Qa) of spots: codes, MLPs and the propagated field."""
    pairs = field_pairs(arrays, network.vocabulary, network.config.reach)
    features: NDArray[np.float64] = network.attributes(encode(arrays, network.vocabulary), pairs).numpy()
    return features


@torch.no_grad()
def whatif_features(
    network: ConcertNetwork, arrays: SpotArrays, observed: NDArray[np.float64], intervened: SpotArrays
) -> NDArray[np.float64]:
    """Return the features (N, Qa) after an intervention; a spot that feels less than 1 % of it stays as observed.

    Parameters
    ----------
    arrays, observed
        The spots as observed, and their features (N, Qa).
    intervened
        The same spots with other attributes.
    """
    if np.array_equal(arrays.state, intervened.state) and np.array_equal(arrays.tissue, intervened.tissue):
        features = observed.copy()
        _swap_continuous(network, features, intervened)
        return features
    pairs = field_pairs(intervened, network.vocabulary, network.config.reach)
    codes = encode(intervened, network.vocabulary)
    before = torch.from_numpy(observed[:, network.attributes.blocks.slice_of("field")])
    felt = network.attributes.felt(codes, pairs)
    felt = torch.where((felt - before).abs() < UNREACHED, before, felt)
    swapped: NDArray[np.float64] = network.attributes.assemble(codes, felt).numpy()
    return swapped


@torch.no_grad()
def _swap_continuous(network: ConcertNetwork, features: NDArray[np.float64], intervened: SpotArrays) -> None:
    """Replace the continuous features in place; the field does not depend on them."""
    columns = network.attributes.blocks.slice_of("continuous")
    if columns.stop > columns.start:
        values = torch.from_numpy(intervened.continuous)
        parts = [mlp(values[:, c]) for c, mlp in enumerate(network.attributes.continuous)]
        features[:, columns] = torch.cat(parts, dim=1).numpy()
