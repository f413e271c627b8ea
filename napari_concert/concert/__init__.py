"""The user's model object over slides."""

from napari_concert.concert.core import Concert
from napari_concert.model.config import Epoch, ModelConfig

__all__ = ["Concert", "Epoch", "ModelConfig"]
