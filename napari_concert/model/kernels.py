"""Kernels of space: one code path for 2D and 3D.

The published kernel is Cauchy, ``k(r) = 1 / (1 + r²)``. It is the member ``α = 1`` of the rational quadratic family
used here, ``k(r) = (1 + r²/α)^-α`` (Rasmussen & Williams 2006, eq. 4.19, with 2ℓ² → ℓ²), which runs from heavy tails to
the Gaussian ``exp(-r²)`` (α → ∞). A cut-off multiplies it with Wendland's compactly supported function, positive
definite in up to three dimensions (Wendland 1995), so that the product is positive definite as well, with ``k(0) = 1``.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rational_quadratic(squared: Tensor, alpha: Tensor) -> Tensor:
    """Return ``(1 + r²/α)^-α`` for squared scaled distances ``r²``."""
    return torch.exp(-alpha * torch.log1p(squared / alpha))


def wendland(ratio: Tensor) -> Tensor:
    """Return Wendland's C2 function ``(1 - t)₊⁴ (4t + 1)`` for ``t`` = distance / cut-off."""
    inside = (1 - ratio).clamp(min=0)
    return inside**4 * (4 * ratio + 1)


def mask(ratio: Tensor) -> Tensor:
    """Return the cut-off ``m(t)`` for ``t`` = distance / cut-off: 1 up to ½, falling smoothly (C²) to 0 at 1."""
    x = (2 * ratio - 1).clamp(0, 1)
    y = 1 - x  # the same polynomial around its end: rounding makes no value negative there
    return y**3 * (10 - 15 * y + 6 * y.square())


def mask_slope(ratio: Tensor) -> Tensor:
    """Return the derivative ``m'(t)`` of the cut-off."""
    x = (2 * ratio - 1).clamp(0, 1)
    return -60 * x.square() * (1 - x).square()


def squared_distance(a: Tensor, b: Tensor) -> Tensor:
    """Return squared Euclidean distances (n, m) between rows of ``a`` (n, d) and ``b`` (m, d)."""
    return (a[:, None, :] - b[None, :, :]).square().sum(-1)


def metric(log_metric: Tensor) -> Tensor:
    """Return the positive-definite matrix ``exp(A)`` (…, d, d) of a symmetric ``A``: anisotropy in any direction.

    The scaled distance is ``r² = Δᵀ exp(A) Δ``; rotating the tissue rotates ``A``, so no axis is special.
    """
    definite: Tensor = torch.linalg.matrix_exp((log_metric + log_metric.mT) / 2)
    return definite


def quadratic(offset: Tensor, matrix: Tensor, which: Tensor) -> Tensor:
    """Return ``Δᵀ M Δ`` (E,) of offsets (E, d) with the matrices (P, d, d) of their codes ``which`` (E,)."""
    turned = torch.tensordot(offset, matrix, dims=([1], [1]))  # (E, P, d)
    picked: Tensor = turned[torch.arange(len(offset), device=offset.device), which]
    return (picked * offset).sum(1)


def length_scales(log_metric: Tensor) -> tuple[Tensor, Tensor]:
    """Return the principal length-scales (…, d), longest first, and their unit directions (…, d, d) in columns."""
    values, directions = torch.linalg.eigh((log_metric + log_metric.mT) / 2)
    return torch.exp(-values / 2), directions


def gram(a: Tensor, b: Tensor, place_a: Tensor, place_b: Tensor, log_metric: Tensor, alpha: Tensor) -> Tensor:
    """Return the kernel matrix (n, m) between positions; it is zero between different places.

    ``K = 1[same place] · (1 + Δᵀ exp(A) Δ / α)^-α``: block diagonal over places, hence positive definite.
    """
    root = torch.linalg.cholesky(metric(log_metric))  # Δᵀ R Rᵀ Δ
    squared = squared_distance(a @ root, b @ root)
    return rational_quadratic(squared, alpha) * (place_a[:, None] == place_b[None, :])
