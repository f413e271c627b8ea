"""The sparse variational Gaussian process of the latent cell state, with one global posterior.

The encoder reads each spatial factor ``l`` at every spot: a value ``m_il`` with precision ``J_il`` (0 leaves the spot
out). Given the readings, the posterior of the inducing values is exact and global (Titsias 2009)::

    V    = L_mm⁻¹ K_mn                       L_mm L_mmᵀ = K_mm          (whitened: u = L_mm ũ, ũ ~ N(0, I))
    Λ_l  = I + V diag(J_l) Vᵀ                q(ũ_l) = N(Λ_l⁻¹ b_l, Λ_l⁻¹)
    b_l  = V (J_l ∘ m_l)
    f_l(x) ~ N(V_xᵀ Λ_l⁻¹ b_l,  1 - ‖V_x‖² + V_xᵀ Λ_l⁻¹ V_x)

It is a sum over spots, so it depends neither on their order nor on any batch. Places share nothing: ``V`` and ``Λ`` are
block diagonal over them, and only the blocks are worked out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

JITTER = 1e-6


class Part(NamedTuple):
    """Inducing points and spots of one place: rows and columns of a diagonal block of ``V``."""

    inducing: Tensor
    spots: Tensor

    def block(self, features: Tensor) -> Tensor:
        """Return the block of features (M, N)."""
        whole = len(self.inducing) == len(features) and len(self.spots) == features.shape[1]
        return features if whole else features[self.inducing][:, self.spots]

    def square(self, matrix: Tensor) -> Tensor:
        """Return the block of a matrix (…, M, M) over inducing points."""
        return matrix[..., self.inducing[:, None], self.inducing]


Parts = tuple[Part, ...]


def parts(at_place: Tensor, place: Tensor) -> Parts:
    """Return the blocks of inducing points (M,) and spots (N,) with place codes."""
    both = at_place, place
    return tuple(Part(*((codes == one).nonzero()[:, 0] for codes in both)) for one in torch.unique(at_place))


def undivided(features: Tensor) -> Parts:
    """Return one block of everything."""
    return (Part(*(torch.arange(size, device=features.device) for size in features.shape)),)


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


def _system(features: Tensor, readings: Tensor, precision: Tensor, blocks: Parts) -> tuple[Tensor, Tensor]:
    """Return the Cholesky factor of ``Λ`` (L, M, M) and ``b`` (L, M)."""
    information = torch.eye(len(features), dtype=features.dtype, device=features.device).repeat(
        precision.shape[1], 1, 1
    )
    for part in blocks:
        block = part.block(features)
        for factor, weight in enumerate(precision[part.spots].mT):
            information[factor, part.inducing[:, None], part.inducing] += (block * weight) @ block.mT
    return torch.linalg.cholesky(information), (features @ (precision * readings)).mT


def posterior(features: Tensor, readings: Tensor, precision: Tensor, blocks: Parts | None = None) -> Posterior:
    """Return the global posterior given all readings.

    Parameters
    ----------
    features
        ``V`` (M, N).
    readings, precision
        ``m`` and ``J`` (N, L).
    blocks
        Of the places; by default there is one.
    """
    root, target = _system(features, readings, precision, blocks or undivided(features))
    return Posterior(torch.cholesky_solve(target[..., None], root)[..., 0], root)


def marginals(post: Posterior, features: Tensor, blocks: Parts | None = None) -> tuple[Tensor, Tensor]:
    """Return mean and variance (N, L) of the factors where ``features`` (M, N) were evaluated (prior variance 1).

    ``blocks`` are those of the posterior's inducing points and the evaluated positions.
    """
    mean = features.mT @ post.mean.mT
    variance = (1 - features.square().sum(0)).clamp(min=0)[:, None].repeat(1, len(post.mean))
    for part in blocks or undivided(features):
        block = part.block(features)
        for factor, root in enumerate(part.square(post.precision_root)):
            spread = torch.linalg.solve_triangular(root, block, upper=False).square().sum(0)
            variance[part.spots, factor] += spread
    return mean, variance


def evidence(
    features: Tensor, readings: Tensor, precision: Tensor, blocks: Parts | None = None
) -> tuple[Tensor, Tensor]:
    """Return Titsias's lower bound on the log evidence of the readings, and its gradient (M, N) in ``V``.

    ``Σ_l ½ b_lᵀ Λ_l⁻¹ b_l - ½ log|Λ_l| - ½ Σ_i J_il (1 - ‖V_i‖²)``, in nats, less what the kernel does not change; with
    ``μ_l = Λ_l⁻¹ b_l`` the gradient is ``Σ_l μ_l (J_l ∘ (m_l - Vᵀμ_l))ᵀ + (I - Λ_l⁻¹) V diag(J_l)``.
    """
    blocks = blocks or undivided(features)
    root, target = _system(features, readings, precision, blocks)
    mean = torch.cholesky_solve(target[..., None], root)[..., 0]
    logdet = 2 * root.diagonal(dim1=-2, dim2=-1).log().sum()
    unexplained = (precision.sum(1) * (1 - features.square().sum(0))).sum()
    slope = mean.mT @ (precision * (readings - features.mT @ mean.mT)).mT + features * precision.sum(1)
    for part in blocks:
        block, inverses = part.block(features), torch.cholesky_inverse(part.square(root))
        pulled = sum((one @ block) * weight for one, weight in zip(inverses, precision[part.spots].mT, strict=True))
        slope[part.inducing[:, None], part.spots] -= pulled
    return 0.5 * ((target * mean).sum() - logdet - unexplained), slope


def kl_divergence(post: Posterior) -> Tensor:
    """Return ``Σ_l KL(q(ũ_l) ‖ N(0, I))`` in nats: ``½ (tr Λ⁻¹ + ‖mean‖² - M + log|Λ|)``."""
    size = post.mean.shape[-1]
    eye = torch.eye(size, dtype=post.mean.dtype, device=post.mean.device)
    inverse_root = torch.linalg.solve_triangular(post.precision_root, eye.expand_as(post.precision_root), upper=False)
    trace = inverse_root.square().sum((-2, -1))
    logdet = 2 * post.precision_root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    total: Tensor = 0.5 * (trace + post.mean.square().sum(-1) - size + logdet).sum()
    return total
