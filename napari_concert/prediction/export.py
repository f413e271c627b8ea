"""A prediction as an AnnData, all genes decoded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

if TYPE_CHECKING:
    from anndata import AnnData

    from napari_concert.prediction.result import Prediction

LAYERS = ("baseline", "predicted", "change", "change_sd", "change_lower", "change_upper")
KEY = "napari_concert"


def to_anndata(prediction: Prediction, genes: Iterable[str] | None) -> AnnData:
    """Return what :meth:`Prediction.to_anndata` says."""
    from anndata import AnnData

    every = np.arange(len(prediction.genes))
    wanted = every if genes is None else np.unique([prediction.index_of(name) for name in genes]).astype(np.int64)
    obs = prediction.obs.copy()
    obs["painted"] = prediction.painted
    obs.index = pd.Index(np.asarray(prediction.spot_names, dtype=object).astype(str))
    result = AnnData(
        X=sparse.csr_matrix(prediction.counts[:, wanted], dtype=np.float32),
        obs=obs,
        var=pd.DataFrame(index=pd.Index([prediction.genes[g] for g in wanted])),
        layers=_layers(prediction, wanted),
        obsm={"spatial": prediction.coords},
    )
    if prediction.provenance.get("unit") == "µm":
        result.uns["spatial_units"] = "um"
    result.uns[KEY] = json.dumps({**prediction.provenance, "warnings": list(prediction.warnings)}, default=str)
    return result


def _layers(prediction: Prediction, wanted: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.float32]]:
    layers = {name: np.full((prediction.n_spots, len(wanted)), np.nan, np.float32) for name in LAYERS}
    for column, g in enumerate(wanted):
        for name, value in zip(LAYERS, prediction.decode(int(g)), strict=True):
            layers[name][prediction.rows, column] = value
    return layers
