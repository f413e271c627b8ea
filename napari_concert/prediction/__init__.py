"""The result of a what-if: latents and decoder arrays, decoded one gene at a time (numpy only)."""

from napari_concert.prediction.genesets import GeneSet, set_change, set_parts, set_profile, set_values, split_names
from napari_concert.prediction.parts import ChangeParts
from napari_concert.prediction.posterior import SURE, Changes, GenePrediction, false_sign_rate
from napari_concert.prediction.result import Prediction

__all__ = [
    "SURE",
    "ChangeParts",
    "Changes",
    "GenePrediction",
    "GeneSet",
    "Prediction",
    "false_sign_rate",
    "set_change",
    "set_parts",
    "set_profile",
    "set_values",
    "split_names",
]
