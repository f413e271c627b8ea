"""What a trained model infers from a slide as it was observed: once for every slide, held fixed under what-ifs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csc_matrix

from napari_concert.concert.dataset import Scale, arrays_of, batch_names
from napari_concert.model.calibration import calibrated
from napari_concert.model.conformal import Bands
from napari_concert.model.counterfactual import Counterfactual, Swapped
from napari_concert.model.data import SpotArrays
from napari_concert.model.encoder import infer_latents
from napari_concert.model.network import ConcertNetwork
from napari_concert.patches import WhatIf
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

ELSEWHERE = 0.3  # sd of an effect in a tissue where it was never measured, as a share of it: an assumption


@dataclass(frozen=True, eq=False)
class Observed:
    """A slide as the model sees it; it keeps no reference to the slide, so that a closed one is forgotten.

    Attributes
    ----------
    network
        The model, calibrated to the slide where it was not trained on it.
    spots, rows
        The usable spots as observed, and their rows (n,) in the file.
    latents
        Latent cell state (n, L).
    counts
        Raw counts (n_spots, G) of the modelled genes.
    covariance
        Posterior covariance of the weights (G, Q, Q).
    bands
        How intervals in holes are calibrated, by the size of the hole and whether labels are known; found when needed.
    """

    network: ConcertNetwork
    spots: Counterfactual
    rows: npt.NDArray[np.int64]
    latents: npt.NDArray[np.float64]
    counts: csc_matrix
    covariance: npt.NDArray[np.float32]
    bands: dict[tuple[int, bool], Bands] = field(default_factory=dict)

    @classmethod
    def infer(cls, network: ConcertNetwork, slide: Slide, scale: Scale, *, trained_on: bool) -> Observed:
        """Infer the latent cell state of all usable spots, given the attributes they were observed with.

        Parameters
        ----------
        trained_on
            Whether the network was trained on this slide; else the offsets of its genes are calibrated first.
        """
        arrays = arrays_of([slide], network.vocabulary, scale)
        if not trained_on:
            network, arrays = calibrated(network, arrays, batch_names(slide)[slide.usable])
        spots = Counterfactual(network, arrays)
        latents = infer_latents(network, arrays, spots.features)
        columns = slide.genes.get_indexer(pd.Index(network.vocabulary.genes))
        return cls(
            network,
            spots,
            np.flatnonzero(slide.usable),
            latents,
            csc_matrix(slide.counts[:, columns]),
            network.covariance.numpy().astype(np.float32),
        )

    @property
    def arrays(self) -> SpotArrays:
        """The usable spots as arrays."""
        return self.spots.arrays

    @property
    def features(self) -> npt.NDArray[np.float64]:
        """Attribute features (n, Qa) of the observed states."""
        return self.spots.features

    @cached_property
    def baseline(self) -> npt.NDArray[np.float64]:
        """Features (n, Q): those of the attributes, and the latents."""
        return np.hstack([self.features, self.latents])

    def cell_state(self, spot_names: pd.Index) -> pd.DataFrame:
        """Return the latents of all spots of the file, NaN where not modelled."""
        config = self.network.config
        counts = {"spatial": config.spatial_factors, "intrinsic": config.intrinsic_factors}
        names = [f"{kind}_{i + 1}" for kind, count in counts.items() for i in range(count)]
        table = pd.DataFrame(np.nan, index=spot_names, columns=names)
        table.iloc[self.rows] = self.latents
        return table

    def prediction(
        self,
        slide: Slide,
        swapped: Swapped,
        what_if: WhatIf,
        warnings: tuple[str, ...],
        provenance: dict[str, Any],
        doubted: frozenset[str] = frozenset(),
    ) -> Prediction:
        """Return the prediction for what a what-if does to ``slide``, the one that was observed.

        Effects of ``doubted`` states are taken from tissues other than those that the what-if puts them into.
        """
        network, painted = self.network, np.zeros(slide.n_spots, dtype=bool)
        painted[what_if.rows] = True
        totals = slide.totals.astype(np.float64)
        totals[self.rows] *= np.exp(self.features @ network.size_shift.numpy())  # what the state does to a total
        return Prediction(
            genes=network.vocabulary.genes,
            spot_names=slide.spot_names,
            rows=self.rows,
            baseline_features=self.baseline,
            affected=swapped.rows,
            whatif_features=np.hstack([swapped.features, self.latents[swapped.rows]]),
            alone_features=np.hstack([swapped.alone, self.latents[swapped.rows]]),
            weights=network.weights.numpy(),
            unshrunk=network.unshrunk.numpy(),
            covariance=self._doubting(doubted),
            observed=self.counts,
            totals=totals,
            median_total=slide.median_total,
            dispersion=network.log_theta.exp().numpy(),
            coords=slide.coords,
            n_spots=slide.n_spots,
            painted=painted,
            obs=slide.adata.obs,
            provenance=provenance,
            warnings=warnings,
        )

    def _doubting(self, states: frozenset[str]) -> npt.NDArray[np.float32]:
        """Return the covariance of the weights with wider own effects of some states."""
        own = [at for at, name in enumerate(self.network.vocabulary.own) if name in states]
        if not own:
            return self.covariance
        wide = self.covariance.copy()
        for row in self.network.attributes.blocks.slice_of("own").start + np.array(own):
            wide[:, row, row] += (ELSEWHERE * self.network.unshrunk.numpy()[row]) ** 2
        return wide
