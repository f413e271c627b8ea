"""The coupled linear system of one Newton step of the latents, solved by preconditioned conjugate gradients.

    (I + V J Vᵀ) δμ̃ + … = target        spatial part (M, L_s), whitened
    (I + J) δz + …       = target        intrinsic part (N, L_n)

The dots are the coupling of both through ``J``. Only products with ``V`` (M, N) and the small matrices ``J_i`` occur;
the preconditioner solves every latent's own system exactly, so a few rounds suffice.
"""

from __future__ import annotations

import torch
from torch import Tensor

from napari_concert.model import svgp
from napari_concert.model.claim import FIRM
from napari_concert.model.steps import Steps

SOLVED = 1e-8  # relative residual
MOST_ROUNDS = 200

Unknowns = tuple[Tensor, Tensor]
"""Whitened spatial part (M, L_s) and intrinsic part (N, L_n) of a vector."""


class NewtonSystem:
    """The linear system of one Newton step, solved by preconditioned conjugate gradients.

    Parameters
    ----------
    basis
        ``V`` (M, N).
    information
        ``J`` (N, L, L).
    n_spatial
        Number of spatial factors; the remaining latents are intrinsic.
    means
        Averages (P, N) of the latents that are held (:mod:`.claim`).
    blocks
        Of the places in ``basis``; by default there is one.
    """

    def __init__(
        self,
        basis: Tensor,
        information: Tensor,
        n_spatial: int,
        means: Tensor | None = None,
        blocks: svgp.Parts | None = None,
    ) -> None:
        self.means = means
        self.basis, self.information, self.k = basis, information, n_spatial
        own = information.diagonal(dim1=1, dim2=2)
        zeros = torch.zeros_like(own[:, :n_spatial])
        self.roots = svgp.posterior(basis, zeros, own[:, :n_spatial], blocks).precision_root
        self.intrinsic = 1 + own[:, n_spatial:]

    def apply(self, vector: Unknowns) -> Unknowns:
        """Return the system's matrix times a vector."""
        spatial, intrinsic = vector
        latents = torch.cat([self.basis.mT @ spatial, intrinsic], dim=1)
        informed = torch.einsum("nlk,nk->nl", self.information, latents)
        if self.means is not None:
            informed = informed + FIRM * self.means.mT @ (self.means @ latents)
        return spatial + self.basis @ informed[:, : self.k], intrinsic + informed[:, self.k :]

    def precondition(self, vector: Unknowns) -> Unknowns:
        """Return the solution of each latent's own system."""
        spatial = torch.cholesky_solve(vector[0].mT[..., None], self.roots)[..., 0].mT
        return spatial, vector[1] / self.intrinsic

    def solve(self, target: Unknowns) -> Steps[Unknowns]:
        """Find the solution for a right-hand side; how many rounds that takes is not known."""
        solution = (torch.zeros_like(target[0]), torch.zeros_like(target[1]))
        residual, ready = target, self.precondition(target)
        direction, strength = ready, _dot(residual, ready)
        goal = SOLVED**2 * strength
        for done in range(MOST_ROUNDS):
            if not strength > goal:
                break
            yield done / (done + 4)
            image = self.apply(direction)
            length = strength / _dot(direction, image)
            solution = _add(solution, length, direction)
            residual = _add(residual, -length, image)
            ready = self.precondition(residual)
            stronger = _dot(residual, ready)
            direction, strength = _add(ready, stronger / strength, direction), stronger
        return solution


def _dot(a: Unknowns, b: Unknowns) -> Tensor:
    return (a[0] * b[0]).sum() + (a[1] * b[1]).sum()


def _add(a: Unknowns, factor: Tensor, b: Unknowns) -> Unknowns:
    return a[0] + factor * b[0], a[1] + factor * b[1]
