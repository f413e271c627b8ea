"""Predictions out, of what-ifs and at new positions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.io.atomic import atomic_path
from napari_concert.prediction import Prediction

if TYPE_CHECKING:
    from anndata import AnnData

    from napari_concert.concert.imputation import Imputation


def write_prediction(path: str | Path, prediction: Prediction, genes: Iterable[str] | None = None) -> None:
    """Write a prediction as .h5ad: all spots of the file, empty ones as NaN, with everything needed to repeat it.

    Raises
    ------
    ConcertError
        If it can't be written.
    UnknownName
        If a wanted gene is not modelled.
    """
    _write(path, prediction.to_anndata(genes))


def write_imputation(path: str | Path, imputation: Imputation, genes: Iterable[str] | None = None) -> None:
    """Write what was predicted at new positions as .h5ad: the new spots alone, with what is needed to repeat it.

    Raises
    ------
    ConcertError
        If it can't be written.
    UnknownName
        If a wanted gene is not modelled.
    """
    _write(path, imputation.to_anndata(genes))


def _write(path: str | Path, result: AnnData) -> None:
    with atomic_path(path) as scratch:
        result.write_h5ad(scratch, compression="gzip", compression_opts=1)
