"""The truth of a simulated slide, for any what-if: from the parameters stored with it.

    log mean_ig = a_g + T_g[tissue_i] + Σ_k W_kg f_k(x_i) + B_g[state_i] + Σ_p u_ip C_pg
    u_ip        = max_j exp(-|x_i - x_j| / ℓ_p) over spots j in state p; 0 for spots in state p themselves

Controls propagate nothing. Expected counts are those at the median library size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.patches import WhatIf

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]
KEY = "napari_concert_truth"


@dataclass(frozen=True, eq=False)
class Truth:
    """True expression (n_spots, n_genes): expected counts as is and under the what-if, and the natural log fold change."""

    baseline: Floats
    predicted: Floats
    change: Floats


def has_truth(adata: AnnData) -> bool:
    """Whether a slide carries the parameters that made it."""
    return KEY in adata.uns


def truth(adata: AnnData, what_if: WhatIf, genes: list[str] | None = None) -> Truth:
    """Return the true expression of a simulated slide under a what-if.

    Parameters
    ----------
    genes
        Genes to compute, in this order; all by default.

    Raises
    ------
    ConcertError
        If the slide is not a simulated one, or the what-if names an unknown state.
    """
    if not has_truth(adata):
        raise ConcertError("This slide was not simulated here, so its truth is not known.")
    stored = adata.uns[KEY]
    chosen = slice(None) if genes is None else adata.var_names.get_indexer(genes)
    state, tissue = (adata.obs[name].astype(str).to_numpy(dtype=object) for name in ("perturbation", "tissue"))
    before = _log_mean(adata, stored, state, tissue, chosen)
    after = _log_mean(
        adata,
        stored,
        _intervened(state, what_if, "perturbation", stored["states"]),
        _intervened(tissue, what_if, "tissue", stored["tissues"]),
        chosen,
    )
    return Truth(np.exp(before), np.exp(after), after - before)


def _intervened(labels: Labels, what_if: WhatIf, attribute: str, known: Any) -> Labels:
    wanted = what_if.target_of(len(labels), attribute)
    given = np.array([value is not None for value in wanted], dtype=bool)
    for value in set(wanted[given]) - set(known):
        raise UnknownName(attribute, str(value), [str(name) for name in known])
    changed = labels.copy()
    changed[given] = wanted[given]
    return changed


def field(coords: Floats, state: Labels, name: str, range_um: float) -> Floats:
    """Return the true field (n_spots,) of one state."""
    sources = np.flatnonzero(state == name)
    if not len(sources):
        return np.zeros(len(coords))
    strength: Floats = np.exp(-cKDTree(coords[sources]).query(coords)[0] / range_um)
    strength[sources] = 0.0
    return strength


def _log_mean(adata: AnnData, stored: Any, state: Labels, tissue: Labels, genes: Any) -> Floats:
    """Return the log expected counts (n_spots, genes) at the median library size."""
    coords = np.asarray(adata.obsm["spatial"], dtype=np.float64)
    varm, names = adata.varm, [str(name) for name in stored["states"]]
    own = np.array([names.index(label) for label in state])
    tissues = [str(name) for name in stored["tissues"]]
    where = np.array([tissues.index(label) for label in tissue])
    log_mean: Floats = np.asarray(adata.obsm["factors"], dtype=np.float64) @ np.asarray(varm["factor_weights"])[genes].T
    log_mean += np.asarray(adata.var["log_mean"])[genes]
    log_mean += np.asarray(varm["tissue_effect"])[genes].T[where]
    log_mean += np.asarray(varm["own_effect"])[genes].T[own]
    spill = np.asarray(varm["spill_over"])[genes].T
    for p, (name, range_um) in enumerate(zip(names, np.asarray(stored["range_um"], dtype=float), strict=True)):
        if range_um > 0:
            log_mean += field(coords, state, name, range_um)[:, None] * spill[p]
    return log_mean
