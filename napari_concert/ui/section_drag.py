"""A section laid over another one, moved and turned with the mouse by napari's own box, and never stretched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers.base._base_constants import InteractionBoxHandle
from napari.layers.utils.interaction_box import generate_transform_box_from_layer
from psygnal import Signal

from napari_concert.slide import Rigid
from napari_concert.ui.colours import Rgba, category_colours, is_dark, rgba
from napari_concert.ui.outline import OutlineOverlay
from napari_concert.ui.pieces import HUES, Piece, layer_of, own_colours, piece_of, tinted

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari import Viewer
    from napari.layers import Points

    from napari_concert.session import Session
    from napari_concert.ui.scene import SlideScene

Floats = npt.NDArray[np.float64]

SMALLER = 0.6  # of a spot's diameter: what lies beneath is seen around it
RING = 0.014  # of the box's diagonal, around its round handle
FAINT = 0.5  # opacity of the section that stays, where both have the colours of categories
RIGID = 1e-6  # what turns may be off for rounding
STILL = 1e-3  # pitches: less is no move
HINT = "Drag inside the box to shift, its round handle to turn. Enter applies, Escape gives up."
STRETCHED = "Sections are not stretched. " + HINT


class SectionDrag:
    """A section that moves, over one that stays.

    Attributes
    ----------
    changed
        The section was moved, or something else is to be said.
    layers
        Those of the section that stays, and of the one that moves.
    legend
        Names and colours of both.
    """

    changed = Signal()
    verb = "Apply"
    margin = 0.16  # leaves room for the handle above the box, which grows as the section is turned

    def __init__(self, session: Session, scene: SlideScene, names: tuple[str, str], viewer: Viewer) -> None:
        self.session, self.slide = session, scene.slide
        self.piece, below = (piece_of(scene, name) for name in names)
        self._moving, fixed = self._draw(scene, (self.piece, below), is_dark(viewer.canvas.background_color))
        self.layers = (fixed, self._moving)
        self._last: Floats = np.eye(3)
        self._moving.events.affine.connect(self._keep_rigid)

    def _draw(self, scene: SlideScene, pieces: tuple[Piece, Piece], dark: bool) -> tuple[Points, Points]:
        """Return layers in one hue each; categories keep their colours, faint in the section that stays."""
        shown, hues = self.session.values(), HUES[dark]
        is_named = shown.kind == "categorical"
        colours = [
            own_colours(piece, scene) if is_named else tinted(piece, shown, hue)
            for piece, hue in zip(pieces, hues, strict=True)
        ]
        moving, fixed = (piece.name for piece in pieces)
        self.legend: tuple[tuple[str, ...], Rgba]
        self.hint, self.legend = HINT, ((f"{moving} (moves)", f"{fixed} (stays)"), rgba(hues))
        if is_named:
            colours[1][:, 3] *= FAINT
            self.hint = f"{moving} (small spots) moves over {fixed} (faint). {HINT}"
            self.legend = shown.categories, category_colours(shown.categories, self.slide.columns.unknown)
        small = layer_of(pieces[0], scene.slide, colours[0], size=SMALLER * pieces[0].diameter)
        return small, layer_of(pieces[1], scene.slide, colours[1])

    # -- what the form and the keys need ------------------------------------------------------------------------------

    def start(self, keys: dict[str, Callable[..., None]]) -> None:
        """Let the mouse move the section, once its layers are in the viewer."""
        for layer in self.layers:
            for key, slot in keys.items():
                layer.bind_key(key, slot, overwrite=True)
        self._moving.mode = "transform"
        self._set_off_handle()

    def _set_off_handle(self) -> None:
        """Draw a ring around the box's round handle: napari draws it white, which is not seen on a light canvas."""
        box = generate_transform_box_from_layer(self._moving, (0, 1))
        radius = RING * float(np.linalg.norm(np.ptp(box, axis=0)))
        turn = np.linspace(0, 2 * np.pi, 33)
        ring = box[InteractionBoxHandle.ROTATION] + radius * np.column_stack([np.sin(turn), np.cos(turn)])
        outline = OutlineOverlay(points=tuple(map(tuple, ring.tolist())))
        self._moving._overlays["concert_handle"] = outline  # noqa: SLF001 - napari has no public way yet

    def stop(self) -> None:
        """Let go of the mouse."""

    @property
    def move(self) -> Rigid:
        """How the section was moved since, in the slide's units."""
        return Rigid.of(self._last[:2, :2][::-1, ::-1], self._last[:2, 2][::-1])

    @property
    def is_ready(self) -> bool:
        """Whether the section was moved at all."""
        here = self.piece.points[:, ::-1]
        return bool(np.abs(self.move.apply(here) - here).max() > STILL * self.slide.pitch)

    @property
    def is_begun(self) -> bool:
        """Whether there is something to lose."""
        return self.is_ready

    @property
    def says(self) -> str:
        """How far the section was moved."""
        if not self.is_ready:
            return "Not moved yet."
        middle = self.piece.points[:, ::-1].mean(axis=0)
        move, unit = self.move, self.slide.units.name
        right, down = (move.apply(middle[None])[0] - middle).tolist()
        parts = ["mirrored"] if move.mirrored else []
        parts += _told(move.angle, "°", "turned {} clockwise", "turned {} anticlockwise")
        parts += _told(right, f" {unit}", "{} to the right", "{} to the left")
        parts += _told(down, f" {unit}", "{} down", "{} up")
        return ", ".join(parts).capitalize() + "."

    def flip(self) -> None:
        """Mirror the section where it lies: it was mounted the other way up."""
        middle = self._last[:2, :2] @ self.piece.points.mean(axis=0) + self._last[:2, 2]
        mirror = np.diag([1.0, -1.0, 1.0])
        mirror[1, 2] = 2 * middle[1]
        self._moving.affine = mirror @ self._last

    def finish(self) -> None:
        """Let the section lie there."""
        move, unit = self.move, self.slide.units.factor
        x, y = move.shift
        self.session.move_section(self.piece.name, Rigid(move.angle, (x / unit, y / unit), move.mirrored))

    # -- following the box --------------------------------------------------------------------------------------------

    def _keep_rigid(self, *_: object) -> None:
        """Take what the box made of the section, unless it was stretched: then it goes back."""
        now = np.asarray(self._moving.affine.affine_matrix, dtype=np.float64)
        linear = now[:2, :2]
        if np.allclose(linear @ linear.T, np.eye(2), atol=RIGID):
            self._last = now
            self.changed.emit()
        else:
            self.hint = STRETCHED
            self._moving.affine = self._last


def _told(amount: float, unit: str, forward: str, back: str) -> list[str]:
    """Return an amount in words; nothing where it rounds to 0."""
    said = f"{abs(amount):.1f}".removesuffix(".0")
    return [] if said == "0" else [(forward if amount > 0 else back).format(f"{said}{unit}")]
