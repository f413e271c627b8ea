"""The model and the simple methods beside it, each with one answer to a task."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from napari_concert.evaluate.methods.answer import Answer, Method
from napari_concert.evaluate.methods.linear import linear
from napari_concert.evaluate.methods.mean_shift import mean_shift, state_difference
from napari_concert.evaluate.methods.model import model
from napari_concert.evaluate.methods.nearest import nearest_6, nearest_30
from napari_concert.evaluate.methods.no_change import no_change
from napari_concert.evaluate.methods.slide_mean import slide_mean

MODEL: Final = "model"
TRUTH: Final = "the truth"  # of simulated slides: what the scores would be of a perfect answer

BASELINES: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "no change": no_change,
        "slide mean": slide_mean,
        "mean shift": mean_shift,
        "state difference": state_difference,
        "6 nearest": nearest_6,
        "30 nearest": nearest_30,
        "linear": linear,
    }
)
METHODS: Final[Mapping[str, Method]] = MappingProxyType({MODEL: model, **BASELINES})

__all__ = ["BASELINES", "METHODS", "MODEL", "TRUTH", "Answer", "Method"]
