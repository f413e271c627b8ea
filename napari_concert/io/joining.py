"""A slide with what was predicted beside what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from napari_concert.slide import Slide

if TYPE_CHECKING:
    from anndata import AnnData

    from napari_concert.concert.imputation import Imputation


def joined(slide: Slide, imputation: Imputation, genes: Iterable[str] | None = None) -> AnnData:
    """Return the measured spots, then the predicted ones.

    Parameters
    ----------
    slide
        Its spots, but for those that are left out.
    imputation
        What was predicted on it.
    genes
        Which modelled genes to keep, in this order; all of them by default.

    Returns
    -------
    AnnData
        X: raw counts, with nothing where nothing was measured, so that no spot is mistaken for a measured one; layers
        ``predicted``, ``predicted_sd``, ``lower``, ``upper``: NaN where it was; obs ``measured``, and what the slide
        and the prediction say of the spots; obsm ``spatial``; uns as in the prediction.
    """
    from anndata import AnnData

    new = imputation.to_anndata(genes)
    rows = np.setdiff1d(np.arange(slide.n_spots), slide.left_out)
    counts = slide.counts[rows][:, slide.genes.get_indexer(new.var_names)].astype(np.float32)
    nothing = np.full((len(rows), new.n_vars), np.nan, np.float32)
    return AnnData(
        X=sparse.vstack([counts, sparse.csr_matrix(new.shape, dtype=np.float32)], format="csr"),
        obs=_stacked(slide.adata.obs.iloc[rows].assign(measured=True), new.obs),
        var=new.var,
        layers={name: np.vstack([nothing, values]) for name, values in new.layers.items()},
        obsm={"spatial": np.vstack([slide.coords[rows], new.obsm["spatial"]])},
        uns=dict(new.uns),
    )


def _stacked(measured: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Return two tables of spots as one, with columns that a file can hold."""
    both = pd.concat([measured.set_axis(measured.index.astype(str)), predicted], axis=0)
    for name in both:
        parts = [table[name] for table in (measured, predicted) if name in table]
        if any(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
            both[name] = pd.Categorical(both[name])
        elif any(pd.api.types.is_bool_dtype(part) for part in parts):
            both[name] = both[name].astype("boolean") if both[name].isna().any() else both[name].astype(bool)
    return both
