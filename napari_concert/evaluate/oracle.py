"""A ceiling on what can be learned from a simulated slide: all is known of it but what its terms do to genes.

Field, factors, true labels and dispersions are given. The genes' weights are fitted to the counts by Fisher scoring of
the negative binomial, under a mixture of zero-mean Gaussians for each feature that is learned over all genes (adaptive
shrinkage, Stephens 2017) and enters by expectation propagation (Minka 2001). Nothing of the package's model is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.patches import WhatIf
from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

SDS = np.array([0.0, 0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0])
STEPS, SWEEPS, DAMPING = 10, 4, 0.5
FLAT_STEPS = 4  # of plain ridge regression, before anything is shrunk
RIDGE, FLAT = 1.0, 1e-6  # precision of weights at first, and of the level for ever
LARGEST_STEP = 1.0
NULL_GENES = 10.0  # pseudo-genes without effect
_TINY = 1e-300


class Fit(NamedTuple):
    """Weights (Q, G) of the features, whose names tell their term (Q)."""

    weights: Floats
    terms: tuple[str, ...]

    def log_mean(self, slide: Slide, what_if: WhatIf) -> Floats:
        """Return the log expected counts (n_spots, G) at the median library size under a what-if."""
        return _design(slide, what_if)[0] @ self.weights


def fit_oracle(slide: Slide, genes: Sequence[str]) -> Fit:
    """Fit the weights of some genes of a simulated slide.

    Raises
    ------
    ConcertError
        If the slide is not a simulated one.
    """
    features, terms = _design(slide, WhatIf())
    rows, columns = np.flatnonzero(slide.usable), slide.genes.get_indexer(pd.Index(list(genes)))
    counts = slide.counts[rows][:, columns].toarray().astype(np.float64)
    theta = slide.adata.var["dispersion"].to_numpy(dtype=np.float64)[columns]
    problem = Problem(features[rows], counts, slide.size_factors[rows, None], theta)
    return Fit(fit_weights(problem, np.array(terms) == "level"), terms)


def _design(slide: Slide, what_if: WhatIf) -> tuple[Floats, tuple[str, ...]]:
    """Return all features (n_spots, Q) and the term of each."""
    from napari_concert.simulate import features

    found = features(slide, what_if)
    return np.hstack(list(found.values())), tuple(name for name, each in found.items() for _ in range(each.shape[1]))


class Problem(NamedTuple):
    """A negative-binomial regression: features (N, Q), counts (N, G), size factors (N, 1) and dispersions (G,)."""

    features: Floats
    counts: Floats
    size: Floats
    theta: Floats

    def quadratic(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return Fisher information (Q, Q, G) and the gradient (Q, G) of the log-likelihood."""
        mean = self.size * np.exp(np.clip(self.features @ weights, -20, 20))
        spread = 1 + mean / self.theta
        one, other = np.triu_indices(self.features.shape[1])
        packed = (self.features[:, one] * self.features[:, other]).T @ (mean / spread)
        information = np.empty((len(weights), len(weights), len(self.theta)))
        information[one, other] = information[other, one] = packed
        return information, self.features.T @ ((self.counts - mean) / spread)


def fit_weights(problem: Problem, is_level: npt.NDArray[np.bool_]) -> Floats:
    """Return the weights (Q, G): posterior means by expectation propagation, around ever better quadratics.

    Parameters
    ----------
    is_level
        Which features (Q,) stand for the level of a gene, which is not shrunk.
    """
    n_features, n_genes = problem.features.shape[1], problem.counts.shape[1]
    weights = np.zeros((n_features, n_genes))
    weights[is_level] = np.log(problem.counts.sum(axis=0) / problem.size.sum())
    sites = Sites(np.tile(np.where(is_level, FLAT, RIDGE)[:, None], n_genes), np.zeros((n_features, n_genes)))
    shares = np.full((n_features, len(SDS)), 1 / len(SDS))
    for step in range(FLAT_STEPS + STEPS):
        information, gradient = problem.quadratic(weights)
        pull = np.einsum("qrg,rg->qg", information, weights) + gradient
        for _ in range(SWEEPS if step >= FLAT_STEPS else 0):
            sites = _propagate(*_posterior(information, pull, sites), sites, shares, is_level)
        target, _ = _posterior(information, pull, sites)
        weights = weights + np.clip(target - weights, -LARGEST_STEP, LARGEST_STEP)
    return weights


class Sites(NamedTuple):
    """A Gaussian in place of each weight's prior: precision, and precision × mean, (Q, G) each."""

    precision: Floats
    shift: Floats


def _posterior(information: Floats, pull: Floats, sites: Sites) -> tuple[Floats, Floats]:
    """Return posterior means and variances (Q, G) of all weights of a gene together."""
    each = np.arange(len(pull))
    precision = np.moveaxis(information, 2, 0).copy()
    precision[:, each, each] += sites.precision.T
    covariance = np.linalg.inv(precision)
    mean = np.einsum("gqr,rg->qg", covariance, pull + sites.shift)
    return mean, np.maximum(covariance[:, each, each].T, _TINY)


def _propagate(mean: Floats, variance: Floats, sites: Sites, shares: Floats, is_level: npt.NDArray[np.bool_]) -> Sites:
    """Return better sites; ``shares`` (Q, K) of the mixtures are learned in place."""
    precision, shift = (part.copy() for part in sites)
    for q in np.flatnonzero(~is_level):
        left = np.maximum(1 / variance[q] - precision[q], 1e-6)
        estimate = (mean[q] / variance[q] - shift[q]) / left
        wanted, spread, shares[q] = shrink(estimate, 1 / left, shares[q])
        new = np.clip(1 / np.maximum(spread, 1e-8) - left, 1e-3, 1e6)
        precision[q] += DAMPING * (new - precision[q])
        shift[q] += DAMPING * ((new + left) * wanted - left * estimate - shift[q])
    return Sites(precision, shift)


def shrink(estimate: Floats, variance: Floats, shares: Floats) -> tuple[Floats, Floats, Floats]:
    """Return posterior means and variances (G,) of estimates, and the mixture's shares (K,) after one EM step."""
    total = variance[:, None] + SDS**2
    density = np.exp(-0.5 * estimate[:, None] ** 2 / total) / np.sqrt(total) * shares
    belongs = density / np.maximum(density.sum(axis=1, keepdims=True), _TINY)
    kept = SDS**2 / total
    means = kept * estimate[:, None]
    mean = (belongs * means).sum(axis=1)
    spread = (belongs * (kept * variance[:, None] + means**2)).sum(axis=1) - mean**2
    counted = belongs.sum(axis=0) + NULL_GENES * (SDS == 0)
    return mean, spread, counted / counted.sum()
