"""Patches from a Shapes layer of the viewer, and to a new one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Shapes

from napari_concert.errors import ConcertError
from napari_concert.io import shapes_of_patches
from napari_concert.session.base import describe_error
from napari_concert.ui.drawn_shapes import drawn_points, layer_of, shapes_in

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.patches import Patch
    from napari_concert.session import Session
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.scene import SlideScene

NO_LAYER = "There is no Shapes layer in this window. Make one above napari's list of layers and draw around spots."
NO_PATCH = "No patch that is shown has a spot, so there is nothing to draw. Paint one first."
TOO_FINE = (
    "The outlines of the patches have {:,} corners; napari draws up to {:,} in reasonable time. Smooth the patches, or "
    "save them as .geojson."
)
DRAWN = "Copied to the layer “{}”. Change it with napari's tools (Window › layer controls), then load it in step 3."
MOST_CORNERS = 5000  # about five seconds of napari's triangulation, in the background


class ShapesExchange:
    """Reads Shapes layers of a viewer as patches of the current slide, and draws patches in a new one."""

    def __init__(self, session: Session, viewer: Viewer, layers: SlideLayers) -> None:
        self.session, self.viewer, self.layers = session, viewer, layers

    @property
    def drawn(self) -> list[Shapes]:
        """The Shapes layers of the viewer."""
        return [layer for layer in self.viewer.layers if isinstance(layer, Shapes)]

    def take(self, layer: Shapes | None = None) -> None:
        """Add what the shapes of a layer enclose to the list of patches; without a layer, say what is missing."""
        scene = self.layers.scene
        if layer is None or scene is None:
            self._say(NO_LAYER)
            return
        try:
            shapes = shapes_in(layer, scene)
        except ConcertError as error:
            self._failed(error)
        else:
            self.session.add_shapes(shapes, drawn_points(scene))

    def put(self) -> None:
        """Draw the outlines of the patches that are shown in a new layer."""
        scene, patches = self.layers.scene, [patch for patch in self.session.patches if len(patch) and not patch.hidden]
        if scene is None or not patches:
            self._say(NO_PATCH)
            return
        self._say("Drawing the outlines of the patches …")
        self.session.jobs.submit(
            "outlines",
            partial(_outlined, scene, patches),
            lane="work",
            latest=True,
            on_done=partial(self._show, scene),
            on_error=self._failed,
        )

    def _show(self, scene: SlideScene, layer: Shapes) -> None:
        if self.layers.scene is scene:
            self.viewer.add_layer(layer)
            self._say(DRAWN.format(layer.name))

    def _say(self, text: str) -> None:
        self.session.notified.emit("info", text)

    def _failed(self, error: BaseException) -> None:
        self.session.notified.emit("error", describe_error(error))


def _outlined(scene: SlideScene, patches: Sequence[Patch]) -> Shapes:
    shapes = shapes_of_patches(scene.slide, patches, drawn_points(scene))
    if not shapes:
        raise ConcertError(NO_PATCH)
    corners = sum(len(np.asarray(shape.corners)) for shape in shapes)
    if corners > MOST_CORNERS:
        raise ConcertError(TOO_FINE.format(corners, MOST_CORNERS))
    return layer_of(shapes, scene)
