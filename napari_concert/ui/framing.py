"""Where the camera looks: sections, and the texts at them, stand clear of what is written on the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.ui.measure import text_size

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Points

    from napari_concert.ui.overlays import PictureText

Floats: TypeAlias = npt.NDArray[np.float64]

_LEAST = 0.3  # of the canvas: what sections get, however much is written on it
_ROUNDS = 12  # a text does not grow with the sections, so that their size is found step by step


class Margins(NamedTuple):
    """What stays free around sections, in canvas pixels."""

    left: float
    top: float
    right: float
    bottom: float


class _Drawn(NamedTuple):
    """Points as they are seen, x and y: in units of the world, and how many pixels each reaches from there."""

    at: Floats
    low: Floats
    high: Floats

    def ends(self, zoom: float) -> tuple[Floats, Floats]:
        """Return the upper left and the lower right corner of all, in pixels."""
        return (self.at * zoom + self.low).min(axis=0), (self.at * zoom + self.high).max(axis=0)


class Framing:
    """Fits Points layers into the canvas, and again when its size changes while nobody has moved the camera since."""

    def __init__(self, viewer: Viewer, text: PictureText) -> None:
        self.viewer, self.text = viewer, text
        self._layers: tuple[Points, ...] = ()
        self._left_at: tuple[Any, ...] = ()
        viewer.canvas.events.size.connect(self._on_size, position="last")

    def close(self) -> None:
        """Stop following the canvas."""
        self.viewer.canvas.events.size.disconnect(self._on_size)

    def fit(self, *layers: Points) -> None:
        """Show layers in full, from where one looks, as large as they can be beside or below what is written."""
        self._layers = layers
        pieces = [piece for layer in layers for piece in self._pieces(layer)]
        if not pieces:
            return
        drawn = _Drawn(*(np.concatenate(part) for part in zip(*pieces, strict=True)))
        canvas = np.asarray(self.viewer.canvas.size[::-1], dtype=np.float64)
        fits = [_fitted(drawn, canvas, margins) for margins in self.text.margins()]
        self._move(*max(fits, key=lambda fit: fit[0]))

    def _move(self, zoom: float, middle: Floats) -> None:
        camera, across = self.viewer.scene.camera, self._across()
        ndim = self.viewer.dims.ndisplay
        places = np.concatenate([_places(layer, ndim) for layer in self._layers if len(layer.data)])
        centre = np.zeros(3)  # the stack turns around its own middle, however deep that lies
        centre[-ndim:] = 0.5 * (places.min(axis=0) + places.max(axis=0))
        camera.center = tuple((centre + (middle - across @ centre) @ across).tolist())
        camera.zoom = zoom
        self._left_at = self._now()

    def _across(self) -> Floats:
        """Return what is right and down on the canvas, as directions (2, 3; z, y, x) of the world."""
        camera = self.viewer.scene.camera
        if self.viewer.dims.ndisplay == 2:
            down, right = (1.0 if str(side) in ("down", "right") else -1.0 for side in camera.orientation2d)
            return np.array([[0.0, 0.0, right], [0.0, down, 0.0]])
        up = np.asarray(camera.up_direction)
        right = 1.0 if str(camera.handedness) == "right" else -1.0
        return np.stack([right * np.cross(camera.view_direction, up), -up])

    def _pieces(self, layer: Points) -> list[_Drawn]:
        """Return the points of a layer that are shown, and the texts at them."""
        ndim = self.viewer.dims.ndisplay
        across = self._across()[:, -ndim:].T
        at = _places(layer, ndim) @ across
        radius = 0.5 * float(np.max(layer.size, initial=0.0))
        nothing = np.zeros_like(at)
        shown = np.asarray(layer.shown, dtype=bool)
        pieces = [_Drawn(at[shown] + side * radius, nothing[shown], nothing[shown]) for side in (-1, 1)]
        texts = np.broadcast_to(np.asarray(layer.text.values, dtype=object), len(at))
        moved = (np.broadcast_to(layer.text.translation, layer.ndim) * layer.scale)[-ndim:] @ across
        for row in np.flatnonzero(texts != ""):
            low, high = _reach(text_size(texts[row], float(layer.text.size)), str(layer.text.anchor), ndim)
            pieces.append(_Drawn(at[row, None] + moved, low[None], high[None]))
        return [piece for piece in pieces if len(piece.at)]

    def _now(self) -> tuple[Any, ...]:
        camera = self.viewer.scene.camera
        return camera.center, camera.zoom, camera.angles, self.viewer.dims.ndisplay

    def _on_size(self, *_: object) -> None:
        if self._left_at and self._left_at == self._now():
            self.fit(*(layer for layer in self._layers if layer in self.viewer.layers))


def _places(layer: Points, ndim: int) -> Floats:
    return np.asarray(layer.data * layer.scale, dtype=np.float64)[:, -ndim:]


def _reach(size: tuple[float, float], anchor: str, ndim: int) -> tuple[Floats, Floats]:
    """Return how far a text reaches from its place, in pixels: x, y of its corners. In 3D napari centres all."""
    wide, tall = size
    if ndim == 3 or anchor == "center":
        return np.array([-wide / 2, -tall / 2]), np.array([wide / 2, tall / 2])
    x = 0.0 if anchor.endswith("left") else -wide
    y = 0.0 if anchor.startswith("lower") else -tall
    return np.array([x, y]), np.array([x + wide, y + tall])


def _fitted(drawn: _Drawn, canvas: Floats, margins: Margins) -> tuple[float, Floats]:
    """Return the zoom, and the point of the world (x, y as seen) in the middle of the canvas."""
    left_top, right_bottom = np.array(margins[:2]), np.array(margins[2:])
    room = np.maximum(canvas - left_top - right_bottom, _LEAST * canvas)
    zoom = float(np.min(room / np.maximum(np.ptp(drawn.at, axis=0), 1e-9)))
    for _ in range(_ROUNDS):
        low, high = drawn.ends(zoom)
        zoom *= float(np.min(room / np.maximum(high - low, 1e-9)))
    low, high = drawn.ends(zoom)
    return zoom, (0.5 * (low + high) - 0.5 * (left_top - right_bottom)) / zoom
