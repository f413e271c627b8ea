"""A slide as bytes that another machine reads, whatever versions of numpy, pandas and anndata it has.

All that a training looks at: counts, positions, the columns that mean something, and how the file was read. Images and
other columns stay here.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from napari_concert.slide import Columns, Slide, Stack, Units
from napari_concert.slide.counts import Counts

FAST = 1  # zlib's level: counts shrink to a fifth or so, and more takes longer than most lines do
LISTS = ("control", "unknown", "continuous")  # of Columns


def packed(slide: Slide) -> bytes:
    """Return a slide as bytes."""
    counts = slide.counts
    largest = counts.data.max(initial=0)
    arrays: dict[str, npt.NDArray[Any]] = {
        "data": counts.data.astype(np.min_scalar_type(int(largest))),
        "indices": counts.indices,
        "indptr": counts.indptr,
        "coords": slide.raw_coords,
        "left_out": slide.left_out,
        "header": np.frombuffer(json.dumps(_header(slide)).encode(), dtype=np.uint8),
        **{f"values {i}": slide.values(name) for i, name in enumerate(slide.columns.continuous)},
    }
    stream = BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return zlib.compress(stream.getbuffer(), FAST)


def _header(slide: Slide) -> dict[str, Any]:
    columns = slide.columns
    named = (columns.perturbation, columns.tissue, columns.section)
    return {
        "name": slide.name,
        "path": None if slide.path is None else str(slide.path),
        "registered": slide.registered,
        "units": asdict(slide.units),
        "columns": asdict(columns),
        "stack": None if slide.stack is None else slide.stack.to_json(),
        "labels": {name: slide.labels(name).tolist() for name in named if name is not None},
        "spots": list(slide.spot_names),
        "genes": list(slide.genes),
        "source": slide.counts_source,
        "dtype": slide.counts.dtype.str,
        "notes": list(slide.file_notes),
    }


def unpacked(parcel: bytes) -> Slide:
    """Return the slide of :func:`packed`."""
    from anndata import AnnData

    with np.load(BytesIO(zlib.decompress(parcel)), allow_pickle=False) as arrays:
        header = json.loads(arrays["header"].tobytes())
        said: dict[str, Any] = header["columns"]
        columns = Columns(**said | {name: tuple(said[name]) for name in LISTS})
        values = {name: arrays[f"values {i}"] for i, name in enumerate(columns.continuous)}
        labels = {name: pd.Categorical(each) for name, each in header["labels"].items()}
        spots = pd.Index(header["spots"], dtype=object)
        return Slide(
            measured=_counts(arrays, header, spots),
            raw_coords=arrays["coords"],
            units=Units(**header["units"]),
            adata=AnnData(obs=pd.DataFrame({**values, **labels}, index=spots)),
            columns=columns,
            name=header["name"],
            path=None if header["path"] is None else Path(header["path"]),
            registered=header["registered"],
            file_notes=tuple(header["notes"]),
            stack=None if header["stack"] is None else Stack.from_json(header["stack"]),
            left_out=arrays["left_out"],
        )


def _counts(arrays: Any, header: dict[str, Any], spots: pd.Index) -> Counts:
    genes = pd.Index(header["genes"], dtype=object)
    data = arrays["data"].astype(np.dtype(header["dtype"]))
    matrix = sparse.csr_matrix((data, arrays["indices"], arrays["indptr"]), shape=(len(spots), len(genes)))
    return Counts(matrix, spots, genes, header["source"])
