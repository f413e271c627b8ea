"""Which genes are modelled: highly variable ones on raw counts, and any that the user lists."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, vstack

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.slide import Slide

FEWEST_SPOTS = 3


def choose_genes(slides: Sequence[Slide], n_genes: int, also: Sequence[str]) -> tuple[str, ...]:
    """Return the genes to model, in the order of the first slide.

    The most variable ones by analytic Pearson residuals of the raw counts (Lause, Berens & Kobak 2021; scanpy), among
    those seen in at least three spots of the slides, plus ``also``.

    Raises
    ------
    UnknownName
        If a gene of ``also`` is not on every slide.
    ConcertError
        If the slides share no gene that is expressed.
    """
    shared = slides[0].genes[slides[0].genes.isin(set.intersection(*(set(slide.genes) for slide in slides)))]
    for name in also:
        if name not in shared:
            raise UnknownName("gene", name, shared)
    counts = vstack([_counts(slide, shared) for slide in slides], format="csr")
    expressed = np.flatnonzero(counts.getnnz(axis=0) >= FEWEST_SPOTS)
    if not len(expressed):
        raise ConcertError(
            f"No gene is seen in {FEWEST_SPOTS} spots or more ({len(shared)} genes are on every slide); "
            "check that the slides hold raw counts of the same species."
        )
    chosen = set(expressed if len(expressed) <= n_genes else expressed[_most_variable(counts[:, expressed], n_genes)])
    chosen |= set(shared.get_indexer(pd.Index(also)).tolist())
    return tuple(shared[sorted(chosen)])


def _counts(slide: Slide, genes: pd.Index) -> csr_matrix:
    """Return raw counts of the usable spots for the given genes."""
    columns = slide.genes.get_indexer(genes)
    return slide.counts[np.flatnonzero(slide.usable)][:, columns]


def _most_variable(counts: csr_matrix, n_genes: int) -> np.ndarray:
    """Return the columns of the ``n_genes`` most variable genes, in ascending order."""
    from anndata import AnnData
    from scanpy.experimental.pp import highly_variable_genes

    data = AnnData(counts.astype(np.float32))
    highly_variable_genes(data, flavor="pearson_residuals", n_top_genes=n_genes)
    return np.flatnonzero(data.var["highly_variable"].to_numpy())
