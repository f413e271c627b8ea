"""The bundled sample slides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_concert.errors import UnknownName

if TYPE_CHECKING:
    from anndata import AnnData

SEED = 7
NAME = "tumour.h5ad"


def _tumour() -> AnnData:
    from napari_concert.simulate.tumour import tumour

    return tumour(1903, 360, SEED)


def _stroke() -> AnnData:
    from napari_concert.simulate.stroke import stroke

    return stroke(8, 640, 300, SEED)


SAMPLES: Mapping[str, Callable[[], AnnData]] = MappingProxyType({NAME: _tumour, "stroke.h5ad": _stroke})


def make_sample(name: str = NAME) -> AnnData:
    """Simulate a bundled slide anew.

    Raises
    ------
    UnknownName
        If there is no such sample.
    """
    return SAMPLES[_known(name)]()


def sample_path(name: str = NAME) -> Path:
    """Return the path of a sample slide: in the package, in a checkout, or else simulated into the user's cache.

    Raises
    ------
    UnknownName
        If there is no such sample.
    """
    package = Path(__file__).resolve().parents[1]
    places = (package / "_sample" / _known(name), package.parent / "sample_data" / name)
    return next((path for path in places if path.exists()), None) or _cached(name)


def _known(name: str) -> str:
    if name not in SAMPLES:
        raise UnknownName("sample", name, list(SAMPLES))
    return name


def _cached(name: str) -> Path:
    from platformdirs import user_cache_path

    from napari_concert import __version__
    from napari_concert.io import atomic_path

    path = user_cache_path("napari-concert", version=__version__, ensure_exists=True) / name
    if not path.exists():
        with atomic_path(path) as scratch:
            make_sample(name).write_h5ad(scratch, compression="gzip")
    return path
