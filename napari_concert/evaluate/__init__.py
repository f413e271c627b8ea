"""How right a prediction is, where the truth is known: metrics of the change, simple baselines beside the model."""

from napari_concert.evaluate.agreement import Agreement, agreement, known_truth, true_change
from napari_concert.evaluate.baselines import mean_shift, nearest_in_target
from napari_concert.evaluate.metrics import pearson, slope

__all__ = [
    "Agreement",
    "agreement",
    "known_truth",
    "mean_shift",
    "nearest_in_target",
    "pearson",
    "slope",
    "true_change",
]
