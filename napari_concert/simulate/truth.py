"""The truth of a simulated slide, for any what-if: from the parameters stored with it.

    log mean_ig = a_g + T_g[tissue_i] + Σ_k W_kg f_k(x_i) + B_g[state_i] + Σ_p u_ip C_pg

with u_ip the field of :mod:`napari_concert.simulate.field`. Some recipes add to this: C_pg may differ between tissues,

    + c_i V_g + c_i (B'_g[state_i] + Σ_p u_ip C'_pg)       a latent cell state c_i, which what-ifs hold, and its effects
    + S_g[section_i]                                       a batch effect

Controls propagate nothing. Expected counts are those of a spot of size factor 1, before any bleeding or mixing: counts
are drawn as negative binomial with mean s_i mean_ig, where log s_i is normal with mean 0 and standard deviation 0.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.patches import WhatIf
from napari_concert.simulate.field import Codes, Field, Places
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
        Patches that set "perturbation", "tissue" or both; any other attribute changes nothing. A spot that carries a
        wrong label is in its true state unless it is painted.
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
    known = {name: [str(label) for label in adata.uns[KEY][name + "s"]] for name in ("state", "tissue")}
    parameters = _Parameters(adata, known["state"], _positions(adata, genes))
    before, after = (
        parameters.log_mean(
            _codes(adata, "perturbation", known["state"], change, "true_state"),
            _codes(adata, "tissue", known["tissue"], change),
        )
        for change in (WhatIf(), what_if)
    )
    return Truth(np.exp(before), np.exp(after), after - before)


def example(slide: Slide | AnnData) -> WhatIf:
    """Return the what-if that a simulated slide comes with: its ``obs['what_if']``, set to its target state.

    Raises
    ------
    ConcertError
        If the slide is not a simulated one.
    """
    adata = _table(slide)
    if not has_truth(adata):
        raise ConcertError("This slide was not simulated here, so it has no example.")
    return WhatIf((adata.obs["what_if"].to_numpy(dtype=bool), {"perturbation": str(adata.uns[KEY]["target"])}))


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


def _codes(adata: AnnData, column: str, known: list[str], what_if: WhatIf, true: str = "") -> Codes:
    """Return where each spot's label under a what-if stands in ``known``; wrong labels are put right from ``true``."""
    labels = _observed(adata, column, known)
    codes = np.array([known.index(label) for label in labels], dtype=np.int64)
    if true in adata.obsm:
        codes = np.asarray(adata.obsm[true], dtype=np.int64)[:, 0].copy()
    wanted = what_if.target_of(len(labels), column)
    given = np.array([value is not None for value in wanted], dtype=bool)
    for value in set(wanted[given]).difference(known):
        raise UnknownName(column, str(value), known)
    codes[given] = [known.index(value) for value in wanted[given]]
    return codes


def _observed(adata: AnnData, column: str, known: list[str]) -> Labels:
    labels = as_labels(adata.obs[column])
    if not set(labels) <= set(known):
        raise ConcertError(
            f"Column {column!r} is not the one this slide was simulated with (its labels: {', '.join(known)}); "
            "open the file as it was made."
        )
    return labels


class _Parameters:
    """What a slide has stored, for some of its genes."""

    def __init__(self, adata: AnnData, states: list[str], genes: Codes) -> None:
        self.adata, self.states, self.genes = adata, states, genes
        self.field = Field.stored(adata.uns[KEY])
        section = np.unique(as_labels(adata.obs["section"]), return_inverse=True)[1] if "section" in adata.obs else 0
        self.section: Codes = np.broadcast_to(section, adata.n_obs)

    def log_mean(self, state: Codes, tissue: Codes) -> Floats:
        """Return the log expected counts (n_spots, genes) of spots of size factor 1, NaN without coordinates."""
        log_mean: Floats = self._spots("factors") @ self._effect("factor_weights")
        log_mean += np.asarray(self.adata.var["log_mean"])[self.genes]
        log_mean += self._effect("tissue_effect")[tissue]
        log_mean += self._effect("own_effect")[state]
        cells = self._spots("cell_state") if "cell_state" in self.adata.obsm else None
        if cells is not None:
            log_mean += cells * (self._effect("cell_weights") + self._effect("own_interaction")[state])
        if "batch_effect" in self.adata.varm:
            log_mean += self._effect("batch_effect")[self.section]
        places = Places(np.asarray(self.adata.obsm["spatial"], dtype=np.float64), tissue, self.section)
        for p in np.flatnonzero(self.field.range_um).tolist():
            strength = self.field(p, state, places)
            log_mean += strength[:, None] * self._spill_over(p, tissue, cells)
        return log_mean

    def _spill_over(self, p: int, tissue: Codes, cells: Floats | None) -> Floats:
        """Return what a unit of the field does, (genes,) or (n_spots, genes)."""
        by_tissue = "spill_by_tissue" in self.adata.varm
        effect = self._effect("spill_by_tissue")[:, p][tissue] if by_tissue else self._effect("spill_over")[p]
        return effect if cells is None else effect + cells * self._effect("spill_interaction")[p]

    def _effect(self, name: str) -> Floats:
        """Return an effect as (…, genes), its axes reversed."""
        return np.asarray(self.adata.varm[name])[self.genes].T

    def _spots(self, name: str) -> Floats:
        return np.asarray(self.adata.obsm[name], dtype=np.float64)
