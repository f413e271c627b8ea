"""napari-concert: paint a perturbation on a spatial-transcriptomics slide, see what the tissue would express.

The public names are imported when they are first used: ``import napari_concert`` loads neither torch nor Qt.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_concert import figures, simulate
    from napari_concert.concert import Concert, Epoch, ModelConfig
    from napari_concert.errors import ConcertError, UnknownName
    from napari_concert.io import read
    from napari_concert.patches import Patch, WhatIf
    from napari_concert.prediction import Prediction
    from napari_concert.registration import register
    from napari_concert.slide import Columns, Slide

__version__ = "0.1.0"

_HOME = {
    "Columns": "slide",
    "Concert": "concert",
    "ConcertError": "errors",
    "Epoch": "concert",
    "ModelConfig": "concert",
    "Patch": "patches",
    "Prediction": "prediction",
    "Slide": "slide",
    "UnknownName": "errors",
    "WhatIf": "patches",
    "read": "io",
    "register": "registration",
}
_MODULES = ("figures", "simulate")

__all__ = [
    "Columns",
    "Concert",
    "ConcertError",
    "Epoch",
    "ModelConfig",
    "Patch",
    "Prediction",
    "Slide",
    "UnknownName",
    "WhatIf",
    "figures",
    "read",
    "register",
    "simulate",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOME:
        return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
