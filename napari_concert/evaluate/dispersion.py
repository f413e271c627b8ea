"""How counts scatter around their expectation: negative-binomial dispersions by moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.slide import Slide

Floats = npt.NDArray[np.float64]

LEAST, MOST = 0.05, 1e3  # beyond these a gene is nearly never counted, or as good as Poisson


def dispersion_by_moments(slide: Slide, genes: Sequence[str]) -> Floats:
    """Return the dispersion (G,) of each gene, of the scatter within states: variance is μ + μ²/θ.

    With a mean ``m`` of each state at the median library size and size factors ``s``, by moments over the spots
    ``1/θ = Σ ((x − s m)² − s m) / Σ (s m)²``.
    """
    rows = np.flatnonzero(slide.usable)
    columns = slide.genes.get_indexer(pd.Index(list(genes)))
    counts = slide.counts[rows][:, columns].toarray().astype(np.float64)
    size = slide.size_factors[rows, None]
    state = pd.factorize(slide.state_of[rows], use_na_sentinel=False)[0]
    belongs = np.eye(state.max() + 1)[state]
    mean = size * (belongs @ ((belongs.T @ (counts / size)) / belongs.sum(axis=0)[:, None]))
    excess, expected = ((counts - mean) ** 2 - mean).sum(axis=0), (mean**2).sum(axis=0)
    inverse = np.divide(excess, expected, out=np.full(len(columns), 1 / MOST), where=expected > 0)
    return np.asarray(1 / np.clip(inverse, 1 / MOST, 1 / LEAST))
