"""Predictions out, of what-ifs and at new positions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.io.atomic import atomic_path
from napari_concert.io.joining import joined
from napari_concert.prediction import Prediction
from napari_concert.slide import Slide

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


def write_imputation(
    path: str | Path, imputation: Imputation, genes: Iterable[str] | None = None, join: Slide | None = None
) -> None:
    """Write what was predicted at new positions as .h5ad, with what is needed to repeat it.

    Parameters
    ----------
    path
        File to write.
    imputation
        What was predicted.
    genes
        Modelled genes to keep; all of them by default.
    join
        The slide, if its measured spots are to stand before the new ones (see :func:`.joined`); else these are alone.

    Raises
    ------
    ConcertError
        If it can't be written.
    UnknownName
        If a wanted gene is not modelled.
    """
    _write(path, imputation.to_anndata(genes) if join is None else joined(join, imputation, genes))


def _write(path: str | Path, result: AnnData) -> None:
    with atomic_path(path) as scratch:
        result.write_h5ad(scratch, compression="gzip", compression_opts=1)
