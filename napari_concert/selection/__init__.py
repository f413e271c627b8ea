"""Which spots a selection has: outlines, regions of a label, smoother patches, lesion stamps. Without napari.

Coordinates and lengths are in the slide's units; every function gives sorted unique int64 rows.
"""

from napari_concert.selection.depth import Depth, SpotStack
from napari_concert.selection.ellipsoid import (
    ellipsoid,
    ellipsoid_outline,
    ellipsoid_rings,
    semi_axes,
    spots_in_ellipsoid,
)
from napari_concert.selection.lesion import Kind, Lesion, outline_of, resized, spots_of
from napari_concert.selection.modes import Mode, combine
from napari_concert.selection.outlines import in_ellipse, in_rectangle, simplified
from napari_concert.selection.regions import in_range, same_region, with_label
from napari_concert.selection.shapes import holes_filled, smoothed
from napari_concert.selection.sight import Sight
from napari_concert.selection.window import located

__all__ = [
    "Depth",
    "Kind",
    "Lesion",
    "Mode",
    "Sight",
    "SpotStack",
    "combine",
    "ellipsoid",
    "ellipsoid_outline",
    "ellipsoid_rings",
    "holes_filled",
    "in_ellipse",
    "in_range",
    "in_rectangle",
    "located",
    "outline_of",
    "resized",
    "same_region",
    "semi_axes",
    "simplified",
    "smoothed",
    "spots_in_ellipsoid",
    "spots_of",
    "with_label",
]
