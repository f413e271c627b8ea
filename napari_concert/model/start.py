"""Where the latent cell state starts: principal axes of what attributes and field leave unexplained.

The Pearson residuals are smoothed in space by the Gaussian process; the principal axes of the smooth part start the
spatial factors, those of the rest the intrinsic ones. Deterministic, and the same in any order of spots.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from napari_concert.model.encoder import Encoder, Latents
from napari_concert.model.likelihood import pearson_residuals
from napari_concert.model.steps import Steps

RESIDUAL_LIMIT = 6.0
SMALLEST = 1e-6


def start_latents(encoder: Encoder, latents: Latents) -> Steps[Latents]:
    """Find the latents (N, L) to start from; a scoring step finds the weights that go with them.

    Parameters
    ----------
    encoder
        Holds network, spots and attribute features.
    latents
        The prior ones: the residuals are those of the attributes alone.
    """
    config, basis = encoder.network.config, encoder.basis
    smoothed, cross = yield from _projections(encoder, latents)
    spatial = _leading(_whitened(basis).mT @ smoothed, config.spatial_factors)
    yield 0.5
    intrinsic = _leading_symmetric(_without(cross, spatial), config.intrinsic_factors)
    yield 0.6
    whitened, own = smoothed @ spatial.mT, (yield from _scores(encoder, latents, intrinsic))
    whitened = whitened / _deviation(basis.mT @ whitened).clamp(min=SMALLEST)
    values = torch.cat([basis.mT @ whitened, own / _deviation(own).clamp(min=SMALLEST)], dim=1)
    return Latents(values, torch.zeros_like(values), whitened)


def _deviation(values: Tensor) -> Tensor:
    """Return the standard deviation of every column."""
    return (values - values.mean(0)).square().mean(0).sqrt()


def _without(cross: Tensor, axes: Tensor) -> Tensor:
    """Return a Gram matrix (G, G) with orthonormal ``axes`` (count, G) projected out on both sides."""
    once = cross - axes.mT @ (axes @ cross)
    return once - (once @ axes.mT) @ axes


def _whitened(basis: Tensor) -> Tensor:
    """Return ``R`` with ``R Rᵀ = V Vᵀ``: right singular vectors of ``Vᵀ Z`` are those of ``Rᵀ Z``."""
    eye = torch.eye(len(basis), dtype=basis.dtype, device=basis.device)
    root: Tensor = torch.linalg.cholesky(basis @ basis.mT + SMALLEST * eye)
    return root


def _scores(encoder: Encoder, latents: Latents, axes: Tensor) -> Steps[Tensor]:
    """Find the residuals' coordinates (N, count) along ``axes``."""
    pieces = []
    for rows, residuals in _residuals(encoder, latents):
        pieces.append(residuals @ axes.mT.to(residuals.dtype))
        yield 0.6 + 0.4 * min(1.0, rows.stop / len(encoder.spots))
    return torch.cat(pieces).to(axes.dtype)


def _residuals(encoder: Encoder, latents: Latents) -> Iterator[tuple[slice, Tensor]]:
    """Yield rows and their Pearson residuals (n, G), 0 for hidden spots."""
    network, spots = encoder.network, encoder.spots
    for rows, counts in spots.chunks():
        eta = encoder.eta(rows, latents)
        theta = network.log_theta.to(spots.precision)
        residuals = pearson_residuals(counts, eta, spots.log_size[rows], theta, RESIDUAL_LIMIT)
        yield rows, residuals * spots.observed[rows, None].to(spots.precision)


def _projections(encoder: Encoder, latents: Latents) -> Steps[tuple[Tensor, Tensor]]:
    """Find the smoothed residuals in the inducing basis (M, G) and the residuals' Gram matrix (G, G)."""
    basis, n_genes = encoder.basis, encoder.network.weights.shape[1]
    onto = torch.zeros(len(basis), n_genes, dtype=basis.dtype, device=basis.device)
    cross = torch.zeros(n_genes, n_genes, dtype=basis.dtype, device=basis.device)
    for rows, residuals in _residuals(encoder, latents):
        onto += (basis[:, rows].to(residuals.dtype) @ residuals).to(basis.dtype)
        cross += (residuals.mT @ residuals).to(basis.dtype)
        yield 0.5 * min(1.0, rows.stop / len(encoder.spots))
    observed = basis * encoder.spots.observed
    eye = torch.eye(len(basis), dtype=basis.dtype, device=basis.device)
    return torch.linalg.solve(observed @ observed.mT + eye, onto), cross


def _leading(matrix: Tensor, count: int) -> Tensor:
    """Return the leading right singular vectors (count, G) of a matrix (M, G), signs fixed; zeros if it has fewer."""
    _, _, vectors = torch.linalg.svd(matrix, full_matrices=False)
    return _signed(torch.nn.functional.pad(vectors[:count], (0, 0, 0, max(0, count - len(vectors)))))


def _leading_symmetric(matrix: Tensor, count: int) -> Tensor:
    """Return the leading eigenvectors (count, G) of a symmetric matrix by subspace iteration."""
    vectors = torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)[
        matrix.diagonal().argsort(descending=True)[: count + 4]
    ]
    for _ in range(30):
        vectors = torch.linalg.qr((vectors @ matrix).mT).Q.mT
    return _signed(torch.nn.functional.pad(vectors[:count], (0, 0, 0, max(0, count - len(vectors)))))


def _signed(vectors: Tensor) -> Tensor:
    """Return vectors whose largest entry is positive."""
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return vectors * torch.where(largest < 0, -1.0, 1.0)
