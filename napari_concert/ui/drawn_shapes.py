"""Shapes layers of napari as drawn shapes of the slide, and back: where they lie, names, targets and colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
from napari.layers import Shapes

from napari_concert.io import Shape, target_as_text, target_of_text

if TYPE_CHECKING:
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

NAME, TARGET = "name", "target"
UNCHOSEN = "#777777"  # napari's own colour of edges: nobody chose it
FILLED = "40"  # of 255 in hex: how opaque the inside of a patch is, so that the spots are seen
EDGE = 0.08  # of a pitch


def shapes_in(layer: Shapes, scene: SlideScene) -> list[Shape]:
    """Return what is drawn in a layer, where it lies on the slide.

    The features ``name`` and ``target`` say the name of a shape's patch and what that becomes.

    Raises
    ------
    UnknownName
        If a target is neither a state of the slide nor one that this app wrote.
    """
    names, targets = _feature(layer, NAME), _feature(layer, TARGET)
    said = zip(_corners(layer, scene), layer.shape_type, names, targets, _edges(layer), strict=True)
    return [
        Shape(corners, str(kind), name, target_of_text(target, scene.slide), None if colour == UNCHOSEN else colour)
        for corners, kind, name, target, colour in said
    ]


def layer_of(shapes: Sequence[Shape], scene: SlideScene) -> Shapes:
    """Return a layer with shapes drawn on the slide; it is in no viewer yet."""
    slide, step = scene.slide, np.asarray(scene.layout.step)
    colours = [shape.color or UNCHOSEN for shape in shapes]
    return Shapes(
        [np.asarray(shape.corners)[:, ::-1] / step for shape in shapes],
        shape_type=[shape.kind for shape in shapes],
        name=f"patches of {slide.name}",
        features=pd.DataFrame(
            {
                NAME: [shape.name for shape in shapes],
                TARGET: [target_as_text(shape.target, slide) for shape in shapes],
            }
        ),
        edge_color=colours,
        face_color=[colour + FILLED for colour in colours],
        edge_width=EDGE * slide.pitch,
        opacity=1.0,
        scale=step,
        units=scene.spots.units,
        axis_labels=scene.spots.axis_labels,
    )


def drawn_points(scene: SlideScene) -> Floats:
    """Return x, y[, z] (n_spots, d) where the spots of a slide are drawn, in its units."""
    return np.asarray(scene.layout.points[:, ::-1])


def _edges(layer: Shapes) -> list[str]:
    """Return the colour of each shape's edge as ``#rrggbb``."""
    colours = np.round(255 * np.asarray(layer.edge_color)[:, :3]).astype(np.uint8)
    return [f"#{bytes(colour).hex()}" for colour in colours]


def _feature(layer: Shapes, called: str) -> list[str]:
    """Return what a feature says of each shape; "" where it says nothing."""
    found = [column for column in layer.features.columns if str(column).lower() == called]
    if not found:
        return [""] * len(layer.data)
    return ["" if pd.isna(said) else str(said) for said in layer.features[found[0]]]


def _corners(layer: Shapes, scene: SlideScene) -> list[Floats]:
    """Return the corners x, y[, z] of each shape, in the slide's units; without z where the layer has none."""
    steps = np.vstack([np.zeros(layer.ndim), np.eye(layer.ndim)])
    origin, *ends = np.array([layer.data_to_world(step) for step in steps])  # for many corners one by one is slow
    linear, unit = np.array(ends) - origin, _unit(layer, scene)
    axes = min(layer.ndim, scene.layout.points.shape[1])
    return [((np.asarray(data) @ linear + origin) * unit)[:, ::-1][:, :axes] for data in layer.data]


def _unit(layer: Shapes, scene: SlideScene) -> float:
    """Return how many units of the slide one of a layer's is; 1 where they can't be told."""
    own, wanted = layer.units[-1], scene.spots.units[-1]
    return float((1 * own).to(wanted).magnitude) if own.is_compatible_with(wanted) else 1.0
