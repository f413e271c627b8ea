"""The truth of a simulated slide, for any what-if: from the parameters stored with it.

    log mean_ig = a_g + T_g[tissue_i] + Σ_k W_kg f_k(x_i) + B_g[state_i] + Σ_p u_ip C_pg

with u_ip the field of :mod:`napari_concert.simulate.field`. Some recipes add to this: C_pg may differ between tissues,

    + c_i V_g + c_i (B'_g[state_i] + Σ_p u_ip C'_pg)       a latent cell state c_i, which what-ifs hold, and its effects
    + S_g[section_i]                                       a batch effect

Controls propagate nothing. Expected counts are those of a spot of size factor 1, before any bleeding or mixing: counts
are drawn as negative binomial with mean s_i mean_ig, where log s_i is normal with mean 0 and standard deviation 0.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.patches import WhatIf
from napari_concert.simulate.field import Codes
from napari_concert.simulate.terms import KEY, Term, terms
from napari_concert.slide import Slide
from napari_concert.slide.obs import as_labels

if TYPE_CHECKING:
    from anndata import AnnData

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]


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


@dataclass(frozen=True, eq=False)
class TrueChange:
    """The true change of a simulated slide under one what-if: what it changes of each term, for any gene at once.

    Attributes
    ----------
    genes, n_spots
        All genes of the slide, and how many spots it has.
    terms
        How the features (n_spots, k) of each term change, and its effects (n_genes, k).
    """

    genes: Sequence[str]
    n_spots: int
    terms: tuple[Term, ...]

    def of(self, genes: Sequence[str] | None = None) -> Floats:
        """Return the natural log fold change (n_spots, genes) of some genes, of all by default.

        Raises
        ------
        UnknownName
            If a gene is not the slide's.
        """
        return _summed(self.terms, _positions(self.genes, genes), self.n_spots)


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
        Patches that set "perturbation", "tissue" (or the tissue's column) or both; any other attribute changes nothing.
        A spot that carries a wrong label is in its true state unless it is painted.
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
    adata = _known(slide)
    columns = _positions(adata.var_names, genes)
    before = _terms(adata, WhatIf())
    level = _summed(before.values(), columns, adata.n_obs)
    change = _summed(_changed(before, _terms(adata, what_if)), columns, adata.n_obs)
    return Truth(np.exp(level), np.exp(level + change), change)


def true_change(slide: Slide | AnnData, what_if: WhatIf) -> TrueChange:
    """Return how a what-if truly changes a simulated slide.

    Raises
    ------
    ConcertError, UnknownName
        As :func:`truth` does.
    """
    adata = _known(slide)
    changed = _changed(_terms(adata, WhatIf()), _terms(adata, what_if))
    return TrueChange(tuple(adata.var_names), adata.n_obs, changed)


def features(slide: Slide | AnnData, what_if: WhatIf) -> dict[str, Floats]:
    """Return what every spot truly has under a what-if, (n_spots, k) for each term of the log mean.

    Raises
    ------
    ConcertError
        As :func:`truth` does.
    """
    return {name: term.features for name, term in _terms(_known(slide), what_if).items()}


def example(slide: Slide | AnnData) -> WhatIf:
    """Return the what-if that a simulated slide comes with: its ``obs['what_if']``, set to its target state.

    Raises
    ------
    ConcertError
        If the slide is not a simulated one.
    """
    adata = _known(slide)
    return WhatIf((adata.obs["what_if"].to_numpy(dtype=bool), {"perturbation": str(adata.uns[KEY]["target"])}))


def _known(slide: Slide | AnnData) -> AnnData:
    if not has_truth(slide):
        raise ConcertError("This slide was not simulated here, so its truth is not known.")
    return _table(slide)


def _table(slide: Slide | AnnData) -> AnnData:
    return slide.adata if isinstance(slide, Slide) else slide


def _positions(known: Sequence[str], genes: Sequence[str] | None) -> npt.NDArray[np.int64]:
    if genes is None:
        return np.arange(len(known))
    where = {str(name): i for i, name in enumerate(known)}
    for gene in genes:
        if gene not in where:
            raise UnknownName("gene", gene, where)
    return np.array([where[gene] for gene in genes], dtype=np.int64)


def _changed(before: dict[str, Term], after: dict[str, Term]) -> tuple[Term, ...]:
    """Return the terms of what differs; a spot without coordinates has no change (NaN)."""
    found = (Term(after[name].features - term.features, term.effects) for name, term in before.items())
    return tuple(term for term in found if term.features.any())  # NaN counts as something


def _summed(terms: Iterable[Term], genes: Codes, n_spots: int) -> Floats:
    """Return the sum of terms (n_spots, genes)."""
    total = np.zeros((n_spots, len(genes)))
    for term in terms:
        total += term.features @ term.effects[genes].T
    return total


def _terms(adata: AnnData, what_if: WhatIf) -> dict[str, Term]:
    states, tissues = ([str(label) for label in adata.uns[KEY][name]] for name in ("states", "tissues"))
    state = _codes(adata, "perturbation", states, what_if, "true_state")
    return terms(adata, state, _codes(adata, "tissue", tissues, what_if))


def _codes(adata: AnnData, kind: str, known: list[str], what_if: WhatIf, true: str = "") -> Codes:
    """Return where each spot's label under a what-if stands in ``known``; wrong labels are put right from ``true``."""
    column = str(adata.uns[KEY].get(f"{kind}_column", kind))
    labels = _observed(adata, column, known)
    codes = np.array([known.index(label) for label in labels], dtype=np.int64)
    if true in adata.obsm:
        codes = np.asarray(adata.obsm[true], dtype=np.int64)[:, 0].copy()
    for name in dict.fromkeys((column, kind)):
        wanted = what_if.target_of(len(labels), name)
        given = np.array([value is not None for value in wanted], dtype=bool)
        for value in set(wanted[given]).difference(known):
            raise UnknownName(name, str(value), known)
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
