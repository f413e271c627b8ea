"""Copies of an AnnData that share its arrays, so that what was read is never modified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anndata import AnnData


def rebuilt(adata: AnnData, **changed: Any) -> AnnData:
    """Return an AnnData with some of ``X``, ``obs`` and ``var`` changed; large arrays are shared, not copied.

    What belongs to genes (``varm``, layers) goes where ``var`` is replaced, because it no longer fits; ``raw``,
    pairwise matrices and the like always go: no slide reads them.
    """
    from anndata import AnnData

    parts: dict[str, Any] = {
        "X": adata.X,
        "obs": adata.obs.copy(),
        "var": adata.var.copy(),
        "uns": dict(adata.uns),
        "obsm": dict(adata.obsm),
    }
    if "var" not in changed:
        parts |= {"varm": dict(adata.varm), "layers": dict(adata.layers)}
    return AnnData(**(parts | changed))


def with_obs(adata: AnnData, **columns: Any) -> AnnData:
    """Return an AnnData with obs columns added or rewritten."""
    return rebuilt(adata, obs=adata.obs.assign(**columns))
