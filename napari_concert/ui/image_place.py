"""Where an image lies under the spots: that of the slide's file exactly, any other one as well as can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_concert.ui.spots import layer_units

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_concert.slide import Slide, SlideImage

Floats = npt.NDArray[np.float64]

# of the full image that the spots must span, to be taken for positions in its pixels
_SPAN = 0.3


def transform_of(image: SlideImage, slide: Slide) -> dict[str, Any]:
    """Return napari's scale, translation, units and axis labels of the image that a slide's file brings."""
    unit = slide.units.factor
    x, y = image.origin
    return {"scale": (image.step * unit,) * 2, "translate": (y * unit, x * unit), **_axes(slide)}


def put_under(layer: Image, slide: Slide) -> str:
    """Place an image that the user opened; return in words how that was told.

    Where the spots' positions can be pixels of the image, they are taken to be. Otherwise its middle is put under that
    of the spots, at the size that the image says, or else as large as the spots.
    """
    own = _um_per_pixel(layer) if slide.units.um_per_unit is not None else None
    pixels = _extent(layer)
    layer.affine = np.eye(3)
    layer.rotate, layer.shear, layer.translate = 0.0, (0.0,), (0.0, 0.0)
    layer.units, layer.axis_labels = _axes(slide)["units"], _axes(slide)["axis_labels"]
    spots = slide.raw_coords[np.isfinite(slide.raw_coords).all(axis=1)][:, ::-1]
    low, high = spots.min(axis=0), spots.max(axis=0)
    unit = slide.units.factor
    if (low >= pixels[0]).all() and (high <= pixels[1]).all() and (high - low >= _SPAN * (pixels[1] - pixels[0])).all():
        layer.scale = (unit, unit)
        return "The positions of the spots were taken to be pixels of this image."
    step = own or float(((high - low) * unit / (pixels[1] - pixels[0])).max())
    layer.scale = (step, step)
    layer.translate = (low + high) / 2 * unit - step * pixels.mean(axis=0)
    how = "at the size that its file says" if own else "and made as large as they are"
    return f"The image was put under the middle of the spots, {how}. Move it until both fit."


def pixel_size(layer: Image) -> float:
    """Return how far it is from one pixel to the next, in the slide's units."""
    turned = np.asarray(layer.affine.linear_matrix) @ np.diag(layer.scale)
    return float(np.sqrt(abs(np.linalg.det(turned))))


def set_pixel_size(layer: Image, size: float) -> None:
    """Make an image larger or smaller; its middle stays where it is."""
    middle = _extent(layer).mean(axis=0)
    before = np.array(layer.data_to_world(middle))
    layer.scale = np.asarray(layer.scale) * size / pixel_size(layer)
    moved = before - np.array(layer.data_to_world(middle))
    layer.translate = layer.translate + np.linalg.solve(np.asarray(layer.affine.linear_matrix), moved)


def rescale(layer: Image, slide: Slide, factor: float) -> None:
    """Let an image follow the spots of a slide whose unit has become ``factor`` times as long."""
    matrix = np.array(layer.affine.affine_matrix)
    matrix[:-1, -1] *= factor
    layer.affine = matrix
    layer.scale, layer.translate = np.asarray(layer.scale) * factor, np.asarray(layer.translate) * factor
    layer.units = _axes(slide)["units"]


def _axes(slide: Slide) -> dict[str, Any]:
    return {"units": layer_units(slide.units.name, 2), "axis_labels": ("y", "x")}


def _extent(layer: Image) -> Floats:
    """Return the corners (2, 2) of an image in its pixels: the centres of the first and of the last one."""
    return np.asarray(layer.extent.data, dtype=np.float64)[:, -2:]


def _um_per_pixel(layer: Image) -> float | None:
    """Return what an image's file says of its scale, None if nothing."""
    unit = layer.units[-1]
    return float(layer.scale[-1] * (1 * unit).to("um").magnitude) if unit.is_compatible_with("um") else None
