"""Which spots training does not see, and how well it predicts them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_concert.model.data import SpotArrays
from napari_concert.model.likelihood import expected_kernel, normaliser, working

SMALLEST_SPLIT = 10  # states with fewer spots hide none of them
NEWTON_STEPS = 4
LONGEST = 1.5  # of an intrinsic latent in one step, in prior standard deviations


def hide(arrays: SpotArrays, fraction: float, seed: int) -> NDArray[np.bool_]:
    """Return which spots (N,) are hidden from training, drawn within states; small states hide none.

    The draw goes by position, so that the same spots are hidden in any order of rows.
    """
    rng = np.random.default_rng(seed)
    hidden = np.zeros(len(arrays), dtype=bool)
    canonical = np.lexsort((*arrays.coords.T, arrays.place))
    for state in np.unique(arrays.state):
        rows = canonical[arrays.state[canonical] == state]
        if len(rows) >= SMALLEST_SPLIT:
            hidden[rng.choice(rows, size=int(fraction * len(rows)), replace=False)] = True
    return hidden


class Predicted(NamedTuple):
    """What is expected of hidden spots before their counts are read: linear predictor and variance (n, G)."""

    eta: Tensor
    variance: Tensor
    log_size: Tensor
    log_theta: Tensor


def evidence_bound(counts: Tensor, predicted: Predicted, weights: Tensor) -> Tensor:
    """Return a lower bound on the log probability of hidden spots (nats), all genes together.

    Spatial factors are predicted from the neighbours. What a single spot has of its own (``z ~ N(0, 1)``) can't be:
    it is integrated out, by the Laplace approximation of its posterior given the spot's counts ::

        log p(x) ≥ E_q[log NB(x | η + zᵀ w)] - KL(q(z) ‖ N(0, I))          q(z) = N(mode, (I + w W wᵀ)⁻¹)

    Averaging the log-likelihood over the prior of ``z`` instead would blame the model for every factor it has.

    Parameters
    ----------
    counts
        Of the hidden spots (n, G).
    weights
        Of the intrinsic factors (L, G); there may be none.
    """
    eta, variance, log_size, log_theta = predicted
    z = eta.new_zeros(len(eta), len(weights))
    for _ in range(NEWTON_STEPS):
        information, slope = _of_own(counts, predicted, weights, z)
        z = z + torch.linalg.solve(information, slope[..., None])[..., 0].clamp(-LONGEST, LONGEST)
    covariance = torch.linalg.inv(_of_own(counts, predicted, weights, z)[0])
    spread = variance + torch.einsum("nlk,lg,kg->ng", covariance, weights, weights)
    likelihood = expected_kernel(counts, eta + z @ weights, spread, log_size, log_theta) + normaliser(counts, log_theta)
    divergence = 0.5 * (covariance.diagonal(dim1=1, dim2=2) + z.square() - 1).sum() - 0.5 * covariance.logdet().sum()
    bound: Tensor = likelihood.double().sum() - divergence.double()
    return bound


def _of_own(counts: Tensor, predicted: Predicted, weights: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Return precision (n, L, L) and slope (n, L) of the log joint in the intrinsic latents."""
    here = working(counts, predicted.eta + z @ weights, predicted.log_size, predicted.log_theta)
    products = (weights[:, None] * weights[None]).flatten(0, 1)
    information = (here.weight @ products.mT).view(len(z), len(weights), len(weights))
    return information + torch.eye(len(weights), dtype=z.dtype, device=z.device), here.score @ weights.mT - z
