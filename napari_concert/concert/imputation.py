"""In-painting: expression at positions that were never measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from napari_concert.concert.calibrating import calibration
from napari_concert.concert.checks import Pair, extrapolated
from napari_concert.concert.dataset import intervene
from napari_concert.concert.observed import Observed
from napari_concert.concert.record import provenance_of
from napari_concert.concert.sites import Sites
from napari_concert.errors import UnknownName
from napari_concert.model.data import UNKNOWN, SpotArrays, Vocabulary
from napari_concert.model.imputation import Measured, Told, tell
from napari_concert.model.labels import Labelled, Where, krige
from napari_concert.patches import WhatIf
from napari_concert.prediction.export import KEY
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from anndata import AnnData

    from napari_concert.concert.core import Concert

Floats = npt.NDArray[np.float64]

LAYERS = ("predicted", "predicted_sd", "lower", "upper")
MEANING = (
    "Predicted at positions that were never measured, from the spots around them: not a measurement. States and "
    "tissues that were not given are inferred, with probabilities. predicted is an expected count at the median "
    "library size; predicted_sd, lower and upper are the standard deviation and the 95 % interval of such a count."
)
HALF = 0.5  # share of the spatial variation below which a new spot is an extrapolation


@dataclass(frozen=True, eq=False)
class Imputation:
    """What spots would count at positions where there are none.

    Attributes
    ----------
    genes
        Modelled genes (G), or those of them that were asked for.
    coords
        (n, 2 or 3) in the slide's units.
    obs
        A row a new spot: what was said of it, missing where nothing was; ``measured`` (False),
        ``distance_to_measured`` (to the nearest spot, in the slide's units), ``spatial_known`` (share of the spatial
        variation that the measured spots tell, 0 to 1).
    probabilities
        Of "perturbation" and "tissue", where the model has them: a column a label, 1 or 0 where it was given.
    predicted
        (n, G) expected counts at the median library size.
    predicted_sd, lower, upper
        (n, G) standard deviation and 95 % interval of a *count* at the median library size: what is not known of the
        spot, and the noise of counting.
    provenance
        JSON-able record of what is needed to repeat it.
    warnings
        What the reader must know, such as positions far from any measured spot.
    """

    genes: tuple[str, ...]
    coords: Floats
    obs: pd.DataFrame
    probabilities: Mapping[str, pd.DataFrame]
    predicted: npt.NDArray[np.float32]
    predicted_sd: npt.NDArray[np.float32]
    lower: npt.NDArray[np.float32]
    upper: npt.NDArray[np.float32]
    provenance: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.obs)

    def to_anndata(self, genes: Iterable[str] | None = None) -> AnnData:
        """Return it as an AnnData of the new spots.

        Parameters
        ----------
        genes
            Which modelled genes to keep, in this order; all of them by default.

        Returns
        -------
        AnnData
            X and layer ``predicted``; layers ``predicted_sd``, ``lower``, ``upper``; obs as above and the probabilities
            ``p_<label>``; obsm ``spatial``; uns ``napari_concert`` (JSON text).

        Raises
        ------
        UnknownName
            If a wanted gene is not modelled.
        """
        from anndata import AnnData

        wanted = tuple(self.genes if genes is None else genes)
        columns = pd.Index(self.genes).get_indexer(pd.Index(wanted))
        for gene in np.array(wanted, dtype=object)[columns < 0]:
            raise UnknownName("modelled gene", str(gene), self.genes)
        layers = {name: getattr(self, name)[:, columns] for name in LAYERS}
        result = AnnData(
            X=layers["predicted"].copy(),
            obs=self.obs.assign(**_columns(self.probabilities)),
            var=pd.DataFrame(index=pd.Index(wanted)),
            layers=layers,
            obsm={"spatial": self.coords},
        )
        if self.provenance.get("unit") == "µm":
            result.uns["spatial_units"] = "um"
        result.uns[KEY] = json.dumps({**self.provenance, "warnings": list(self.warnings)}, default=str)
        return result


@dataclass(frozen=True, eq=False)
class NewSpots:
    """New positions and what is told of them, before all genes are decoded: one gene costs next to nothing.

    Attributes
    ----------
    genes, coords, obs, probabilities, provenance, warnings
        As in :class:`Imputation`.
    told
        What the measured spots tell of them.
    calibration
        What was done to intervals so that they hold what they promise, in words.
    """

    genes: tuple[str, ...]
    coords: Floats
    obs: pd.DataFrame
    probabilities: Mapping[str, pd.DataFrame]
    provenance: Mapping[str, Any]
    warnings: tuple[str, ...]
    told: Told
    calibration: str

    def __len__(self) -> int:
        return len(self.obs)

    def gene(self, name: str) -> tuple[Floats, Floats]:
        """Return expected counts at the median library size, and the standard deviation of a count (n,).

        Raises
        ------
        UnknownName
            If the gene is not modelled.
        """
        return self.told.moments(self._position(name))

    def interval(self, row: int, name: str) -> tuple[float, float]:
        """Return the 95 % interval of a count of a gene at one of the new spots.

        Raises
        ------
        UnknownName
            If the gene is not modelled.
        """
        return self.told.interval(row, self._position(name))

    def _position(self, name: str) -> int:
        if name not in self._positions:
            raise UnknownName("modelled gene", name, self.genes)
        return self._positions[name]

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.genes)}

    def decoded(self, genes: Iterable[str] | None = None) -> Imputation:
        """Return them with all genes, or some, in their order.

        Raises
        ------
        UnknownName
            If a gene is not modelled.
        """
        wanted = self.genes if genes is None else tuple(genes)
        found = self.told.decoded(np.array([self._position(name) for name in wanted], dtype=np.int64))
        return Imputation(
            genes=wanted,
            coords=self.coords,
            obs=self.obs,
            probabilities=self.probabilities,
            predicted=found.expected,
            predicted_sd=found.sd,
            lower=found.lower,
            upper=found.upper,
            provenance=self.provenance,
            warnings=self.warnings,
        )


def new_spots(model: Concert, slide: Slide, observed: Observed, sites: Sites, what_if: WhatIf) -> NewSpots:
    """Return what a model knows of new positions of a slide, whose states a what-if may change."""
    arrays = intervene(observed.arrays, slide, what_if, model.vocabulary)
    measured = Measured(arrays, observed.features, observed.latents)
    away = nearest(Where.of(arrays), Where.of(sites.arrays))
    known = calibration(observed, away, labels=_labelled(sites.arrays, model.vocabulary))
    told = tell(observed.network, measured, _interpolated(sites.arrays, arrays), known.bands)
    distance = away * model.scale.pitch
    far = (told.known < HALF) | (distance > model.config.reach * model.scale.pitch)
    said = (
        *model.extrapolations(what_if, slide),
        *extrapolated(_given_pairs(sites.arrays, model.vocabulary) - model.seen_pairs),
        *_far(far, distance, slide),
        *sites.notes,
    )
    return NewSpots(
        genes=model.genes,
        coords=sites.coords,
        obs=_obs(sites, told.known, distance),
        probabilities=probabilities(told.labels, model.vocabulary, sites.names),
        provenance={
            **provenance_of(model, what_if, slide),
            "meaning": MEANING,
            "new_spots": len(sites.arrays),
            "calibration": known.to_json(),
        },
        calibration=str(known),
        warnings=tuple(dict.fromkeys(said)),
        told=told,
    )


def _labelled(new: SpotArrays, vocabulary: Vocabulary) -> bool:
    """Whether most new spots were said to have a state, and a tissue where there are tissues."""
    known = (new.state != UNKNOWN) & ((new.tissue != UNKNOWN) | (not vocabulary.tissues))
    return bool(known.mean() > HALF)


def _interpolated(new: SpotArrays, arrays: SpotArrays) -> SpotArrays:
    """Return new spots with the numbers that nobody gave, interpolated from the spots around."""
    missing = np.isnan(new.continuous)
    if not missing.any():
        return new
    mean = arrays.continuous.mean(axis=0)
    guess = krige(Where.of(arrays), arrays.continuous, mean, Where.of(new))
    return replace(new, continuous=np.where(missing, guess, new.continuous))


def nearest(measured: Where, new: Where) -> Floats:
    """Return the distance (n,), in pitches, from new positions to the nearest measured spot of their place."""
    found = np.full(len(new.place), np.inf)
    for place in np.unique(new.place):
        at, among = new.place == place, measured.place == place
        found[at] = cKDTree(measured.coords[among]).query(new.coords[at])[0]
    return found


def _given_pairs(new: SpotArrays, vocabulary: Vocabulary) -> set[Pair]:
    """Return the pairs of state and tissue that new spots were said to have; those said to have a state only."""
    rows = np.flatnonzero((new.state != UNKNOWN) & ((new.tissue != UNKNOWN) | (not vocabulary.tissues)))
    states, tissues = (*vocabulary.states, None), (*vocabulary.tissues, None)  # UNKNOWN, -1, picks the last
    return {(states[new.state[row]], tissues[new.tissue[row]]) for row in rows}


def _far(far: npt.NDArray[np.bool_], distance: Floats, slide: Slide) -> Iterator[str]:
    if far.any():
        yield (
            f"Extrapolation: at {far.sum()} of {len(far)} positions the measured spots tell less than half of the "
            f"spatial variation (the nearest spot is up to {distance[far].max():.4g} {slide.units.name} away); what is "
            "predicted there is close to the average of state and tissue."
        )


def _obs(sites: Sites, known: Floats, distance: Floats) -> pd.DataFrame:
    obs = sites.obs.reindex(range(len(distance))).set_axis(sites.names, axis=0)
    return obs.assign(measured=False, distance_to_measured=distance, spatial_known=known)


def probabilities(labels: Labelled, vocabulary: Vocabulary, names: pd.Index) -> dict[str, pd.DataFrame]:
    """Return the probability (n, labels) of every state and tissue."""
    found = {}
    for which, (role, known) in enumerate((("perturbation", vocabulary.states), ("tissue", vocabulary.tissues))):
        if known:
            has = labels.codes[:, which, None] == np.arange(len(known))
            found[role] = pd.DataFrame(labels.probability @ has, index=names, columns=list(known))
    return found


def _columns(found: Mapping[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """Return probabilities as obs columns ``p_<label>``; a label that is both state and tissue says which."""
    columns: dict[str, pd.Series] = {}
    for role, table in found.items():
        for label in table:
            name = f"p_{label}".replace("/", "_")  # a file's keys can't have a slash
            columns[f"p_{role}_{label}".replace("/", "_") if name in columns else name] = table[label]
    return columns
