"""Writing what a session made."""

from __future__ import annotations

from pathlib import Path

from napari_concert import io
from napari_concert.errors import ConcertError
from napari_concert.evaluate import true_change
from napari_concert.session.predicted import Predicted
from napari_concert.session.results import Result
from napari_concert.slide import Slide


def prediction(path: str | Path, result: Result) -> None:
    """Write the whole prediction as .h5ad."""
    _require_ending(Path(path), (".h5ad",))
    io.write_prediction(path, result.prediction)


def figure(path: str | Path, result: Result, gene: str | None) -> None:
    """Draw the what-if for a gene (by default the one that changes most) and write it."""
    from napari_concert import figures

    _require_ending(Path(path), figures.FORMATS)
    ranked = result.patch_genes
    gene = gene or (result.prediction.genes[0] if ranked is None else str(ranked.index[0]))
    known = true_change(result.slide, result.what_if)
    truth = None if known is None else known.of(result.prediction.genes)
    drawn = figures.whatif_figure(result.slide, result.prediction, gene, truth=truth)
    figures.save(drawn, path)


def filled(path: str | Path, predicted: Predicted, *, join: bool) -> None:
    """Write predicted spots as .h5ad, under their what-if; with ``join`` after the measured ones."""
    _require_ending(Path(path), (".h5ad",))
    io.write_imputation(path, predicted.changed.decoded(), join=predicted.places.slide if join else None)


def slide(path: str | Path, of: Slide) -> None:
    """Write the slide as .h5ad, raw counts in X, with the columns that were painted."""
    _require_ending(Path(path), (".h5ad",))
    with io.atomic_path(path) as scratch:
        of.adata.write_h5ad(scratch, compression="gzip", compression_opts=1)


def _require_ending(path: Path, endings: tuple[str, ...]) -> None:
    if path.suffix.lower() not in endings:
        raise ConcertError(f"{path.name} needs the ending {' or '.join(endings)}; add it to the name.")
