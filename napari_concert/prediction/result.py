"""The result of a what-if: features, decoder weights and their posterior covariance; one gene is decoded at a time.

The model's log mean is linear in the features of a spot, so for spot i and gene g::

    baseline_ig  = exp(f_i · w_g)              f  features as observed          (n, Q)
    predicted_ig = exp(f'_i · w_g)             f' features under the what-if     (n, Q)
    change_ig    = d_i · w_g                   d = f' − f
    sd_ig        = √(d_iᵀ Σ_g d_i)             Σ_g posterior covariance of w_g   (Q, Q)

Baseline and what-if share their weights, so whatever does not differ between them cancels exactly. The change has two
parts, of which the first is 0 in every spot that is not painted (f° are the features if only the spot itself changed)::

    change_ig    = (f°_i − f_i) · w_g + (f'_i − f°_i) · w_g         its own response, and what comes from its neighbours

Only numpy and scipy are used; no dense spots × genes array is held. Intervals are of 95 % unless told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.prediction.export import to_anndata
from napari_concert.prediction.parts import ChangeParts, parts
from napari_concert.prediction.posterior import LEVEL, Changes, Floats, GenePrediction, interval, root
from napari_concert.prediction.regions import region_change, surest

if TYPE_CHECKING:
    from anndata import AnnData

REACH_WEIGHT = 0.01


@dataclass(frozen=True, eq=False)
class Prediction:
    """The answer to a what-if, in a form from which any gene is decoded at once.

    Attributes
    ----------
    genes
        Modelled genes (G), in the order of the model.
    spot_names
        Names of all spots of the file (n_spots).
    rows
        int64 (n_rows,): the modelled spots.
    baseline_features
        float64 (n_rows, Q).
    affected, whatif_features
        Positions (n,) in ``rows``, ascending, of the spots that the what-if may change, and their features (n, Q) under
        it; all others keep those of the baseline.
    alone_features
        float64 (n, Q): those of the affected spots if nothing but the spot itself were changed; None where not known.
    weights
        float64 (Q, G): posterior mean; the log expected count at the median library size is ``features @ weights``.
    unshrunk
        float64 (Q, G): estimates that intervals are centred at; the weights themselves by default.
    covariance
        (G, Q, Q): posterior covariance of the weights that can differ between baseline and what-if, zero elsewhere.
    observed
        Sparse (n_spots, G) raw counts. Give CSC where many predictions share it: anything else is converted once each.
    totals, median_total
        Total counts of each spot over all genes of the file (n_spots,), and their median over non-empty spots.
    dispersion
        (G,) negative-binomial dispersion.
    coords
        (n_spots, d) in the slide's units; ``n_spots`` in the file.
    painted
        bool (n_spots,).
    obs
        The slide's obs (n_spots rows).
    provenance
        JSON-able record of what is needed to repeat the prediction.
    warnings
        What the reader must know, such as a state never seen in this tissue.
    """

    genes: tuple[str, ...]
    spot_names: npt.ArrayLike
    rows: npt.NDArray[np.int64]
    baseline_features: Floats
    affected: npt.NDArray[np.int64]
    whatif_features: Floats
    weights: Floats
    covariance: npt.NDArray[np.floating[Any]]
    observed: Any
    totals: Floats
    median_total: float
    dispersion: Floats
    coords: Floats
    n_spots: int
    painted: npt.NDArray[np.bool_]
    obs: pd.DataFrame
    unshrunk: Floats | None = None
    alone_features: Floats | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n_rows, n_features, n_genes = len(self.rows), self.weights.shape[0], len(self.genes)
        expected = {
            "baseline_features": (n_rows, n_features),
            "whatif_features": (len(self.affected), n_features),
            "weights": (n_features, n_genes),
            "covariance": (n_genes, n_features, n_features),
            "observed": (self.n_spots, n_genes),
            "painted": (self.n_spots,),
            "totals": (self.n_spots,),
        }
        for name, shape in expected.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ConcertError(f"Prediction.{name} has shape {found}; expected {shape}.")

    # -- one gene ---------------------------------------------------------------------------------------------------

    def gene(self, name: str, level: float = LEVEL) -> GenePrediction:
        """Decode one gene for all spots, with intervals of a level between 0 and 1.

        Raises
        ------
        UnknownName
            If the gene is not modelled.
        """
        return GenePrediction(
            name, self.observed_gene(name), *map(self.spread, self.decode(self.index_of(name), level))
        )

    def index_of(self, name: str) -> int:
        """Give a gene's column.

        Raises
        ------
        UnknownName
            If the gene is not modelled.
        """
        try:
            return self._index[name]
        except KeyError:
            raise UnknownName("modelled gene", name, self.genes) from None

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def observed_gene(self, name: str) -> Floats:
        """Give the measured counts of a gene at the median library size, (n_spots,), NaN for unmodelled spots."""
        column = self.counts[:, [self.index_of(name)]].toarray().ravel()[self.rows]
        return self.spread(column * self._scale)

    def decode(self, g: int, level: float = LEVEL) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
        """Give baseline, predicted, change, sd, lower and upper of gene ``g``, each (n_rows,).

        Change, sd and interval are zero where nothing differs.
        """
        change, centre, sd = (np.zeros(len(self.rows)) for _ in range(3))
        difference, at, used = self._difference
        change[at] = difference @ self.weights[used, g]
        centre[at] = difference @ self.centres[used, g]
        covariance = self.covariance[g][np.ix_(used, used)].astype(np.float64)
        sd[at] = root(np.einsum("nq,nq->n", difference @ covariance, difference))
        baseline = np.exp(self.baseline_features @ self.weights[:, g])
        return baseline, baseline * np.exp(change), change, sd, *interval(change, centre, sd, level)

    def spread(self, values: Floats) -> Floats:
        """Put values of the modelled spots (n_rows,) where they belong on the slide (n_spots,)."""
        spread = np.full(self.n_spots, np.nan)
        spread[self.rows] = values
        return spread

    def changes(self, rows: npt.ArrayLike, level: float = LEVEL) -> Changes:
        """Decode the change of all genes at some modelled spots; keep the region small."""
        difference = self.differences(np.searchsorted(self.rows, np.asarray(rows, dtype=np.int64)))
        used = np.flatnonzero((difference != 0).any(axis=0))
        difference, block = difference[:, used], self.covariance[:, used][:, :, used].astype(np.float64)
        variance = np.einsum("nq,gqr,nr->ng", difference, block, difference, optimize=True)
        change, centre, sd = difference @ self.weights[used], difference @ self.centres[used], root(variance)
        return Changes(change, sd, *interval(change, centre, sd, level))

    def parts(self, name: str) -> ChangeParts:
        """Split the change of one gene into a spot's own response and what comes from its neighbours.

        Raises
        ------
        UnknownName
            If the gene is not modelled.
        ConcertError
            If this prediction does not know what spots would do alone.
        """
        return parts(self, name, np.array([self.index_of(name)]))

    # -- regions ----------------------------------------------------------------------------------------------------

    def region_change(self, rows: npt.ArrayLike, level: float = LEVEL) -> pd.DataFrame:
        """Summarise the change over a region, for every modelled gene.

        With d̄ the mean feature difference over the region, the mean change is d̄·w_g and its variance d̄ᵀ Σ_g d̄.

        Parameters
        ----------
        rows
            Spot rows or a mask (n_spots,); spots that are not modelled are left out.

        Returns
        -------
        DataFrame
            Indexed by gene: ``change`` (mean natural log fold change), ``sd``, ``lower``, ``upper``, ``lfsr``
            (local false sign rate of a normal around the shrunk change: cautious), ``baseline``, ``predicted`` (mean
            expected counts at the median library size). Without any modelled spot every value is NaN.
        """
        return region_change(self, rows, level)

    def top_genes(self, rows: npt.ArrayLike, n: int = 50) -> pd.DataFrame:
        """Give the ``n`` genes that surely change most over a region, first the one that changes most at least.

        Genes whose false sign rate is below 2.5 % come first, by the bound of the 95 % interval nearest to zero;
        then all others by their false sign rate. A large change that is mostly guessed does not lead the list.
        """
        return surest(self.region_change(rows), n)

    @cached_property
    def reach(self) -> npt.NDArray[np.bool_]:
        """Which spots the what-if reaches, (n_spots,): painted, or some feature differs by at least 1 %."""
        reached = np.zeros(self.n_spots, dtype=bool)
        difference, at, _ = self._difference
        reached[self.rows[at]] = np.abs(difference).max(axis=1, initial=0.0) >= REACH_WEIGHT
        reached[self.rows] |= self.painted[self.rows]
        return reached

    # -- all of it --------------------------------------------------------------------------------------------------

    def to_anndata(self, genes: Iterable[str] | None = None) -> AnnData:
        """Decode everything into an AnnData with all spots of the file; unmodelled spots are NaN in the layers.

        Parameters
        ----------
        genes
            Which modelled genes to keep (the slide's order is kept); all of them by default.

        Returns
        -------
        AnnData
            X raw counts; float32 layers ``baseline``, ``predicted``, ``change``, ``change_sd``, ``change_lower``,
            ``change_upper``; obsm ``spatial``; obs with ``painted``; uns ``napari_concert`` (JSON text).

        Raises
        ------
        UnknownName
            If a wanted gene is not modelled.
        """
        return to_anndata(self, genes)

    # -- computed once ----------------------------------------------------------------------------------------------

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: g for g, name in enumerate(self.genes)}

    @property
    def centres(self) -> Floats:
        """Estimates (Q, G) that intervals are centred at."""
        return self.weights if self.unshrunk is None else self.unshrunk

    @cached_property
    def counts(self) -> Any:
        """Raw counts (n_spots, G) by columns."""
        by_columns = isinstance(self.observed, (sparse.csc_matrix, sparse.csc_array))
        return self.observed if by_columns else sparse.csc_matrix(self.observed)

    @cached_property
    def _scale(self) -> Floats:
        """Factor from raw counts to counts at the median library size, (n_rows,)."""
        return self.median_total / self.totals[self.rows]

    @cached_property
    def _difference(self) -> tuple[Floats, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Non-zero block of what-if minus baseline features, its spots (in ``rows``) and its features."""
        full = self.whatif_features - self.baseline_features[self.affected]
        differ = np.flatnonzero((full != 0).any(axis=1))
        used = np.flatnonzero((full[differ] != 0).any(axis=0))
        return np.ascontiguousarray(full[np.ix_(differ, used)]), self.affected[differ], used

    def differences(self, inside: npt.NDArray[np.int64]) -> Floats:
        """Give what-if minus baseline features (n, Q) at positions in ``rows``."""
        block, at, used = self._difference
        where = np.full(len(self.rows), -1)
        where[at] = np.arange(len(at))
        found = np.zeros((len(inside), len(self.weights)))
        differ = where[inside] >= 0
        found[np.ix_(differ, used)] = block[where[inside[differ]]]
        return found
