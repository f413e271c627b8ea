"""Measured spots as the others predict them: what a hidden spot would have been expected to count.

The spots' own counts, and what their states send to their neighbours, are left out; cell state and field are inferred
again from the rest. The weights stay as they were learned, by all spots that were trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

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
from napari_concert.model.network import ConcertNetwork

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
    calibration
        How intervals were calibrated, in words.
    """

    genes: tuple[str, ...]
    rows: Rows
    counts: csr_matrix
    size: Floats
    told: Told
    calibration: str = ""

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


def withhold(
    network: ConcertNetwork, rest: SpotArrays, hidden: SpotArrays, rows: Rows, *, labels: bool, bands: Bands
) -> Withheld:
    """Predict some spots from others.

    Parameters
    ----------
    rest, hidden
        The spots to predict from, with the states they were observed in, and those to predict.
    rows
        Of the hidden spots in the file (n,).
    labels
        Whether states and tissues of the hidden spots are known; else they are inferred too.
    bands
        How intervals are calibrated.
    """
    near = rest.take(_around(rest, hidden))
    spots = Counterfactual(network, near)
    latents = infer_latents(network, near, spots.features)
    new = hidden if labels else unlabelled(hidden)
    told = tell(network, Measured(near, spots.features, latents), new, bands)
    return Withheld(network.vocabulary.genes, rows, hidden.counts, hidden.size, told)


def unlabelled(arrays: SpotArrays) -> SpotArrays:
    """Return spots whose state and tissue are not known."""
    unknown = np.full(len(arrays), UNKNOWN)
    return arrays.with_attributes(unknown, unknown, arrays.continuous)


def _around(rest: SpotArrays, hidden: SpotArrays) -> Rows:
    """Return the positions of all spots that tell something of hidden ones; of all, where none is near."""
    apart, there = (np.column_stack([each.coords, each.place * (4 * AROUND + 1)]) for each in (rest, hidden))
    near = np.isfinite(cKDTree(there).query(apart, distance_upper_bound=AROUND)[0])
    return np.flatnonzero(near) if near.any() else np.arange(len(rest))
