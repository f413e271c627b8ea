"""A change in two parts: a spot's own response, and what comes from its neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.prediction.posterior import Floats

if TYPE_CHECKING:
    from napari_concert.prediction.result import Prediction


@dataclass(frozen=True, eq=False)
class ChangeParts:
    """The change of a gene, or the mean change of a gene set, as a sum.

    Every array is float64 of shape (n_spots,), natural log, NaN where the spot is not modelled.

    Attributes
    ----------
    own
        What the spot does if it alone is changed and all others stay as observed; 0 where it is not painted.
    neighbours
        What changing the other spots adds: their spill-over, or its end where they stop being perturbed.
    """

    name: str
    own: Floats
    neighbours: Floats


def parts(prediction: Prediction, name: str, columns: npt.NDArray[np.int64]) -> ChangeParts:
    """Return the mean change of some genes (columns of the weights) in two parts, under a name."""
    if prediction.alone_features is None:
        raise ConcertError("This prediction can't be split into parts: it has no alone_features. Predict it anew.")
    weights = prediction.weights[:, columns].mean(axis=1)
    own, neighbours = np.zeros(len(prediction.rows)), np.zeros(len(prediction.rows))
    before, alone = prediction.baseline_features[prediction.affected], prediction.alone_features
    own[prediction.affected] = (alone - before) @ weights
    neighbours[prediction.affected] = (prediction.whatif_features - alone) @ weights
    return ChangeParts(name, prediction.spread(own), prediction.spread(neighbours))
