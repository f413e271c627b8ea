"""One slide as napari layers: its spots, coloured by values, and a ring around each painted spot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from napari.layers import Points

from napari_concert.brush import SpotIndex
from napari_concert.patches import DEFAULT_COLOR
from napari_concert.ui.colours import NO_VALUE, Rgba, category_colours, colormap
from napari_concert.ui.layout import lay_out
from napari_concert.ui.outline import OutlineOverlay
from napari_concert.ui.reach_overlay import ReachOverlay
from napari_concert.ui.spots import SpotsLayer, layer_units, show_colours, show_values

if TYPE_CHECKING:
    from napari_concert.session import ShownValues
    from napari_concert.slide import Slide

Rows: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]

# ring of a painted spot, in spot diameters; its inner half is open, so that the spot's colour stays visible
_RING = 1.55


class SlideScene:
    """The layers of a slide, and what is needed to colour, mark and find its spots.

    Attributes
    ----------
    spots, rings
        Points layers. The rings hold the painted spots only.
    layout, index
        Where spots are drawn, and queries by drawn position: (x, y[, z]) in the slide's units.
    """

    def __init__(self, slide: Slide) -> None:
        self.slide = slide
        self.layout = lay_out(slide)
        self.index = SpotIndex(self.layout.points[:, ::-1], self.layout.planes)
        self.rows = self.layout.rows
        self._data = self.layout.data
        self._position = np.full(slide.n_spots, -1, np.int64)
        self._position[self.rows] = np.arange(len(self.rows))
        self._ringed: Rows = np.zeros(0, np.int64)
        self._ring_colours: Rgba = np.zeros((0, 4), np.float32)
        self._edge = "black"
        ndim = self._data.shape[1]
        shared: dict[str, Any] = {
            "scale": self.layout.step,
            "units": layer_units(slide.units.name, ndim),
            "axis_labels": ("z", "y", "x")[-ndim:],
        }
        # napari takes point sizes in units of the last axis, whose step is 1
        self.spots = SpotsLayer(self._data, diameter=slide.spot_diameter, name=slide.name, **shared)
        self.rings = _empty_rings(ndim, slide.spot_diameter, shared)
        self.outline, self.reach = OutlineOverlay(), ReachOverlay()
        self.spots._overlays["concert_outline"] = self.outline  # noqa: SLF001 - napari has no public way yet
        self.spots._overlays["concert_reach"] = self.reach  # noqa: SLF001
        self._levels = np.unique(self.layout.points[self.rows, 0]) if ndim == 3 else None
        # for each drawn spot of a stack, which section along z it lies on
        self._level_of = (
            None if self._levels is None else np.searchsorted(self._levels, self.layout.points[self.rows, 0])
        )

    def adopt(self, slide: Slide) -> bool:
        """Take in the same slide read otherwise, if its spots stay where they are; give whether they do."""
        same = slide is self.slide or (
            slide.fingerprint == self.slide.fingerprint
            and slide.units == self.slide.units
            and self.layout.is_like(lay_out(slide))
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
        ringed = self._position[painted]
        colours, ringed = colours[ringed >= 0], ringed[ringed >= 0]
        if np.array_equal(ringed, self._ringed) and np.array_equal(colours, self._ring_colours):
            return False
        self._ringed, self._ring_colours = ringed, colours
        # without the event the viewer does not recompute its extent, which the rings cannot change
        with self.rings.events.data.blocker():
            self.rings.data = self._data[ringed]
        if len(colours):
            self.rings.face_color = colours
        return True

    def set_off_rings(self, dark: bool) -> None:
        """Give the rings an edge that sets them off from the spots, and is not seen on a dark or light canvas."""
        edge = "black" if dark else "white"
        if self._edge != edge:
            self._edge = edge
            self.rings.current_border_color = edge  # of rings to come
            if len(self.rings.data):
                self.rings.border_color = edge

    def draw_outline(self, points: Floats | None) -> None:
        """Draw a line through points (n, 2 or more; x, y in the slide's units) on the slide, or none."""
        if points is None:
            self.outline.points = ()
        else:
            self.outline.points = tuple(map(tuple, self._drawn(points).tolist()))

    def show_reach(self, outline: Floats | None) -> None:
        """Show a closed line (n, 2; x, y in the slide's units, seen from its middle) as a dotted ring, or none."""
        if outline is not None:
            self.reach.points = tuple(map(tuple, self._drawn(outline).tolist()))
        self.reach.visible = outline is not None

    def move_reach(self, point: Floats) -> None:
        """Put the middle of the dotted ring at a point (x, y[, z] in the slide's units)."""
        row, column = self._drawn(point[None])[0].tolist()
        self.reach.centre = (row, column)

    def _drawn(self, points: Floats) -> Floats:
        """Return points (n, 2 or more; x, y in the slide's units) as (row, column) of the layers."""
        return np.asarray(points[:, 1::-1] / np.asarray(self.layout.step)[-2:], dtype=np.float64)

    # -- sections of a stack ------------------------------------------------------------------------------------------

    def best_level(self, column: str) -> float | None:
        """Give the z of the section with most known labels of a column; None where the slide is not a stack."""
        if self._levels is None or self._level_of is None or not len(self._levels):
            return None
        slide = self.slide
        labels = slide.tissue_of if column == slide.columns.tissue else slide.state_of
        known = np.array([label is not None for label in labels[self.rows]])
        return float(self._levels[np.argmax(np.bincount(self._level_of[known], minlength=len(self._levels)))])

    def section_at(self, z: float) -> str:
        """Name the section at a z of napari's slider; "" if no column tells sections, or the slide is not a stack."""
        column = self.slide.columns.section
        if self._levels is None or not len(self._levels) or column is None:
            return ""
        here = self.rows[self._level_of == np.argmin(np.abs(self._levels - z))]
        names = sorted({str(name) for name in self.slide.labels(column)[here] if name is not None})
        return f"section {', '.join(names)}" if names else ""

    # -- where the cursor is ------------------------------------------------------------------------------------------

    def locate(self, position: npt.ArrayLike) -> Floats:
        """Give a world position of napari as x, y[, z] in the slide's units, on the nearest section along z."""
        point = np.asarray(position, dtype=np.float64)[-self.layout.points.shape[1] :][::-1].copy()
        if self._levels is not None and len(self._levels):
            point[2] = self._levels[np.argmin(np.abs(self._levels - point[2]))]
        return point

    def plane_at(self, point: Floats) -> int | None:
        """Give the section that a stroke at ``point`` touches; None where all sections are drawn side by side."""
        return None if self._levels is None else int(np.searchsorted(self._levels, point[2]))


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
