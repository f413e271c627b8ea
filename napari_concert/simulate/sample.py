"""The bundled sample slide."""

from __future__ import annotations

from pathlib import Path

NAME = "tumour.h5ad"


def sample_path() -> Path:
    """Return the path of the sample slide: in a checkout, in the installed package, or simulated into the user's cache."""
    package = Path(__file__).resolve().parents[1]
    for path in (package / "_sample" / NAME, package.parent / "sample_data" / NAME):
        if path.exists():
            return path
    return _cached()


def _cached() -> Path:
    from platformdirs import user_cache_path

    from napari_concert.io import atomic_path
    from napari_concert.simulate.tumour import tumour

    path = user_cache_path("napari-concert", ensure_exists=True) / NAME
    if not path.exists():
        slide = tumour(**SAMPLE)
        with atomic_path(path) as scratch:
            slide.write_h5ad(scratch, compression="gzip")
    return path


SAMPLE = {"n_spots": 1903, "n_genes": 360, "seed": 7}
