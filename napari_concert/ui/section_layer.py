"""What is drawn beside the spots of a stack: the names of its sections, or the sections next to the one in view."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt
from napari.layers import Points

from napari_concert.session.stack_view import StackMode

if TYPE_CHECKING:
    from napari_concert.ui.layout import StackLayout
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

NAME_SIZE = 11  # points
_BESIDE = 0.27  # of a section's width: in space napari centres a text on its place
_ABOVE = 0.7  # of the pitch: clear of the spots
_FAINT = 0.28
_GREY = {True: (0.75, 0.8, 0.9, _FAINT), False: (0.25, 0.3, 0.4, _FAINT)}  # on a dark canvas, and on a light one
_INK = {True: "white", False: "black"}
_CLEAR = (0.0, 0.0, 0.0, 0.0)


class SectionLayer:
    """One more Points layer under the spots of a stack.

    Attributes
    ----------
    layer
        Without points where there is nothing to show.
    """

    def __init__(self, scene: SlideScene) -> None:
        self.scene = scene
        self.layer = Points(
            np.zeros((0, 3)),
            ndim=3,
            size=scene.slide.spot_diameter,
            border_width=0,
            name="sections",
            blending="translucent_no_depth",
            **scene.shared,
        )
        self.layer.editable = False

    def show_names(self, dark: bool) -> None:
        """Write its name at each section: at the upper left corner, or in space at its left end."""
        stack = self.scene.layout.stack
        if stack is None:
            return
        in_space = stack.mode is StackMode.SPACE
        self._place(self._ends(stack) if in_space else self._corners(stack), _CLEAR)
        names = [stack.levels.names[level] for level in stack.shown]
        self.layer.text = {"string": names, "color": _INK[dark], "size": NAME_SIZE, "anchor": "upper_left"}

    def _corners(self, stack: StackLayout) -> Floats:
        low = stack.boxes[stack.shown, 0]
        above = low[:, 1] - _ABOVE * self.scene.slide.pitch
        return np.column_stack([stack.heights[stack.shown], above, low[:, 0]])

    def _ends(self, stack: StackLayout) -> Floats:
        """Return a place beside the left end of each section, far enough for half a name.

        The higher a section, the farther back: seen from the front, names of sections close to each other stand apart.
        """
        widest, share = np.ptp(stack.boxes[:, :, 0], axis=1).max(), np.linspace(1.0, 0.0, len(stack.shown) + 2)[1:-1]
        ends = [self._end(level, back) for level, back in zip(stack.shown, share, strict=True)]
        return np.asarray(ends - np.array([0.0, 0.0, _BESIDE * widest]), dtype=np.float64)

    def _end(self, level: int, share: float) -> Floats:
        """Return where the leftmost spot of a section is drawn, of those at a share of the way along its y."""
        points = self.scene.layout.points[self.scene.layout.planes == level]
        low, high = points[:, 1].min(), points[:, 1].max()
        away = np.abs(points[:, 1] - (low + share * (high - low)))
        near = points[away <= away.min() + self.scene.slide.pitch]
        return np.asarray(near[np.argmin(near[:, 2])], dtype=np.float64)

    def show_neighbours(self, level: int, dark: bool) -> None:
        """Draw the shown sections next to one faintly, on its plane."""
        stack = self.scene.layout.stack
        if stack is None or stack.mode is not StackMode.ONE:
            return
        near = [other for other in stack.levels.near(level, 1) if other != level and other not in stack.hidden]
        points = self.scene.layout.points[np.isin(stack.levels.of, near)]
        points[:, 0] = stack.heights[level]
        self._place(points, _GREY[dark])

    def clear(self) -> None:
        """Draw nothing."""
        self._place(np.zeros((0, 3)), _CLEAR)

    def _place(self, points: Floats, colour: tuple[float, ...]) -> None:
        layer, layout = self.layer, self.scene.layout
        layer.text = {"string": {"constant": ""}}
        layer.data = points / layout.step
        layer.scale, layer.axis_labels = layout.step, layout.axes
        if len(points):
            layer.face_color = np.array(colour)
