"""A slide: an AnnData, and what its columns mean."""

from napari_concert.slide.columns import Columns, guess_columns, guess_control, guess_unknown
from napari_concert.slide.core import Slide
from napari_concert.slide.counts import Counts
from napari_concert.slide.image import SlideImage, image_in
from napari_concert.slide.stack import Rigid, Stack
from napari_concert.slide.units import Units, guess_units

__all__ = [
    "Columns",
    "Counts",
    "Rigid",
    "Slide",
    "SlideImage",
    "Stack",
    "Units",
    "guess_columns",
    "guess_control",
    "guess_units",
    "guess_unknown",
    "image_in",
]
