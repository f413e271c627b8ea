"""The user's model object over slides; torch is imported when it is first needed, not when a slide is opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_concert.concert.core import Concert
    from napari_concert.model.config import Epoch, ModelConfig

__all__ = ["Concert", "Epoch", "ModelConfig"]

_HOME = {
    "Concert": "napari_concert.concert.core",
    "Epoch": "napari_concert.model.config",
    "ModelConfig": "napari_concert.model.config",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
