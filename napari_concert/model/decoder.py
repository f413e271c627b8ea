"""The decoder: log-linear, with a Gaussian posterior over the weights of every gene.

One step of Fisher scoring for all genes at once. With features ``X`` (N, Q), score ``r`` and weight ``W`` of
:mod:`.likelihood` and prior precision ``Λ_g``::

    F_g = Xᵀ diag(W_g) X + diag(Σ_i W_ig Var[X_i])        information; uncertain latents count as errors in variables
    w_g ← (F_g + Λ_g)⁻¹ (F_g w_g + Xᵀ r_g - Var-term)     posterior mean
    Σ_g = (F_g + Λ_g)⁻¹                                   posterior covariance

The sums run over spots, chunk by chunk; they are the same in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from napari_concert.model.shrinkage import Prior

RIDGES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3)
LARGEST_STEP = 1.5  # of a weight in one scoring step: counts can be far from their start


@dataclass
class Information:
    """Accumulated statistics of all genes: ``F`` as packed upper triangles (T, G), and ``Xᵀ r`` (Q, G)."""

    packed: Tensor
    gradient: Tensor

    @classmethod
    def zeros(cls, n_features: int, n_genes: int, device: str) -> Information:
        """Return empty statistics."""
        size = n_features * (n_features + 1) // 2
        packed = torch.zeros(size, n_genes, dtype=torch.float64, device=device)
        return cls(packed, packed.new_zeros(n_features, n_genes))

    def add(self, features: Tensor, variance: Tensor, score: Tensor, weight: Tensor, mean: Tensor) -> None:
        """Add the spots of one chunk.

        Parameters
        ----------
        features, variance
            Mean and variance (n, Q) of the features.
        score, weight
            Of the counts (n, G).
        mean
            Current weights (Q, G).
        """
        first, second = torch.triu_indices(features.shape[1], features.shape[1], device=features.device)
        products = features[:, first] * features[:, second]
        self.packed += (products.mT @ weight).double()
        spread = (variance.mT @ weight).double()
        self.packed[first == second] += spread
        self.gradient += (features.mT @ score).double() - spread * mean.double()

    def unpack(self) -> Tensor:
        """Return ``F`` (G, Q, Q)."""
        n_features, n_genes = self.gradient.shape
        first, second = torch.triu_indices(n_features, n_features, device=self.packed.device)
        full = torch.zeros(n_genes, n_features, n_features, dtype=torch.float64, device=self.packed.device)
        full[:, first, second] = self.packed.mT
        full[:, second, first] = self.packed.mT
        return full


@dataclass
class WeightPriors:
    """Gaussian priors of all weights: precision and centre (Q, G)."""

    precision: Tensor
    centre: Tensor

    def clone(self) -> WeightPriors:
        """Return a copy that changes on its own."""
        return WeightPriors(self.precision.clone(), self.centre.clone())

    def move(self, row: int, learned: Prior) -> None:
        """Move a row halfway, in the logarithm: correlated rows would otherwise take turns at being shrunk."""
        self.precision[row] = (self.precision[row] * learned.precision).sqrt()
        self.centre[row] = (self.centre[row] + learned.centre) / 2


@dataclass
class WeightPosterior:
    """Gaussian posterior of the weights: mean (Q, G), covariance (G, Q, Q), and the priors that were used."""

    mean: Tensor
    covariance: Tensor
    priors: WeightPriors

    @property
    def variance(self) -> Tensor:
        """Posterior variance (Q, G)."""
        return self.covariance.diagonal(dim1=1, dim2=2).mT


def scoring_step(mean: Tensor, information: Information, priors: WeightPriors) -> WeightPosterior:
    """Return the posterior after one step of Fisher scoring from ``mean`` (Q, G)."""
    fisher, start = information.unpack(), mean.double()
    root = _root(fisher, priors.precision.mT)
    target = information.gradient - priors.precision * (start - priors.centre)
    change = torch.cholesky_solve(target.mT[..., None], root)[..., 0].mT
    largest = change.abs().amax(0).clamp(min=1e-12)
    damped = change * (LARGEST_STEP / largest).clamp(max=1.0)
    return WeightPosterior(start + damped, torch.cholesky_inverse(root), priors)


def _root(fisher: Tensor, precision: Tensor) -> Tensor:
    """Return the Cholesky factors (G, Q, Q) of ``F + Λ``.

    Rounding of single precision can leave the information of nearly collinear features indefinite; a small share of its
    diagonal mends that. It shortens a step and does not move where the steps end.
    """
    diagonal = fisher.diagonal(dim1=1, dim2=2)
    for ridge in RIDGES:
        root: Tensor
        root, failed = torch.linalg.cholesky_ex(fisher + torch.diag_embed(precision + ridge * diagonal))
        if not failed.any():
            return root
    raise FloatingPointError("the fit diverged: the counts and the features are too far apart in size")


def cavity(posterior: WeightPosterior, row: int) -> tuple[Tensor, Tensor]:
    """Return estimate and standard error (G,) of one row without its prior: precision ``1/Σ_qq - λ``."""
    variance, precision = posterior.variance[row], posterior.priors.precision[row]
    without = (1 / variance - precision).clamp(min=1e-6)
    estimate = (posterior.mean[row] / variance - precision * posterior.priors.centre[row]) / without
    return estimate, without.rsqrt()
