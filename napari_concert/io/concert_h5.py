"""Read the published CONCERT scripts' .h5."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from napari_concert.errors import ConcertError
from napari_concert.io.counts import as_counts, not_counts

if TYPE_CHECKING:
    from anndata import AnnData

NEEDED = ("X", "pos")
LABELS = ("perturbation", "tissue")


def read_concert(path: Path) -> AnnData:
    """Read a CONCERT .h5: ``X`` (n_spots, n_genes), ``pos`` (n_spots, 2 or 3), ``perturbation``, ``gene``, ``tissue``.

    All but ``X`` and ``pos`` are optional.

    Raises
    ------
    ConcertError
        If a part is missing, does not fit, or does not hold raw counts.
    """
    import h5py
    from anndata import AnnData

    with h5py.File(path, "r") as file:
        _check_parts(file, path.name)
        counts, position = np.asarray(file["X"]), np.asarray(file["pos"], dtype=np.float64)
        labels = {key: _text(file[key]) for key in LABELS if key in file}
        genes = _text(file["gene"]) if "gene" in file else None
    problem = "an array that is not spots × genes" if counts.ndim != 2 else not_counts(counts)
    if problem is not None:
        raise ConcertError(f"X of {path.name} holds {problem}; CONCERT models raw counts (spots × genes). Save those.")
    n_spots, n_genes = counts.shape
    genes = [f"gene {i + 1}" for i in range(n_genes)] if genes is None else genes
    lengths = {"pos": (len(position), n_spots), "gene": (len(genes), n_genes)}
    lengths |= {key: (len(values), n_spots) for key, values in labels.items()}
    for part, (length, wanted) in lengths.items():
        if length != wanted:
            shape = f"X is {n_spots} spots × {n_genes} genes"
            raise ConcertError(f"{part} of {path.name} has {length} entries, but {shape}. Save them alike.")
    obs = pd.DataFrame({key: pd.Categorical(values) for key, values in labels.items()}, index=_names(n_spots))
    return AnnData(as_counts(counts), obs=obs, var=pd.DataFrame(index=genes), obsm={"spatial": position})


def _check_parts(file: Any, name: str) -> None:
    missing = [key for key in NEEDED if key not in file]
    if not missing:
        return
    hint = "a CONCERT .h5 has X and pos."
    if "matrix" in file:
        hint = "it looks like a 10x matrix: open the folder 'outs' of Space Ranger, with its folder 'spatial'."
    raise ConcertError(f"{name} lacks {' and '.join(missing)} (it has {', '.join(file) or 'nothing'}); {hint}")


def _names(n_spots: int) -> list[str]:
    return [f"spot {i + 1}" for i in range(n_spots)]


def _text(data: Any) -> list[str]:
    return [value.decode() if isinstance(value, bytes) else str(value) for value in np.asarray(data).ravel()]
