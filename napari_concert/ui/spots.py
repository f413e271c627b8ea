"""The napari layers of a slide: spots coloured by values, and rings around painted spots.

This is the one place that colours a Points layer. Values go through the layer's features and colour map, so that
napari's own colour bar works; categories are set as RGBA.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pint
from napari.layers import Points
from napari.utils import Colormap

Floats: TypeAlias = npt.NDArray[np.float64]

# the feature column that holds the shown values
_VALUE = "value"
# pint reads a bare "units" as micro-nits
_PLAIN_UNIT = "slide_unit"
# pixels over which a disc fades, inside and outside its edge: crisp, still round, and a fifth less to draw than with 1
_SOFT = 0.5


class SpotsLayer(Points):
    """Spots of a slide as discs at their physical size; hovering shows what ``describe`` says of a spot.

    Where no spot is under the mouse, ``elsewhere`` may say more: napari asks the chosen layer alone.
    """

    def __init__(self, data: Floats, *, diameter: float, **kwargs: Any) -> None:
        self.describe: Callable[[int], Sequence[str]] = lambda _index: ()
        self.elsewhere: Callable[..., Sequence[str]] = lambda _position, **_kwargs: ()
        super().__init__(
            data,
            size=diameter,
            border_width=0,
            antialiasing=_SOFT,
            features={_VALUE: np.zeros(len(data))},
            canvas_size_limits=(1.5, 10000),
            **kwargs,
        )
        self.editable = False

    @property
    def _type_string(self) -> str:
        # napari takes icons and writers from the class name
        return "points"

    def _get_properties(self, position: Any, **kwargs: Any) -> list[str]:
        """Give the lines that napari shows in its status bar and tooltip."""
        return self.get_lines(position, **kwargs) or list(self.elsewhere(position, **kwargs))

    def get_lines(self, position: Any, **kwargs: Any) -> list[str]:
        """Give what is said of the spot at a world position; nothing where there is none."""
        index = self.get_value(position, **kwargs)
        return [] if index is None or index >= len(self.data) else list(self.describe(int(index)))


def show_values(layer: Points, values: Floats, limits: tuple[float, float], colormap: Colormap) -> None:
    """Colour spots by numbers, with napari's colour bar; NaN takes the colour map's own colour.

    Parameters
    ----------
    values
        (n,) one number a spot of the layer.
    limits
        The values at both ends of the colour map.
    """
    low, high = limits
    with layer.events.blocker_all(), layer._face.events.blocker_all():
        layer.features[_VALUE] = values
        layer._face.contrast_limits = (low, high if high > low else low + 1.0)
        layer._face.continuous_colormap = colormap
        if layer.face_color_mode != "colormap":
            layer.face_color = _VALUE
            layer.face_color_mode = "colormap"
        layer.refresh_colors()
    layer._face.events.contrast_limits()
    layer._face.events.continuous_colormap()
    layer.events.face_color()
    layer.face_colorbar.visible = True


def show_colours(layer: Points, rgba: npt.NDArray[np.float32]) -> None:
    """Colour spots by RGBA (n, 4), without a colour bar."""
    layer.face_colorbar.visible = False
    layer.face_color = rgba


def show_rings(layer: Points, data: Floats, rgba: npt.NDArray[np.float32]) -> None:
    """Draw other points (n, d) in RGBA (n, 4), at once; the viewer's extent, which they do not change, stays."""
    with layer.events.data.blocker(), layer.events.face_color.blocker(), layer._block_refresh():
        layer.data = data
        if len(data):
            layer.face_color = rgba
    layer.refresh(extent=False)


def layer_units(name: str, ndim: int) -> tuple[str | pint.Unit, ...]:
    """Give napari's units of the axes for a slide whose unit is called ``name``."""
    if name == "µm":
        return ("um",) * ndim
    registry = pint.get_application_registry()  # type: ignore[no-untyped-call]
    if _PLAIN_UNIT not in registry:
        # a unit of its own kind: a slide of unknown scale must not be mistaken for µm or pixels
        registry.define(f"{_PLAIN_UNIT} = [plain_length] = units")
    return (_PLAIN_UNIT,) * ndim
