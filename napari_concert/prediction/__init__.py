"""The result of a what-if: latents and decoder arrays, decoded one gene at a time (numpy only)."""

from napari_concert.prediction.posterior import SURE, Changes, GenePrediction, false_sign_rate
from napari_concert.prediction.result import Prediction

__all__ = ["SURE", "Changes", "GenePrediction", "Prediction", "false_sign_rate"]
