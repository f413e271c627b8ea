"""The bundled sample slide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.errors import UnknownName

if TYPE_CHECKING:
    from anndata import AnnData

NAME = "tumour.h5ad"
N_SPOTS, N_GENES, SEED = 1903, 360, 7


def make_sample() -> AnnData:
    """Simulate the bundled slide anew."""
    from napari_concert.simulate.tumour import tumour

    return tumour(N_SPOTS, N_GENES, SEED)


def sample_path(name: str = NAME) -> Path:
    """Return the path of a sample slide: in the package, in a checkout, or else simulated into the user's cache.

    Raises
    ------
    UnknownName
        If there is no such sample.
    """
    if name != NAME:
        raise UnknownName("sample", name, [NAME])
    package = Path(__file__).resolve().parents[1]
    places = (package / "_sample" / NAME, package.parent / "sample_data" / NAME)
    return next((path for path in places if path.exists()), None) or _cached()


def _cached() -> Path:
    from platformdirs import user_cache_path

    from napari_concert import __version__
    from napari_concert.io import atomic_path

    path = user_cache_path("napari-concert", version=__version__, ensure_exists=True) / NAME
    if not path.exists():
        with atomic_path(path) as scratch:
            make_sample().write_h5ad(scratch, compression="gzip")
    return path
