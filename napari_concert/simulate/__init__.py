"""Slides with known truth: the generator's parameters are stored, so that any painted patch has a true answer."""

from napari_concert.simulate.sample import sample_path
from napari_concert.simulate.truth import Truth, has_truth, truth
from napari_concert.simulate.tumour import tumour

__all__ = ["Truth", "has_truth", "sample_path", "truth", "tumour"]
