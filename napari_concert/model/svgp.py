"""The sparse variational Gaussian process of the latent cell state, with one global posterior.

The encoder reads each spatial factor ``l`` at every spot: a value ``m_il`` with precision ``J_il`` (0 leaves the spot
out). Given the readings, the posterior of the inducing values is exact and global (Titsias 2009)::

    V    = L_mm⁻¹ K_mn                       L_mm L_mmᵀ = K_mm          (whitened: u = L_mm ũ, ũ ~ N(0, I))
    Λ_l  = I + V diag(J_l) Vᵀ                q(ũ_l) = N(Λ_l⁻¹ b_l, Λ_l⁻¹)
    b_l  = V (J_l ∘ m_l)
    f_l(x) ~ N(V_xᵀ Λ_l⁻¹ b_l,  1 - ‖V_x‖² + V_xᵀ Λ_l⁻¹ V_x)

It is a sum over spots, so it depends neither on their order nor on any batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

JITTER = 1e-6


class Posterior(NamedTuple):
    """q(ũ) of every factor: whitened mean (L, M) and Cholesky factor of the precision Λ (L, M, M)."""

    mean: Tensor
    precision_root: Tensor


def inducing_points(coords: NDArray[np.float64], place: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return rows of at most ``count`` spots that cover all places.

    Farthest-point sampling in the lexical order of positions: the same points in any row order.
    """
    canonical = np.lexsort((*coords.T, place))
    points, where = coords[canonical], place[canonical]
    nearest = np.full(len(points), np.inf)
    chosen = [0]
    while len(chosen) < min(count, len(points)):
        distance = np.linalg.norm(points - points[chosen[-1]], axis=1)
        nearest = np.minimum(nearest, np.where(where == where[chosen[-1]], distance, np.inf))
        if nearest.max() == 0:  # only duplicated coordinates are left
            break
        chosen.append(int(nearest.argmax()))
    rows: NDArray[np.int64] = canonical[np.array(chosen)]
    return rows


def whiten(k_mm: Tensor, k_mn: Tensor) -> Tensor:
    """Return ``V = L_mm⁻¹ K_mn`` (M, N), the features of the spots in the whitened inducing basis."""
    eye = torch.eye(len(k_mm), dtype=k_mm.dtype, device=k_mm.device)
    root = torch.linalg.cholesky(k_mm + JITTER * eye)
    whitened: Tensor = torch.linalg.solve_triangular(root, k_mn, upper=False)
    return whitened


def _system(features: Tensor, readings: Tensor, precision: Tensor) -> tuple[Tensor, Tensor]:
    """Return the Cholesky factor of ``Λ`` (L, M, M) and ``b`` (L, M)."""
    eye = torch.eye(len(features), dtype=features.dtype, device=features.device)
    information = torch.stack([(features * weight) @ features.mT for weight in precision.mT])
    return torch.linalg.cholesky(eye + information), (features @ (precision * readings)).mT


def posterior(features: Tensor, readings: Tensor, precision: Tensor) -> Posterior:
    """Return the global posterior given all readings.

    Parameters
    ----------
    features
        ``V`` (M, N).
    readings, precision
        ``m`` and ``J`` (N, L).
    """
    root, target = _system(features, readings, precision)
    return Posterior(torch.cholesky_solve(target[..., None], root)[..., 0], root)


def marginals(post: Posterior, features: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance (N, L) of the factors where ``features`` (M, N) were evaluated (prior variance 1)."""
    mean = features.mT @ post.mean.mT
    residual = (1 - features.square().sum(0)).clamp(min=0)
    spread = [
        torch.linalg.solve_triangular(root, features, upper=False).square().sum(0) for root in post.precision_root
    ]
    return mean, residual[:, None] + torch.stack(spread, dim=1)


def evidence(features: Tensor, readings: Tensor, precision: Tensor) -> Tensor:
    """Return Titsias's lower bound on the log evidence of the readings, less what the kernel does not change.

    ``Σ_l ½ b_lᵀ Λ_l⁻¹ b_l - ½ log|Λ_l| - ½ Σ_i J_il (1 - ‖V_i‖²)``, in nats; its gradient trains the kernel.
    """
    root, target = _system(features, readings, precision)
    solved = torch.linalg.solve_triangular(root, target[..., None], upper=False)
    logdet = 2 * root.diagonal(dim1=-2, dim2=-1).log().sum()
    unexplained = (precision.sum(1) * (1 - features.square().sum(0))).sum()
    bound: Tensor = 0.5 * (solved.square().sum() - logdet - unexplained)
    return bound


def kl_divergence(post: Posterior) -> Tensor:
    """Return ``Σ_l KL(q(ũ_l) ‖ N(0, I))`` in nats: ``½ (tr Λ⁻¹ + ‖mean‖² - M + log|Λ|)``."""
    size = post.mean.shape[-1]
    eye = torch.eye(size, dtype=post.mean.dtype, device=post.mean.device)
    inverse_root = torch.linalg.solve_triangular(post.precision_root, eye.expand_as(post.precision_root), upper=False)
    trace = inverse_root.square().sum((-2, -1))
    logdet = 2 * post.precision_root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    total: Tensor = 0.5 * (trace + post.mean.square().sum(-1) - size + logdet).sum()
    return total
