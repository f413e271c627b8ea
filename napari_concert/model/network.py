"""The model: attributes, propagated field, latent cell state and negative-binomial decoder.

For spot ``i`` and gene ``g``::

    x_ig ~ NB(mean s_i · exp(η_ig), dispersion θ_g)
    η_ig = Σ_q a_iq · w_qg  +  Σ_l f_l(x_i) · w_lg  +  Σ_n z_in · w_ng
           attributes, field   spatial factors (GP)    intrinsic factors

``a`` are the features of :mod:`.attributes`; ``f_l ~ GP(0, k)`` and ``z ~ N(0, 1)`` are the latent cell state, which
:mod:`.encoder` infers from expression, *given* attributes and field.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from napari_concert.model import svgp
from napari_concert.model.attributes import Attributes
from napari_concert.model.config import ModelConfig
from napari_concert.model.conformal import Bands
from napari_concert.model.data import Vocabulary
from napari_concert.model.kernels import gram

INITIAL_SCALE = 5.0  # pitches
INITIAL_LOG_THETA = 2.0


class ConcertNetwork(nn.Module):
    """All learned parts of the model, in double precision.

    Attributes
    ----------
    attributes
        The perturbation module: embeddings' features, MLPs and the propagated field.
    gp_log_metric, gp_log_alpha
        Range, direction and shape of the spatial factors' kernel.
    weights
        Posterior mean (Q, G) of the decoder's weights under their learned priors: shrunk.
    size_shift
        What of each attribute's effect (Qa,) all genes share: it belongs to the size of a spot, not to its expression.
    place_variance
        Variance (own + states, G) of own effects and spill-overs that comes from not knowing what place has to do with
        them.
    unshrunk, covariance
        Mean (Q, G) and covariance (G, Q, Q) under wide priors: what intervals are made of.
    log_theta
        Log dispersion (G,).
    tails, calibrated_on
        How intervals of counts are calibrated (:mod:`.conformal`), and on how many hidden counts.
    """

    weights: Tensor
    unshrunk: Tensor
    size_shift: Tensor
    place_variance: Tensor
    covariance: Tensor
    log_theta: Tensor
    tails: Tensor
    calibrated_on: Tensor

    def __init__(self, vocabulary: Vocabulary, config: ModelConfig) -> None:
        super().__init__()
        self.vocabulary, self.config = vocabulary, config
        self.n_latents = config.spatial_factors + config.intrinsic_factors
        self.attributes = Attributes(vocabulary, config.reach, config.continuous_features)
        self.n_attributes = sum(self.attributes.blocks)
        n_features, n_genes = self.n_attributes + self.n_latents, len(vocabulary.genes)
        start = -2 * math.log(INITIAL_SCALE) * torch.eye(vocabulary.dimensions)
        self.gp_log_metric = nn.Parameter(start)
        self.gp_log_alpha = nn.Parameter(torch.zeros(()))
        self.register_buffer("weights", torch.zeros(n_features, n_genes))
        self.register_buffer("size_shift", torch.zeros(self.n_attributes))
        self.register_buffer(
            "place_variance", torch.zeros(self.attributes.n_own + len(vocabulary.propagating), n_genes)
        )
        self.register_buffer("unshrunk", torch.zeros(n_features, n_genes))
        self.register_buffer("covariance", torch.zeros(n_genes, n_features, n_features))
        self.register_buffer("log_theta", torch.full((n_genes,), INITIAL_LOG_THETA))
        plain = Bands.plain()
        self.register_buffer("tails", torch.from_numpy(plain.tails))
        self.register_buffer("calibrated_on", torch.from_numpy(plain.entries))
        self.double()

    @property
    def bands(self) -> Bands:
        """How intervals of counts are calibrated, on spots that were hidden one by one."""
        return Bands(self.tails.numpy(), self.calibrated_on.numpy())

    @property
    def attribute_weights(self) -> Tensor:
        """Weights (Qa, G) of attributes and field."""
        return self.weights[: self.n_attributes]

    @property
    def level_weights(self) -> Tensor:
        """Weights (Q, G) that give levels at the median total count: those of the changes and ``size_shift``."""
        return self.weights + nn.functional.pad(self.size_shift, (0, self.n_latents))[:, None]

    @property
    def latent_weights(self) -> Tensor:
        """Weights (L, G) of the latent cell state: spatial factors, then intrinsic ones."""
        return self.weights[self.n_attributes :]

    def basis(self, coords: Tensor, place: Tensor, at: Tensor, at_place: Tensor) -> Tensor:
        """Return the whitened features ``V`` (M, N) of positions ``coords`` for inducing points ``at``, in pitches."""
        shape = (self.gp_log_metric, self.gp_log_alpha.exp())
        k_mm = gram(at, at, at_place, at_place, *shape)
        return svgp.whiten(k_mm, gram(at, coords, at_place, place, *shape))

    def kernel_penalty(self) -> Tensor:
        """Return the negative log prior of the spatial kernel: range around 5 pitches, little anisotropy, Cauchy."""
        centre = self.gp_log_metric.diagonal().mean()
        shear = self.gp_log_metric - centre * torch.eye(
            len(self.gp_log_metric), dtype=centre.dtype, device=centre.device
        )
        distance = centre / 2 + math.log(INITIAL_SCALE)
        return 0.5 * (4 * distance.square() + (shear / 0.4).square().sum() + self.gp_log_alpha.square())
