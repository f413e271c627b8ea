"""Concert's verbs on positions that were never measured."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from napari_concert.concert.calibrating import calibration
from napari_concert.concert.dataset import Scale, arrays_of
from napari_concert.concert.imputation import Imputation, NewSpots, nearest, new_spots
from napari_concert.concert.labelled import Labelled
from napari_concert.concert.observed import Observed
from napari_concert.concert.sites import sites_of
from napari_concert.concert.withholding import Withheld, withhold
from napari_concert.errors import ConcertError
from napari_concert.model.data import SpotArrays
from napari_concert.model.labels import Where
from napari_concert.patches import WhatIf
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert.core import Concert

Rows = npt.NDArray[np.int64]


class Imputing(Labelled):
    """Predicts where nothing was measured.

    Attributes
    ----------
    scale
        How coordinates become pitches.
    """

    scale: Scale

    @abstractmethod
    def _slide(self, slide: Slide | None) -> Slide: ...

    @abstractmethod
    def _require_fit(self, slide: Slide) -> None: ...

    @abstractmethod
    def _observe(self, slide: Slide, what_if: WhatIf) -> Observed: ...

    def impute(
        self,
        at: pd.DataFrame | npt.ArrayLike,
        slide: Slide | None = None,
        what_if: WhatIf | None = None,
        genes: Iterable[str] | None = None,
    ) -> Imputation:
        """Predict expression at positions ``at`` (see :func:`.sites_of`) of a slide where nothing was measured.

        A what-if changes the measured spots around them. States and tissues that are not given are inferred. Intervals
        take a while: with ``genes``, no others are predicted.

        Raises
        ------
        ConcertError
            If the model is not trained or does not fit the slide, or the positions or the what-if can't be understood.
        """
        return self.new_spots(at, slide, what_if).decoded(genes)

    def new_spots(
        self, at: pd.DataFrame | npt.ArrayLike, slide: Slide | None = None, what_if: WhatIf | None = None
    ) -> NewSpots:
        """Return the same as :meth:`impute` does, with genes that are decoded one by one when they are asked for."""
        slide, what_if = self._slide(slide), what_if or WhatIf()
        self._require_fit(slide)
        what_if.check(slide.n_spots)
        sites_of(at, slide, self.vocabulary, self.scale)  # before the slow part: a table may have errors
        observed = self._observe(slide, what_if)
        sites = sites_of(at, slide, observed.network.vocabulary, self.scale)
        return new_spots(cast("Concert", self), slide, observed, sites, what_if)

    def withhold(self, rows: npt.ArrayLike, slide: Slide | None = None, *, labels: bool = True) -> Withheld:
        """Predict measured spots of a slide as if they had not been measured: by all the others.

        The weights stay as they were learned. For spots that they have not seen either, train on
        ``slide.without(rows)`` and give that slide.

        Parameters
        ----------
        rows
            Of the spots, in the file; those without counts or coordinates are left out.
        labels
            Whether states and tissues of the spots are known; else they are inferred as well.

        Raises
        ------
        ConcertError
            If the model is not trained or does not fit the slide, or no usable spot is hidden, or none is left.
        """
        slide = self._slide(slide)
        chosen = np.unique(np.asarray(rows, dtype=np.int64))
        whole = slide.without(np.setdiff1d(slide.left_out, chosen))
        hidden = chosen[whole.usable[chosen]]
        if not len(hidden) or not np.setdiff1d(np.flatnonzero(slide.usable), hidden).size:
            raise ConcertError(
                f"{len(hidden)} of {whole.usable.sum()} usable spots would be hidden: hide at least one, and leave "
                "some to predict by."
            )
        observed = self._observe(slide, WhatIf())
        spots = _arrays_of(whole, hidden, slide, observed, self.scale)
        rest = observed.arrays.take(np.flatnonzero(~np.isin(observed.rows, hidden)))
        known = calibration(observed, nearest(Where.of(rest), Where.of(spots)), labels=labels)
        found = withhold(observed.network, rest, spots, hidden, labels=labels, bands=known.bands)
        return replace(found, calibration=str(known))


def _arrays_of(whole: Slide, rows: Rows, slide: Slide, observed: Observed, scale: Scale) -> SpotArrays:
    """Return usable spots of a whole slide as arrays, with sizes beside those of the slide that leaves some out."""
    arrays = arrays_of([whole], observed.network.vocabulary, scale)
    arrays = replace(arrays, size=arrays.size * (whole.median_total / slide.median_total))
    return arrays.take(np.searchsorted(np.flatnonzero(whole.usable), rows))
