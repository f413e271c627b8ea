"""Two sections as they are drawn while one is moved onto the other: both in one hue each, or in the slide's colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from napari.layers import Points

from napari_concert.errors import ConcertError
from napari_concert.ui.colours import Rgba, rgba
from napari_concert.ui.spots import layer_units

if TYPE_CHECKING:
    from napari_concert.session import ShownValues
    from napari_concert.slide import Slide
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

MOST_DRAWN = 5_000  # spots of a section: more are drawn in part, as napari reads all of a layer at each move
FAINTEST, STRONGEST = 0.25, 0.95  # opacity from the lowest value to the highest
# of the section that moves and of the one that stays, on a dark canvas and on a light one; told apart by all eyes
HUES = {True: ("#ffab1a", "#4fb3ff"), False: ("#c25700", "#0064b8")}


@dataclass(frozen=True, eq=False)
class Piece:
    """The spots of one section that are drawn.

    Attributes
    ----------
    points
        (n, 2) y, x in the slide's units, where they lie now.
    rows, drawn
        (n,) which spots of the slide they are, and of the scene's layer.
    diameter
        Of a spot; larger where spots are left out.
    """

    name: str
    points: Floats
    rows: Rows
    drawn: Rows
    diameter: float

    @property
    def box(self) -> Floats:
        """Lowest and highest y, x (2, 2)."""
        return np.stack([self.points.min(axis=0), self.points.max(axis=0)])


def piece_of(scene: SlideScene, name: str) -> Piece:
    """Return a section of a slide.

    Raises
    ------
    ConcertError
        If none of its spots has coordinates.
    """
    slide = scene.slide
    assert slide.columns.section is not None
    drawn = np.flatnonzero(slide.labels(slide.columns.section)[scene.rows] == name)
    if not len(drawn):
        raise ConcertError(f"Section {name} has no spot with coordinates: choose another one.")
    share = max(1.0, len(drawn) / MOST_DRAWN)
    if share > 1:
        drawn = np.sort(np.random.default_rng(0).choice(drawn, MOST_DRAWN, replace=False))
    rows = scene.rows[drawn]
    return Piece(name, slide.coords[rows, 1::-1], rows, drawn, slide.spot_diameter * float(np.sqrt(share)))


def layer_of(piece: Piece, slide: Slide, colours: Rgba, *, points: Floats | None = None, **more: Any) -> Points:
    """Return a napari layer of a section; ``points`` (n, 2) where it is drawn elsewhere."""
    settings = {"size": piece.diameter, "border_width": 0, "canvas_size_limits": (2, 10000)} | flat(slide) | more
    shown = piece.points if points is None else points
    return Points(shown, name=piece.name, face_color=colours, blending="translucent_no_depth", **settings)


def flat(slide: Slide) -> dict[str, Any]:
    """Return what layers of a plane have in common."""
    return {"ndim": 2, "units": layer_units(slide.units.name, 2), "axis_labels": ("y", "x")}


def own_colours(piece: Piece, scene: SlideScene) -> Rgba:
    """Return the colours (n, 4) that the spots have on the slide."""
    return np.asarray(scene.spots.face_color, dtype=np.float32)[piece.drawn]


def tinted(piece: Piece, shown: ShownValues, hue: str) -> Rgba:
    """Return one hue (n, 4), the more opaque the higher the shown value, or the farther from 0 where it is a change."""
    colours = np.empty((len(piece.rows), 4), dtype=np.float32)
    colours[:] = rgba([hue])
    colours[:, 3] = FAINTEST + (STRONGEST - FAINTEST) * _strength(piece, shown)
    return colours


def _strength(piece: Piece, shown: ShownValues) -> Floats:
    values = np.asarray(shown.values, dtype=np.float64)[piece.rows]
    low, high = shown.limits
    if shown.kind == "diverging":
        values, low, high = np.abs(values), 0.0, max(abs(low), abs(high))
    scaled = (values - low) / (high - low) if high > low else np.ones(len(values))
    return np.asarray(np.clip(np.nan_to_num(scaled), 0, 1), dtype=np.float64)
