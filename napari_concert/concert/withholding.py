"""Measured spots as the others predict them: what a hidden spot would have been expected to count.

The spots' own counts, and what their states send to their neighbours, are left out; cell state and field are inferred
again from the rest. The weights stay as they were learned, by all spots that were trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from napari_concert.errors import UnknownName
from napari_concert.model import mixture
from napari_concert.model.conformal import Bands, Pit
from napari_concert.model.counterfactual import Counterfactual
from napari_concert.model.data import UNKNOWN, SpotArrays
from napari_concert.model.encoder import infer_latents
from napari_concert.model.hidden import evenly
from napari_concert.model.imputation import LEVEL, Measured, Told, tell

if TYPE_CHECKING:
    from napari_concert.concert.observed import Observed

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

AROUND = 15.0  # pitches around hidden spots from which they are predicted: farther spots tell nothing more
AT_ONCE = 200_000  # spots × genes
SAMPLE = 40_000  # spots × genes that a calibration looks at


class GeneCheck(NamedTuple):
    """One gene of withheld spots, (n,) each: raw count, and mean, sd and 95 % interval of what was to be expected."""

    observed: Floats
    expected: Floats
    sd: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, eq=False)
class Withheld:
    """Measured spots as the others predict them, at their own library sizes.

    Attributes
    ----------
    genes
        Modelled genes (G).
    rows
        Of the spots (n,) in the file.
    counts
        Raw counts (n, G) that were withheld.
    size
        Size factors (n,): totals / the median total.
    told
        What the other spots tell of them.
    """

    genes: tuple[str, ...]
    rows: Rows
    counts: csr_matrix
    size: Floats
    told: Told

    def __len__(self) -> int:
        return len(self.rows)

    def gene(self, name: str, level: float = LEVEL) -> GeneCheck:
        """Return one gene.

        Raises
        ------
        UnknownName
            If it is not modelled.
        """
        if name not in self.genes:
            raise UnknownName("modelled gene", name, self.genes)
        at = np.array([self.genes.index(name)])
        mixed = self.mixture(at)
        expected, sd = mixture.moments(mixed)
        low, high = self.told.bands.interval(mixed, level)
        observed = self.counts[:, at].toarray().astype(np.float64)
        return GeneCheck(*(part[:, 0] for part in (observed, expected, sd, low, high)))

    def mixture(self, genes: Rows | slice = slice(None)) -> mixture.Mixture:
        """Return what log means of some genes, by position, follow."""
        mixed = self.told.mixture(genes)
        return mixed._replace(mean=mixed.mean + np.log(self.size)[:, None, None])

    def moments(self) -> Iterator[tuple[Rows, Floats, Floats]]:
        """Yield positions (m,) of some genes, and mean and sd (n, m) of their counts, until all were given."""
        for genes in self._some(np.arange(len(self.genes)), AT_ONCE):
            yield (genes, *mixture.moments(self.mixture(genes)))

    def pits(self, most: int = SAMPLE) -> Iterator[tuple[Rows, Pit]]:
        """Yield positions (m,) of some genes and where their counts lie in what was predicted, spots before genes.

        Genes are taken evenly by how much is counted of them, up to ``most`` spots × genes in all.
        """
        total = np.asarray(self.counts.sum(axis=0)).ravel()
        chosen = np.sort(evenly(np.argsort(total, kind="stable"), max(1, most // max(1, len(self)))))
        for genes in self._some(chosen, AT_ONCE // 20):
            yield genes, Pit.of(self.mixture(genes), self.counts[:, genes].toarray().astype(np.float64))

    def _some(self, genes: Rows, entries: int) -> Iterator[Rows]:
        step = max(1, entries // max(1, len(self)))
        for start in range(0, len(genes), step):
            yield genes[start : start + step]


def withhold(observed: Observed, rows: Rows, *, labels: bool = True, bands: Bands | None = None) -> Withheld:
    """Predict some usable spots of a slide from the others.

    Parameters
    ----------
    rows
        Of the file.
    labels
        Whether states and tissues of the spots are known; else they are inferred too.
    bands
        How intervals are calibrated; by default as the network is.
    """
    arrays, at = observed.arrays, np.searchsorted(observed.rows, rows)
    hidden = arrays.take(at)
    rest = arrays.take(_around(arrays, at))
    spots = Counterfactual(observed.network, rest)
    latents = infer_latents(observed.network, rest, spots.features)
    new = hidden if labels else unlabelled(hidden)
    told = tell(observed.network, Measured(rest, spots.features, latents), new, bands)
    return Withheld(observed.network.vocabulary.genes, rows, hidden.counts, hidden.size, told)


def unlabelled(arrays: SpotArrays) -> SpotArrays:
    """Return spots whose state and tissue are not known."""
    unknown = np.full(len(arrays), UNKNOWN)
    return arrays.with_attributes(unknown, unknown, arrays.continuous)


def _around(arrays: SpotArrays, hidden: Rows) -> Rows:
    """Return the positions of all other spots that tell something of hidden ones; at least one of each place."""
    rest = np.setdiff1d(np.arange(len(arrays)), hidden)
    apart = np.column_stack([arrays.coords, arrays.place * (4 * AROUND + 1)])
    near = np.isfinite(cKDTree(apart[hidden]).query(apart[rest], distance_upper_bound=AROUND)[0])
    return rest[near] if near.any() else rest
