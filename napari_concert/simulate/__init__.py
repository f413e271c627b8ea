"""Slides with known truth: the generator's parameters are stored, so that any painted patch has a true answer."""

from napari_concert.simulate.families import FAMILIES, Family, family
from napari_concert.simulate.lesions import lesion
from napari_concert.simulate.recipe import Recipe
from napari_concert.simulate.sample import sample_path
from napari_concert.simulate.stroke import stroke
from napari_concert.simulate.truth import TrueChange, Truth, example, features, has_truth, true_change, truth
from napari_concert.simulate.tumour import tumour, tumour_pair

__all__ = [
    "FAMILIES",
    "Family",
    "Recipe",
    "TrueChange",
    "Truth",
    "example",
    "family",
    "features",
    "has_truth",
    "lesion",
    "sample_path",
    "stroke",
    "true_change",
    "truth",
    "tumour",
    "tumour_pair",
]
