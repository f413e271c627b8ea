"""One slide as napari layers: its spots, coloured by values, and a ring around each painted spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from napari.layers import Points

from napari_concert.brush import SpotIndex
from napari_concert.patches import DEFAULT_COLOR
from napari_concert.selection import (
    Lesion,
    Sight,
    SpotStack,
    ellipsoid_outline,
    ellipsoid_rings,
    outline_of,
    spots_in_ellipsoid,
    spots_of,
)
from napari_concert.session.stack_view import StackMode, StackView
from napari_concert.ui.colours import NO_VALUE, Rgba, category_colours, colormap
from napari_concert.ui.layout import lay_out
from napari_concert.ui.outline import OutlineOverlay
from napari_concert.ui.reach_overlay import ReachOverlay
from napari_concert.ui.spots import SpotsLayer, layer_units, show_colours, show_rings, show_values

if TYPE_CHECKING:
    from napari_concert.session import ShownValues
    from napari_concert.slide import Slide

Rows: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

# ring of a painted spot, in spot diameters; its inner half is open, so that the spot's colour stays visible
_RING = 1.55
# of the pitch: discs of this radius leave no gap between neighbours on a square or hexagonal grid
_GAPLESS = 0.71


class SlideScene:
    """The layers of a slide, and what is needed to colour, mark and find its spots.

    Parameters
    ----------
    slide
        What is drawn.
    view, hidden
        How a stack is shown, and which of its sections are not; see :func:`.lay_out`.

    Attributes
    ----------
    spots, rings
        Points layers. The rings hold the painted spots only.
    notes
        A third one under the spots, of :class:`.Arranger`; None where the slide is not a stack.
    layout
        Where spots are drawn.
    index
        Queries by position: x, y on the slide, with the sections of a stack as places; of a flat slide as drawn.
    stack
        Queries through the sections of a stack; None where the slide is not one.
    """

    def __init__(self, slide: Slide, view: StackView | None = None, hidden: frozenset[int] = frozenset()) -> None:
        self.slide = slide
        self._lay_out(view, hidden)
        self.rows = self.layout.rows
        self._position = np.full(slide.n_spots, -1, np.int64)
        self._position[self.rows] = np.arange(len(self.rows))
        self._ringed: Rows = np.zeros(0, np.int64)
        self._ring_colours: Rgba = np.zeros((0, 4), np.float32)
        self._marked = self._ringed, self._ring_colours
        self._edge = "black"
        ndim = self._data.shape[1]
        # napari takes point sizes in units of the last axis, whose step is 1
        self.spots = SpotsLayer(self._data, diameter=slide.spot_diameter, name=slide.name, **self.shared)
        self.rings = _empty_rings(ndim, slide.spot_diameter, self.shared)
        self.spots.shown = self._is_shown[self.rows]
        self.notes: Points | None = None
        self.outline, self.reach = OutlineOverlay(), ReachOverlay()
        self.spots._overlays["concert_outline"] = self.outline  # noqa: SLF001 - napari has no public way yet
        self.spots._overlays["concert_reach"] = self.reach  # noqa: SLF001

    @property
    def shared(self) -> dict[str, Any]:
        """What all layers of the slide have in common."""
        units = layer_units(self.slide.units.name, len(self.layout.step))
        return {"scale": self.layout.step, "units": units, "axis_labels": self.layout.axes}

    def _lay_out(self, view: StackView | None, hidden: frozenset[int]) -> None:
        self._view, self._hidden = view, hidden
        self.layout = layout = lay_out(self.slide, view, hidden)
        self._data = layout.data
        self._sight: Sight | None = None
        self._is_shown = np.ones(self.slide.n_spots, dtype=bool)
        if layout.stack is None:
            self.stack, self.index = None, SpotIndex(layout.points[:, ::-1], layout.planes)
            return
        self._is_shown = ~np.isin(layout.planes, list(layout.stack.hidden))
        self.stack = SpotStack(self.slide.coords, layout.stack.levels, layout.stack.hidden)
        self.index = self.stack.flat

    def arrange(self, view: StackView, hidden: frozenset[int]) -> None:
        """Draw a stack otherwise; colours and rings go with the spots."""
        self._lay_out(view, hidden)
        for layer, data in ((self.spots, self._data), (self.rings, self._data[:0])):
            layer.data = data
            layer.scale, layer.axis_labels = self.layout.step, self.layout.axes
        self.spots.shown = self._is_shown[self.rows]
        self._ringed = np.zeros(0, np.int64)
        self.mark(*self._marked)

    def adopt(self, slide: Slide) -> bool:
        """Take in the same slide read otherwise, if its spots stay where they are; give whether they do."""
        same = slide is self.slide or (
            slide.fingerprint == self.slide.fingerprint
            and slide.units == self.slide.units
            and self.layout.is_like(lay_out(slide, self._view, self._hidden))
        )
        if same:
            self.slide = slide
        return same

    # -- what is seen -------------------------------------------------------------------------------------------------

    def colour(self, shown: ShownValues, dark: bool) -> tuple[tuple[str, ...], Rgba]:
        """Colour the spots; give the legend's names and colours (none for numbers, which have a colour bar).

        Parameters
        ----------
        dark
            Whether the canvas is dark.
        """
        if shown.kind == "categorical":
            return self._colour_categories(shown)
        values = np.asarray(shown.values, dtype=np.float64)[self.rows]
        show_values(self.spots, values, shown.limits, colormap(shown.kind, dark))
        return (), np.zeros((0, 4), np.float32)

    def _colour_categories(self, shown: ShownValues) -> tuple[tuple[str, ...], Rgba]:
        colours = category_colours(shown.categories, self.slide.columns.unknown)
        table = np.concatenate([colours, NO_VALUE[None]])
        codes = {name: code for code, name in enumerate(shown.categories)}
        labels = np.asarray(shown.values, dtype=object)[self.rows]
        show_colours(self.spots, table[[codes.get(label, -1) for label in labels]])
        return shown.categories, colours

    def mark(self, painted: Rows, colours: Rgba) -> bool:
        """Put a ring of some colour around each painted spot (n,); give whether anything had to be redrawn."""
        self._marked = painted, colours
        ringed = self._position[painted]
        drawn = (ringed >= 0) & self._is_shown[painted]
        colours, ringed = colours[drawn], ringed[drawn]
        if np.array_equal(ringed, self._ringed) and np.array_equal(colours, self._ring_colours):
            return False
        self._ringed, self._ring_colours = ringed, colours
        show_rings(self.rings, self._data[ringed], colours)
        return True

    def set_off_rings(self, dark: bool) -> None:
        """Give the rings an edge that sets them off from the spots, and is not seen on a dark or light canvas."""
        edge = "black" if dark else "white"
        if self._edge != edge:
            self._edge = edge
            self.rings.current_border_color = edge  # of rings to come
            if len(self.rings.data):
                self.rings.border_color = edge

    def draw_outline(self, points: Floats | None, plane: int | None = None) -> None:
        """Draw a line through points (n, 2 or more; x, y in the slide's units) on a section, or none."""
        self.outline.rings = ()
        self.outline.points = () if points is None else tuple(map(tuple, self._drawn(points, plane).tolist()))

    def show_reach(self, outline: Floats | None) -> None:
        """Show a closed line (n, 2; x, y in the slide's units, seen from its middle) as a dotted ring, or none."""
        if outline is not None:
            self.reach.points = tuple(map(tuple, self._drawn(outline).tolist()))
        self.reach.visible = outline is not None

    def move_reach(self, point: Floats, plane: int | None = None) -> None:
        """Put the middle of the dotted ring at a point (x, y[, z] in the slide's units) on a section."""
        row, column = self._drawn(point[None], plane)[0].tolist()
        self.reach.centre = (row, column)

    def _drawn(self, points: Floats, plane: int | None = None) -> Floats:
        """Return points (n, 2 or more; x, y in the slide's units) on a section as (row, column) of the layers."""
        stack = self.layout.stack
        shift = np.zeros(2) if stack is None or plane is None else stack.shifts[plane]
        return np.asarray((points[:, :2] + shift)[:, ::-1] / self.layout.step[-2:], dtype=np.float64)

    # -- lesions ------------------------------------------------------------------------------------------------------

    def spots_of_lesion(self, lesion: Lesion, centre: Floats, plane: int | None) -> Rows:
        """Give the spots under a lesion around a point of the slide: on its section, or in an ellipsoid around it."""
        if self.stack is None or plane is None or lesion.kind != "ellipsoid":
            return spots_of(lesion, self.index, centre[:2], plane)
        return spots_in_ellipsoid(lesion, self.stack, centre, plane)

    def draw_lesion(self, lesion: Lesion, centre: Floats, plane: int | None) -> None:
        """Draw the outline of a lesion on its section; in the 3D view that of an ellipsoid as three rings."""
        stack = self.layout.stack
        if stack is None or plane is None or stack.mode is not StackMode.SPACE:
            outline = self.lesion_outline(lesion, centre, plane)
            self.draw_outline(np.vstack([outline, outline[:1]]), plane)
            return
        rings = self._rings_of(lesion, centre, plane)[..., ::-1] * (stack.stretch, 1.0, 1.0) / self.layout.step
        self.outline.points = ()
        self.outline.rings = tuple(tuple(map(tuple, ring)) for ring in rings.tolist())

    def _rings_of(self, lesion: Lesion, centre: Floats, plane: int) -> Floats:
        """Return closed lines (k, n, 3; x, y, z) around a lesion: three of an ellipsoid, or its outline."""
        if self.stack is not None and lesion.kind == "ellipsoid":
            return ellipsoid_rings(lesion, self.stack, centre, plane)
        outline = self.lesion_outline(lesion, centre, plane)
        return np.column_stack([np.vstack([outline, outline[:1]]), np.full(len(outline) + 1, centre[2])])[None]

    def size_of(self, lesion: Lesion, centre: Floats, plane: int | None) -> float:
        """Give the mean distance of a lesion's outline from its centre."""
        outline = self.lesion_outline(lesion, centre, plane)
        return max(float(np.linalg.norm(outline - centre[:2], axis=1).mean()), 1e-9)

    def lesion_outline(self, lesion: Lesion, centre: Floats, plane: int | None) -> Floats:
        """Give the outline (n, 2; x, y) of a lesion on its section."""
        if self.stack is None or plane is None or lesion.kind != "ellipsoid":
            return outline_of(lesion, self.index, centre[:2], place=plane)
        return ellipsoid_outline(lesion, self.stack, centre, plane)

    # -- sections of a stack ------------------------------------------------------------------------------------------

    def best_level(self, column: str) -> float | None:
        """Give the drawn z of the section with most known labels of a column; None where the slide is not a stack."""
        stack, slide = self.layout.stack, self.slide
        if stack is None:
            return None
        labels = slide.tissue_of if column == slide.columns.tissue else slide.state_of
        known = np.array([label is not None for label in labels])
        counts = np.bincount(stack.levels.of[known & (stack.levels.of >= 0)], minlength=len(stack.levels))
        return float(stack.heights[stack.shown[np.argmax(counts[stack.shown])]])

    def section_at(self, z: float) -> str:
        """Name the section at a z of napari's slider; "" where it shows none alone."""
        stack = self.layout.stack
        if stack is None or stack.mode is not StackMode.ONE:
            return ""
        name = stack.levels.names[int(np.argmin(np.abs(stack.heights - z)))]
        return name if self.slide.columns.section is None else f"section {name}"

    # -- where the cursor is ------------------------------------------------------------------------------------------

    def locate(self, position: npt.ArrayLike, plane: int | None = None) -> Floats:
        """Give a world position of napari as x, y[, z] in the slide's units; on a section, where it is a stack."""
        drawn = np.asarray(position, dtype=np.float64)[-self.layout.points.shape[1] :][::-1].copy()
        stack = self.layout.stack
        if stack is None:
            return drawn
        return stack.on_slide(drawn, stack.level_at(drawn) if plane is None else plane)

    def plane_at(self, position: npt.ArrayLike) -> int | None:
        """Give the section of a stack at a world position of napari; None where all are drawn as one plane."""
        stack = self.layout.stack
        return None if stack is None else stack.level_at(np.asarray(position, dtype=np.float64)[-3:][::-1])

    @property
    def seen_points(self) -> Floats:
        """Drawn positions (n, d) of the spots that are not hidden, in napari's order of axes."""
        return self.layout.points[self.rows[self._is_shown[self.rows]]]

    def sight(self, direction: npt.ArrayLike) -> Sight:
        """Give which spots are seen in the 3D view along a direction of napari's world: a section has no gaps."""
        along = np.asarray(direction, dtype=np.float64)[-3:][::-1]
        if self._sight is None or not np.allclose(self._sight.direction, along, atol=1e-9):
            points = np.where(self._is_shown[:, None], self.layout.points[:, ::-1], np.nan)
            self._sight = Sight(points, along, _GAPLESS * self.slide.pitch, self.layout.planes)
        return self._sight


def _empty_rings(ndim: int, diameter: float, shared: dict[str, Any]) -> Points:
    rings = Points(
        np.zeros((0, ndim)),
        ndim=ndim,
        name="painted spots",
        size=_RING * diameter,
        symbol="ring",
        face_color=DEFAULT_COLOR,
        border_color="black",
        border_width=0.06,
        blending="translucent_no_depth",
        **shared,
    )
    rings.editable = False
    return rings
