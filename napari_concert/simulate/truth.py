"""The truth of a simulated slide, for any what-if: from the parameters stored with it.

    log mean_ig = a_g + T_g[tissue_i] + Σ_k W_kg f_k(x_i) + B_g[state_i] + Σ_p u_ip C_pg
    u_ip        = max_j exp(-|x_i - x_j| / ℓ_p) over spots j in state p; 0 for spots in state p themselves

Controls propagate nothing. Expected counts are those of a spot of size factor 1: counts are drawn as negative binomial
with mean s_i mean_ig, where log s_i is normal with mean 0 and standard deviation 0.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.patches import WhatIf
from napari_concert.slide import Slide
from napari_concert.slide.obs import as_labels

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]
KEY = "napari_concert_truth"


@dataclass(frozen=True, eq=False)
class Truth:
    """True expression (n_spots, n_genes): expected counts as is and under the what-if, and the log fold change.

    NaN where a spot has no coordinates.

    Attributes
    ----------
    baseline, predicted
        Expected counts of a spot of size factor 1.
    change
        Natural log of predicted / baseline.
    """

    baseline: Floats
    predicted: Floats
    change: Floats


def has_truth(slide: Slide | AnnData) -> bool:
    """Whether a slide carries the parameters that made it."""
    return KEY in _table(slide).uns


def truth(slide: Slide | AnnData, what_if: WhatIf, genes: Sequence[str] | None = None) -> Truth:
    """Return the true expression of a simulated slide under a what-if.

    Parameters
    ----------
    slide
        As simulated, or as read from its file.
    what_if
        Patches that set "perturbation", "tissue" or both; any other attribute changes nothing.
    genes
        Genes to compute, in this order; all by default.

    Raises
    ------
    ConcertError
        If the slide is not a simulated one, its labels are not those it was simulated with, or the what-if does not
        fit it.
    UnknownName
        If a state, a tissue or a gene is not the slide's.
    """
    adata = _table(slide)
    if not has_truth(adata):
        raise ConcertError("This slide was not simulated here, so its truth is not known.")
    stored, columns = adata.uns[KEY], _positions(adata, genes)
    known = {"perturbation": [str(s) for s in stored["states"]], "tissue": [str(t) for t in stored["tissues"]]}
    observed = {name: _observed(adata, name, known[name]) for name in known}
    changed = {name: _intervened(observed[name], what_if, name, known[name]) for name in known}
    before, after = (_log_mean(adata, stored, labels, known, columns) for labels in (observed, changed))
    return Truth(np.exp(before), np.exp(after), after - before)


def _table(slide: Slide | AnnData) -> AnnData:
    return slide.adata if isinstance(slide, Slide) else slide


def _positions(adata: AnnData, genes: Sequence[str] | None) -> npt.NDArray[np.int64]:
    if genes is None:
        return np.arange(adata.n_vars)
    where = {str(name): i for i, name in enumerate(adata.var_names)}
    for gene in genes:
        if gene not in where:
            raise UnknownName("gene", gene, where)
    return np.array([where[gene] for gene in genes], dtype=np.int64)


def _observed(adata: AnnData, column: str, known: list[str]) -> Labels:
    labels = as_labels(adata.obs[column])
    if not set(labels) <= set(known):
        raise ConcertError(
            f"Column {column!r} is not the one this slide was simulated with (its labels: {', '.join(known)}); "
            "open the file as it was made."
        )
    return labels


def _intervened(labels: Labels, what_if: WhatIf, attribute: str, known: list[str]) -> Labels:
    wanted = what_if.target_of(len(labels), attribute)
    given = np.array([value is not None for value in wanted], dtype=bool)
    for value in set(wanted[given]).difference(known):
        raise UnknownName(attribute, str(value), known)
    changed = labels.copy()
    changed[given] = wanted[given]
    return changed


def field(coords: Floats, state: Labels, name: str, range_um: float) -> Floats:
    """Return the true field (n_spots,) of one state; a spot without coordinates has none (NaN) and adds none."""
    placed = np.isfinite(coords).all(axis=1)
    strength = np.where(placed, 0.0, np.nan)
    sources = np.flatnonzero(placed & (state == name))
    if len(sources):
        strength[placed] = np.exp(-cKDTree(coords[sources]).query(coords[placed])[0] / range_um)
        strength[sources] = 0.0
    return strength


def _log_mean(
    adata: AnnData,
    stored: Mapping[str, Any],
    labels: Mapping[str, Labels],
    known: Mapping[str, list[str]],
    genes: npt.NDArray[np.int64],
) -> Floats:
    """Return the log expected counts (n_spots, genes) of spots of size factor 1, NaN without coordinates."""
    coords, varm, state = np.asarray(adata.obsm["spatial"], dtype=np.float64), adata.varm, labels["perturbation"]
    own, where = (np.array([known[name].index(label) for label in labels[name]]) for name in ("perturbation", "tissue"))
    log_mean: Floats = np.asarray(adata.obsm["factors"], dtype=np.float64) @ np.asarray(varm["factor_weights"])[genes].T
    log_mean += np.asarray(adata.var["log_mean"])[genes]
    log_mean += np.asarray(varm["tissue_effect"])[genes].T[where]
    log_mean += np.asarray(varm["own_effect"])[genes].T[own]
    spill = np.asarray(varm["spill_over"])[genes].T
    for p, (name, range_um) in enumerate(
        zip(known["perturbation"], np.asarray(stored["range_um"], dtype=float), strict=True)
    ):
        if range_um > 0:
            log_mean += field(coords, state, name, range_um)[:, None] * spill[p]
    return log_mean
