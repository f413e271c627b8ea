"""The evented state of one working session: slides, what is painted, the model, what is shown. No Qt."""

from napari_concert.session.core import Session
from napari_concert.session.shown import Colour, ShownValues, View
from napari_concert.session.training import TrainingSettings, TrainingState
from napari_concert.session.workspace import Workspace

__all__ = ["Colour", "Session", "ShownValues", "TrainingSettings", "TrainingState", "View", "Workspace"]
