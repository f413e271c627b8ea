"""Gene sets as one signal: the mean change of their modelled genes, with what is known of it.

For a set of k modelled genes over a region with mean feature difference d̄ (see
:mod:`napari_concert.prediction.result`)::

    change = (1/k) Σ_g d̄ · w_g
    sd²    = (1/k²) Σ_g d̄ᵀ Σ_g d̄

Given the model, posteriors of genes are independent of each other, so variances add up and those of a mean are divided
by k². What genes share (the inferred cell state, the neighbourhoods) is taken as known by both formulas: the interval
tells how well the mean change of *these* genes is known under this model, not how another set of like genes would do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.errors import ConcertError
from napari_concert.prediction.parts import ChangeParts, parts
from napari_concert.prediction.posterior import Changes, Floats, false_sign_rate, interval, root
from napari_concert.prediction.regions import mean_change, modelled

if TYPE_CHECKING:
    from napari_concert.prediction.result import Prediction

Columns = npt.NDArray[np.int64]

SET_COLUMNS = ("genes", "of", "change", "sd", "lower", "upper", "lfsr")
_SEPARATORS = re.compile(r"[\s,;]+")
_QUOTES = "\"'"


@dataclass(frozen=True)
class GeneSet:
    """Genes that are read as one signal.

    Parameters
    ----------
    name
        What it is called.
    genes
        Names; each is kept once.

    Raises
    ------
    ConcertError
        If the name or the list of genes is empty.
    """

    name: str
    genes: tuple[str, ...]

    def __post_init__(self) -> None:
        names = dict.fromkeys(name.strip() for name in self.genes)
        object.__setattr__(self, "name", self.name.strip())
        object.__setattr__(self, "genes", tuple(name for name in names if name))
        if not self.name:
            raise ConcertError("A gene set has no name. Give it one.")
        if not self.genes:
            raise ConcertError(f"The gene set {self.name!r} names no gene. Give it at least one.")


def split_names(text: str) -> tuple[str, ...]:
    """Return the names in a pasted list: one a line, or with commas, semicolons or blanks between them."""
    return tuple(name for name in (part.strip(_QUOTES) for part in _SEPARATORS.split(text)) if name)


class Spelling:
    """Finds genes by name, whatever the case: lists of human genes fit mouse slides (KRT8 finds Krt8).

    Parameters
    ----------
    known
        Names that exist (n). One that is spelled exactly alike is preferred.
    """

    def __init__(self, known: Sequence[str]) -> None:
        self._exact = {name: position for position, name in enumerate(known)}
        self._loose = {name.lower(): position for position, name in reversed(list(enumerate(known)))}

    def __contains__(self, name: str) -> bool:
        return name in self._exact or name.lower() in self._loose

    def positions(self, names: Iterable[str]) -> Columns:
        """Return where the names that exist are, int64, ascending, each once."""
        found = {self._exact.get(name, self._loose.get(name.lower(), -1)) for name in names}
        return np.array(sorted(found - {-1}), dtype=np.int64)


def set_change(prediction: Prediction, rows: npt.ArrayLike, sets: Iterable[GeneSet]) -> pd.DataFrame:
    """Summarise the change of gene sets over a region.

    Parameters
    ----------
    rows
        Spot rows or a mask (n_spots,); spots that are not modelled are left out.
    sets
        Names are found whatever their case; genes that are not modelled are left out.

    Returns
    -------
    DataFrame
        Indexed by set, in the order given: ``genes`` (how many modelled genes were used) ``of`` (how many the set
        names), ``change`` (mean natural log fold change of those genes), ``sd``, ``lower``, ``upper`` (95 %),
        ``lfsr`` (local false sign rate). NaN where a set has no modelled gene or the region no modelled spot.
    """
    sets, spelling, inside = list(sets), Spelling(prediction.genes), modelled(prediction, rows)
    members = [spelling.positions(each.genes) for each in sets]
    used = np.array([len(columns) for columns in members], dtype=np.int64)
    values = _set_means(prediction, inside, members) if inside.size and sets else np.full((5, len(sets)), np.nan)
    index = pd.Index([each.name for each in sets], name="set")
    sizes = {"genes": used, "of": np.array([len(each.genes) for each in sets], dtype=np.int64)}
    return pd.DataFrame({**sizes, **dict(zip(SET_COLUMNS[2:], values, strict=True))}, index=index)


def _set_means(prediction: Prediction, inside: Columns, members: list[Columns]) -> Floats:
    """Return change, sd, lower, upper and false sign rate of sets over a region, (5, n_sets)."""
    used = np.array([len(columns) for columns in members], dtype=float)
    share = np.repeat(np.divide(1.0, used, out=np.full(len(used), np.nan), where=used > 0), used.astype(np.int64))
    starts = np.concatenate([[0], np.cumsum(used)]).astype(np.int64)
    mean = sparse.csr_array((share, np.concatenate(members), starts), shape=(len(members), len(prediction.genes)))
    change, centre, sd = mean_change(prediction, inside)
    set_sd = root(mean.power(2) @ sd**2)
    set_mean = mean @ change
    values = np.stack([set_mean, set_sd, *interval(set_mean, mean @ centre, set_sd), false_sign_rate(set_mean, set_sd)])
    values[:, used == 0] = np.nan
    return values


def set_values(prediction: Prediction, gene_set: GeneSet) -> Changes:
    """Decode a gene set for all spots, as :meth:`Prediction.gene` does for a gene.

    Returns
    -------
    Changes
        Mean change of the modelled genes (natural log), its posterior sd and 95 % interval, each (n_spots,), NaN where
        the spot is not modelled.

    Raises
    ------
    ConcertError
        If no gene of the set is modelled.
    """
    everywhere = np.arange(len(prediction.rows))
    found = _decode(prediction, prediction.differences(everywhere), gene_set)
    return Changes(*(prediction.spread(values) for values in found))


def set_parts(prediction: Prediction, gene_set: GeneSet) -> ChangeParts:
    """Split the mean change of a gene set into own response and what comes from neighbours, as for a gene.

    Raises
    ------
    ConcertError
        If no gene of the set is modelled, or the prediction does not know what spots would do alone.
    """
    return parts(prediction, gene_set.name, _modelled_genes(prediction, gene_set))


def set_profile(prediction: Prediction, groups: Sequence[npt.ArrayLike], gene_set: GeneSet) -> pd.DataFrame:
    """Give the mean change of a gene set over several groups of spots, such as rings around a patch.

    Parameters
    ----------
    groups
        Rows or a mask (n_spots,) of each group; spots that are not modelled are left out.
    gene_set
        A gene is a set of one.

    Returns
    -------
    DataFrame
        A row a group: ``spots`` (how many modelled ones), ``change`` (natural log), ``sd``, ``lower``, ``upper`` (95 %
        interval of the mean); NaN where a group has no modelled spot.

    Raises
    ------
    ConcertError
        If no gene of the set is modelled.
    """
    inside = [modelled(prediction, group) for group in groups]
    spots = np.array([len(each) for each in inside], dtype=np.int64)
    means = [prediction.differences(each).mean(axis=0) for each in inside if each.size]
    values = np.full((4, len(inside)), np.nan)
    if means:
        values[:, spots > 0] = np.stack(_decode(prediction, np.stack(means), gene_set))
    return pd.DataFrame({"spots": spots, **dict(zip(Changes._fields, values, strict=True))})


def _decode(prediction: Prediction, difference: Floats, gene_set: GeneSet) -> Changes:
    """Decode what a set does where features differ by ``difference`` (n, Q)."""
    columns = _modelled_genes(prediction, gene_set)
    used = np.flatnonzero((difference != 0).any(axis=0))
    differs = difference[:, used]
    block = prediction.covariance[columns][:, used][:, :, used].astype(np.float64).sum(axis=0) / len(columns) ** 2
    at = np.ix_(used, columns)
    change, centre = (differs @ w[at].mean(axis=1) for w in (prediction.weights, prediction.centres))
    sd = root(np.einsum("nq,nq->n", differs @ block, differs))
    return Changes(change, sd, *interval(change, centre, sd))


def _modelled_genes(prediction: Prediction, gene_set: GeneSet) -> Columns:
    """Return which columns of a prediction a set means."""
    columns = Spelling(prediction.genes).positions(gene_set.genes)
    if not columns.size:
        raise ConcertError(
            f"No gene of {gene_set.name!r} is modelled. Choose a set with modelled genes, or train with them."
        )
    return columns
