"""Predictions out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from napari_concert.io.atomic import atomic_path
from napari_concert.prediction import Prediction


def write_prediction(path: str | Path, prediction: Prediction, genes: Iterable[str] | None = None) -> None:
    """Write a prediction as .h5ad: all spots of the file, empty ones as NaN, with everything needed to repeat it.

    Raises
    ------
    ConcertError
        If it can't be written.
    UnknownName
        If a wanted gene is not modelled.
    """
    result = prediction.to_anndata(genes)
    with atomic_path(path) as scratch:
        result.write_h5ad(scratch, compression="gzip", compression_opts=1)
