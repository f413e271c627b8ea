"""One image layer that is kept behind the spots of a viewer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psygnal import Signal

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image

    from napari_concert.ui.layers import SlideLayers


class Backdrop:
    """Holds an image layer behind a slide's spots.

    It is taken out of the viewer while what-ifs are compared: napari's grid would give it a cell of its own.

    Attributes
    ----------
    layer
        The image layer; None where there is none.
    changed, deleted
        Emitted when the layer was changed in napari's own list or controls, or deleted there.
    """

    changed = Signal()
    deleted = Signal()

    def __init__(self, viewer: Viewer, layers: SlideLayers) -> None:
        self.viewer, self.layers = viewer, layers
        self.layer: Image | None = None
        viewer.layers.events.removed.connect(self._on_removed)
        viewer.canvas.grid.events.enabled.connect(self._on_grid)

    def close(self) -> None:
        """Stop following the viewer; the layer stays in it."""
        self.viewer.layers.events.removed.disconnect(self._on_removed)
        self.viewer.canvas.grid.events.enabled.disconnect(self._on_grid)
        self._let_go()

    def show(self, layer: Image) -> None:
        """Put a layer behind the spots, wherever it was in the list."""
        if layer is self.layer:
            return
        self.take_down()
        self._remove(layer)
        self.layer = layer
        for event in _followed(layer):
            event.connect(self._tell)
        if not self.viewer.canvas.grid.enabled:
            self._insert(layer)

    def take_down(self) -> None:
        """Take the layer out of the viewer."""
        layer = self.layer
        self._let_go()
        if layer is not None:
            layer.mode = "pan_zoom"
            self._remove(layer)

    @property
    def is_moving(self) -> bool:
        """Whether the mouse moves the image."""
        return self.layer is not None and str(self.layer.mode) == "transform"

    def set_moving(self, moving: bool) -> None:
        """Let the mouse move, turn and stretch the image (napari's transform mode), or no longer."""
        if self.layer is not None and self.layers.scene is not None:
            self.viewer.layers.selection.active = self.layer if moving else self.layers.scene.spots
            self.layer.mode = "transform" if moving else "pan_zoom"

    def _let_go(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None:
            for event in _followed(layer):
                event.disconnect(self._tell)

    def _insert(self, layer: Image) -> None:
        """Put the layer in the list; what was chosen there stays chosen, and the tool in hand."""
        scene, chosen = self.layers.scene, self.viewer.layers.selection
        active = chosen.active
        with chosen.events.active.blocker():  # napari chooses what is inserted
            self.viewer.layers.insert(0 if scene is None else self.viewer.layers.index(scene.spots), layer)
        chosen.active = active or (None if scene is None else scene.spots)

    def _remove(self, layer: Image) -> None:
        if layer in self.viewer.layers:
            with self._quietly():
                self.viewer.layers.remove(layer)

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        """Do not take for the user's doing what is done here."""
        with self.viewer.layers.events.removed.blocker(self._on_removed):
            yield

    def _on_grid(self, *_: object) -> None:
        if self.layer is None:
            return
        if self.viewer.canvas.grid.enabled:
            self._remove(self.layer)
        elif self.layer not in self.viewer.layers:
            self._insert(self.layer)

    def _on_removed(self, event: Any) -> None:
        if self.layer is not None and event.value is self.layer:
            self._let_go()
            self.deleted.emit()

    def _tell(self, *_: object) -> None:
        self.changed.emit()


def _followed(layer: Image) -> tuple[Any, ...]:
    events = layer.events
    return events.visible, events.opacity, events.mode, events.scale, events.affine
