"""Conjugate gradients against a dense solve."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_concert.model.newton import NewtonSystem
from napari_concert.model.steps import to_end

M, N = 7, 20


def _problem(n_spatial: int, n_intrinsic: int) -> tuple[torch.Tensor, torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    rng = np.random.default_rng(n_spatial + 10 * n_intrinsic)
    size = n_spatial + n_intrinsic
    factor = rng.normal(size=(N, size, size + 1))
    information = np.einsum("nab,ncb->nac", factor, factor) * rng.uniform(0, 4, N)[:, None, None]
    information[:3] = 0  # hidden spots
    target = (rng.normal(size=(M, n_spatial)), rng.normal(size=(N, n_intrinsic)))
    basis = torch.from_numpy(rng.normal(size=(M, N)) / np.sqrt(M))
    return basis, torch.from_numpy(information), (torch.from_numpy(target[0]), torch.from_numpy(target[1]))


def _dense(basis: np.ndarray, information: np.ndarray, n_spatial: int) -> np.ndarray:
    """Return ``I + Bᵀ J B`` with unknowns ordered as (μ̃ by rows, z by rows)."""
    size = information.shape[1]
    n_intrinsic = size - n_spatial
    to_latents = np.zeros((N, size, M * n_spatial + N * n_intrinsic))
    for i in range(N):
        for factor in range(n_spatial):
            to_latents[i, factor, factor : M * n_spatial : n_spatial] = basis[:, i]
        for own in range(n_intrinsic):
            to_latents[i, n_spatial + own, M * n_spatial + i * n_intrinsic + own] = 1
    return np.eye(to_latents.shape[2]) + np.einsum("iap,iab,ibq->pq", to_latents, information, to_latents)


@pytest.mark.parametrize(("n_spatial", "n_intrinsic"), [(3, 2), (2, 0), (1, 1)])
def test_solution_is_the_dense_one(n_spatial: int, n_intrinsic: int) -> None:
    basis, information, target = _problem(n_spatial, n_intrinsic)
    spatial, intrinsic = to_end(NewtonSystem(basis, information, n_spatial).solve(target))
    matrix = _dense(basis.numpy(), information.numpy(), n_spatial)
    expected = np.linalg.solve(matrix, np.concatenate([part.numpy().ravel() for part in target]))
    np.testing.assert_allclose(np.concatenate([spatial.ravel(), intrinsic.ravel()]), expected, atol=1e-7)


def test_apply_is_the_dense_product() -> None:
    basis, information, target = _problem(3, 2)
    image = NewtonSystem(basis, information, 3).apply(target)
    expected = _dense(basis.numpy(), information.numpy(), 3) @ np.concatenate([part.numpy().ravel() for part in target])
    np.testing.assert_allclose(np.concatenate([part.numpy().ravel() for part in image]), expected, atol=1e-10)


def test_preconditioner_is_exact_without_coupling() -> None:
    basis, information, target = _problem(3, 2)
    alone = torch.diag_embed(information.diagonal(dim1=1, dim2=2))
    system = NewtonSystem(basis, alone, 3)
    back = system.apply(system.precondition(target))
    assert all(torch.allclose(a, b, atol=1e-10) for a, b in zip(back, target, strict=True))


def test_nothing_asked_nothing_given() -> None:
    basis, information, target = _problem(2, 1)
    zeros = (torch.zeros_like(target[0]), torch.zeros_like(target[1]))
    assert all((part == 0).all() for part in to_end(NewtonSystem(basis, information, 2).solve(zeros)))
