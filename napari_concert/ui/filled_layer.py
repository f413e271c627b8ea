"""Predicted spots within a section: a layer of ringed discs, coloured as the measured spots are, that says what it is.

Places of a gap over which a tool was drawn are small open rings, until they are predicted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from napari.components.overlays import TextOverlay
from napari.layers import Points
from qtpy.QtCore import QTimer

from napari_concert.session.predicted import NOTHING
from napari_concert.ui.captions import format_number
from napari_concert.ui.colours import is_dark
from napari_concert.ui.predicted_spots import colour_predicted, describe_predicted, diameter_of, drawn_places
from napari_concert.ui.spots import SpotsLayer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari import Viewer

    from napari_concert.session import Session, ShownValues
    from napari_concert.session.filled import Filled
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

RING = 0.14  # of a disc's diameter
LEGEND = "ringed: predicted,\nnot measured"
GAPS = "places in the gap"
_INK = {True: "white", False: "black"}
_KEY = "concert_predicted"


class FilledLayer:
    """Draws a session's predicted spots, and follows what the measured ones show.

    Attributes
    ----------
    layer, gaps
        Predicted spots, and places to be predicted; None while there are none.
    legend
        What is written about them on the picture.
    """

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers) -> None:
        self.viewer, self.session, self.layers = viewer, session, layers
        self.layer: SpotsLayer | None = None
        self.gaps: Points | None = None
        self._filled: Filled | None = None
        self._scene: SlideScene | None = None
        self._shown: ShownValues | None = None
        self._before: tuple[Any, Any] | None = None
        self._dark = True
        self.legend = TextOverlay(position="top_right", font_size=10)
        viewer.canvas.overlays[_KEY] = self.legend
        session.filled_changed.connect(self._show)
        session.hole_changed.connect(self._show_gaps)
        session.stack_changed.connect(self._show_elsewhere)
        layers.drawn.connect(self._follow)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        self._show()

    def close(self) -> None:
        """Stop following the session."""
        self.session.filled_changed.disconnect(self._show, missing_ok=True)
        self.session.hole_changed.disconnect(self._show_gaps, missing_ok=True)
        self.session.stack_changed.disconnect(self._show_elsewhere, missing_ok=True)
        self.layers.drawn.disconnect(self._follow, missing_ok=True)
        self.viewer.layers.events.removed.disconnect(self._on_layer_removed)
        self.viewer.canvas.overlays.pop(_KEY, None)

    # -- following the session ----------------------------------------------------------------------------------------

    def _follow(self, what: str) -> None:
        """Go with the slide or with what its spots show."""
        if what == "slide":
            self._show_elsewhere()
        elif what == "values":
            self._colour()

    def _show_elsewhere(self) -> None:
        """Draw everything anew: the slide is drawn otherwise."""
        self._remove()
        self._show()

    def _show(self) -> None:
        """Draw the spots there are now: anew only if their places are new."""
        filled, scene = self.session.filled, self.layers.scene
        if filled is None or scene is None:
            self._remove()
        elif self._filled is None or self._scene is not scene or filled.places is not self._filled.places:
            self._remove()
            self._add(filled, scene)
        self._filled = filled
        self._colour()
        self._show_gaps()

    def _add(self, filled: Filled, scene: SlideScene) -> None:
        data, diameter = drawn_places(scene, filled.coords, filled.places), diameter_of(scene, filled.coords)
        self.layer = SpotsLayer(data, diameter=diameter, name=filled.name, **scene.shared)
        self.layer.border_width = RING
        self.layer.describe = self._describe
        self.layer.events.visible.connect(self._show_legend)
        self._scene = scene
        self._put(self.layer)
        self._before = scene.spots.describe, scene.spots.elsewhere
        scene.spots.describe, scene.spots.elsewhere = self._describe_spot, self._elsewhere

    def _put(self, layer: Points) -> None:
        """Lay a layer on top; the chosen one stays chosen, and the tool in hand."""
        chosen = self.viewer.layers.selection
        active = chosen.active
        with chosen.events.active.blocker():
            self.viewer.add_layer(layer)
            chosen.active = active

    def _show_gaps(self) -> None:
        """Show the places of a gap that are not predicted yet."""
        current, scene = self.session.current, self.layers.scene
        places = None if current is None or self.session.filled is not None else current.gaps
        self._take_off(self.gaps)
        self.gaps = None
        if places is None or scene is None:
            return
        axes = [axis for axis in ("x", "y", "z") if axis in places.table]
        data = drawn_places(scene, places.table[axes].to_numpy(dtype=float), places)
        ink = _INK[is_dark(self.viewer.canvas.background_color)]
        self.gaps = Points(
            data, size=scene.slide.spot_diameter, symbol="ring", name=GAPS, face_color=ink, **scene.shared
        )
        self.gaps.border_width = 0
        self.gaps.editable = False
        self._put(self.gaps)

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _colour(self) -> None:
        layer, filled = self.layer, self._filled
        if layer is None or filled is None or filled is not self.session.filled:
            self.legend.visible = False
            return
        shown, dark = self.session.filled_values(self.session.values()), is_dark(self.viewer.canvas.background_color)
        if shown is None or (self._shown is not None and dark == self._dark and is_alike(shown, self._shown)):
            return  # the measured spots alone look otherwise: a stroke goes on
        self._shown, self._dark = shown, dark
        colour_predicted(layer, filled, shown, dark=dark)
        layer.border_color = _INK[dark]
        self.legend.text = legend(shown)
        self._show_legend()

    def _show_legend(self) -> None:
        """Write of the rings while they are seen: other views hide them, and so may the user."""
        self.legend.visible = self.layer is not None and self.layer.visible and bool(self.legend.text)

    def _describe(self, row: int) -> list[str]:
        filled, shown = self._filled, self._shown
        if filled is None or shown is None or shown.note == NOTHING:
            return []
        return describe_predicted(filled, row, shown, self.session)

    def _describe_spot(self, row: int) -> Sequence[str]:
        """Say of a spot that is predicted anew what is predicted, where that is what is seen."""
        filled = self._filled
        assert self._before is not None
        if filled is not None and row in filled.places.slide.left_out:
            names = filled.as_is.obs.index.to_numpy()
            lines = self._describe(int(np.flatnonzero(names == str(filled.slide.spot_names[row]))[0]))
            if lines:
                return lines
        found: Sequence[str] = self._before[0](row)
        return found

    def _elsewhere(self, position: Any, **kwargs: Any) -> list[str]:
        """Say what is under the mouse where no measured spot is."""
        layer = self.layer
        lines: list[str] = []
        if layer is not None and layer in self.viewer.layers and layer.visible:
            lines = layer.get_lines(position, **kwargs)
        return lines or (list(self._before[1](position, **kwargs)) if self._before is not None else [])

    # -- taking it away -----------------------------------------------------------------------------------------------

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        if self._scene is not None and self._before is not None:
            self._scene.spots.describe, self._scene.spots.elsewhere = self._before
        self._scene = self._filled = self._before = self._shown = None
        self._take_off(layer)

    def _take_off(self, layer: Points | None) -> None:
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def _on_layer_removed(self, event: Any) -> None:
        """Forget predicted spots whose layer the user deleted."""
        if self.layer is not None and event.value is self.layer:
            QTimer.singleShot(0, self.session.forget_filled)


def legend(shown: ShownValues) -> str:
    """Give what is written about predicted spots on the picture, a line each; nothing where none is seen."""
    if shown.note == NOTHING:
        return ""
    lines = [LEGEND]
    if shown.kind == "uncertainty":
        lines += ["± sd of a count there,", f"greys {' to '.join(map(format_number, shown.limits))}"]
    return "\n".join(lines)


def is_alike(one: ShownValues, other: ShownValues) -> bool:
    """Give whether two things to show look the same."""
    same = (one.label, one.kind, one.limits, one.note, one.categories)
    same_values = np.array_equal(one.values, other.values, equal_nan=one.kind != "categorical")
    return same == (other.label, other.kind, other.limits, other.note, other.categories) and same_values
