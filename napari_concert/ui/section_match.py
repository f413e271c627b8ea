"""Two sections side by side, and the same places clicked on both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Points
from psygnal import Signal

from napari_concert.errors import ConcertError
from napari_concert.ui.captions import format_number
from napari_concert.ui.colours import Rgba, is_dark
from napari_concert.ui.held_zoom import HeldZoom
from napari_concert.ui.layout import cells
from napari_concert.ui.pieces import flat, layer_of, own_colours, piece_of

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.scene import SlideScene

Floats = npt.NDArray[np.float64]

NAME_SIZE, NUMBER_SIZE = 12, 9  # points
MARK = 18  # pixels across, at any zoom
STILL = 4.0  # pixels that the mouse may go between press and release of a click: more moves the picture
FEWEST, FEWEST_MIRRORED = 2, 3
MARKED = "#c2185b"  # stands out from spots, and from a dark or light canvas
_INK = {True: "white", False: "black"}


class SectionMatch:
    """Numbered places on a section, and where they belong on another one.

    Attributes
    ----------
    changed
        Another place was clicked, or one was taken away.
    layers
        Of both sections, of their names, and of the numbered places.
    places
        (x, y) in the slide's units: on the section that moves, and on the one that stays.
    mirror
        Whether the section may be mirrored where that fits better.
    """

    changed = Signal()
    verb = "Match"
    margin = 0.12
    legend: tuple[tuple[str, ...], Rgba | None] = ((), None)

    def __init__(self, session: Session, scene: SlideScene, names: tuple[str, str], viewer: Viewer) -> None:
        self.session, self.slide, self.viewer, self.names = session, scene.slide, viewer, names
        self.places: tuple[list[Floats], list[Floats]] = ([], [])
        self.mirror = False
        self._zoom = HeldZoom(viewer)
        pieces = [piece_of(scene, name) for name in names]
        boxes = np.stack([piece.box for piece in pieces])
        self._shifts = cells(boxes[:, :, ::-1])
        self._boxes = boxes + self._shifts[:, None]
        sections = [
            layer_of(piece, scene.slide, own_colours(piece, scene), points=piece.points + shift)
            for piece, shift in zip(pieces, self._shifts, strict=True)
        ]
        self._marks = self._no_marks()
        self.layers = (*sections, self._titles(is_dark(viewer.canvas.background_color)), self._marks)

    def _titles(self, dark: bool) -> Points:
        """Return the names above the upper left corners."""
        said = {"string": [*self.names], "color": _INK[dark], "size": NAME_SIZE, "anchor": "upper_left"}
        corners = self._boxes[:, 0] - [0.6 * self.slide.pitch, 0.0]
        return Points(
            corners, name="names", face_color="transparent", border_color="transparent", text=said, **flat(self.slide)
        )

    def _no_marks(self) -> Points:
        return Points(
            np.zeros((0, 2)),
            name="places",
            size=self.slide.pitch,
            canvas_size_limits=(MARK, MARK),
            face_color=MARKED,
            border_color=MARKED,
            blending="translucent_no_depth",
            **flat(self.slide),
        )

    # -- what the form and the keys need ------------------------------------------------------------------------------

    def start(self, keys: dict[str, Callable[..., None]]) -> None:
        """Listen to clicks, once the layers are in the viewer."""
        for layer in self.layers:
            for key, slot in {**keys, "Backspace": self.take_back, "Control-Z": self.take_back}.items():
                layer.bind_key(key, slot, overwrite=True)
            layer.editable = False
        self.viewer.mouse_drag_callbacks.append(self._press)
        self._zoom.hold(True)
        self._marks.cursor = "cross"

    def stop(self) -> None:
        """Listen no longer."""
        self.viewer.mouse_drag_callbacks.remove(self._press)
        self._zoom.hold(False)

    @property
    def pairs(self) -> int:
        """How many places are clicked on both sections."""
        return min(map(len, self.places))

    @property
    def hint(self) -> str:
        """What to click next."""
        moving, fixed = self.names
        here, there = map(len, self.places)
        if here == there:
            return (
                f"Click a place that you find in both sections, on {moving} or on {fixed}. Dragging moves the picture."
            )
        return f"Now click the same place on {fixed if here > there else moving}."

    @property
    def apart(self) -> float:
        """Root mean square distance that would be left between the places, in the slide's units.

        Raises
        ------
        ConcertError
            If they do not tell how the section is to be moved.
        """
        return self.session.places_apart(*self._matched, mirror=self.mirror)

    @property
    def is_ready(self) -> bool:
        """Whether the places tell how the section is to be moved."""
        if self.pairs < self._fewest:
            return False
        try:
            return bool(np.isfinite(self.apart))
        except ConcertError:
            return False

    @property
    def is_begun(self) -> bool:
        """Whether there is something to lose."""
        return any(self.places)

    @property
    def says(self) -> str:
        """How many pairs there are, and how well they fit each other."""
        count = self.pairs
        said = f"{count} pair{'' if count == 1 else 's'}"
        if count < self._fewest:
            return f"{said}; it takes {self._fewest}, far from each other."
        try:
            return f"{said}, {format_number(self.apart)} {self.slide.units.name} apart once matched (root mean square)."
        except ConcertError as error:
            return str(error)

    @property
    def _fewest(self) -> int:
        return FEWEST_MIRRORED if self.mirror else FEWEST

    @property
    def _matched(self) -> tuple[Floats, Floats]:
        points, onto = (np.stack(side[: self.pairs]) for side in self.places)
        return points, onto

    def allow_mirror(self, allowed: bool) -> None:
        """Let the section be mirrored where that fits better, or not."""
        self.mirror = allowed
        self.changed.emit()

    def take_back(self, *_: object) -> None:
        """Take away the place that waits for its partner, or the last pair."""
        most = max(map(len, self.places))
        for side in self.places:
            del side[max(most - 1, 0) :]
        self._mark()

    def finish(self) -> None:
        """Move the section so that its places come to lie on those of the other."""
        self.session.match_section(self.names[0], *self._matched, mirror=self.mirror)

    # -- clicks -------------------------------------------------------------------------------------------------------

    def _press(self, _viewer: Viewer, event: Any) -> Iterator[None]:
        """Take a click; a drag moves the picture, as napari does."""
        if event.button != 1:
            return
        start, place, away = np.asarray(event.pos), np.asarray(event.position, dtype=np.float64)[-2:], 0.0
        yield
        while event.type == "mouse_move":
            away = max(away, float(np.linalg.norm(np.asarray(event.pos) - start)))
            yield
        if away <= STILL:
            self._add(place)

    def _add(self, drawn: Floats) -> None:
        """Add a place, or put the one that waits for its partner elsewhere."""
        outside = np.maximum(self._boxes[:, 0] - drawn, drawn - self._boxes[:, 1]).max(axis=1)
        side = int(np.argmin(outside))
        own, other = self.places[side], self.places[1 - side]
        if len(own) > len(other):
            own.pop()
        own.append((drawn - self._shifts[side])[::-1])
        self._mark()

    def _mark(self) -> None:
        """Draw the numbers."""
        drawn = [place[::-1] + shift for side, shift in zip(self.places, self._shifts, strict=True) for place in side]
        numbers = [str(i + 1) for side in self.places for i in range(len(side))]
        self._marks.text = {"string": {"constant": ""}}
        self._marks.data = np.array(drawn).reshape(-1, 2)
        self._marks.text = {"string": numbers or {"constant": ""}, "color": "white", "size": NUMBER_SIZE}
        self.changed.emit()
