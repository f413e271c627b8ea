"""A predicted section between two measured ones: a layer of squares, coloured as the spots are, that says what it is.

In the 3D view it lies at its height. Where sections lie flat it stands beside the tissue, at every position of the
slider: measured and predicted are seen together, and no tool takes it for a section that was measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QTimer

from napari_concert.session.section_between import NOTHING, SectionBetween
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.captions import format_number
from napari_concert.ui.colours import NO_VALUE, category_colours, colormap, is_dark
from napari_concert.ui.spots import SpotsLayer, layer_units, show_colours, show_values

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session, ShownValues
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.layout import StackLayout
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]

TEXT_SIZE = 11  # points
_GAP = 0.08  # between the tissue and the predicted section, as a share of its width
_BESIDE = 0.5  # of its width: from its right end to the middle of the words, in space
_BELOW = 0.7  # of the pitch: from the lowest spots to the words
_INK = {True: "white", False: "black"}


class BetweenLayer:
    """Draws a session's predicted section, and follows what the spots show.

    Attributes
    ----------
    layer
        Its squares; None while there is none.
    """

    def __init__(self, viewer: Viewer, session: Session, layers: SlideLayers) -> None:
        self.viewer, self.session, self.layers = viewer, session, layers
        self.layer: SpotsLayer | None = None
        self._section: SectionBetween | None = None
        self._scene: SlideScene | None = None
        self._shown: ShownValues | None = None
        self._words = ""
        session.between_changed.connect(self._show)
        session.stack_changed.connect(self._show_elsewhere)
        layers.drawn.connect(self._follow)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        self._show()

    def close(self) -> None:
        """Stop following the session."""
        self.session.between_changed.disconnect(self._show, missing_ok=True)
        self.session.stack_changed.disconnect(self._show_elsewhere, missing_ok=True)
        self.layers.drawn.disconnect(self._follow, missing_ok=True)
        self.viewer.layers.events.removed.disconnect(self._on_layer_removed)

    # -- following the session ----------------------------------------------------------------------------------------

    def _follow(self, what: str) -> None:
        """Go with the slide or with what its spots show."""
        if what == "slide":
            self._show()
        elif what == "values":
            self._colour()

    def _show(self) -> None:
        """Draw the section there is now: anew only if its places are new."""
        section, scene = self.session.section_between, self.layers.scene
        if section is None or scene is None or scene.layout.stack is None:
            self._remove()
        elif self.layer is None or self._scene is not scene or not _is_alike(section, self._section):
            self._remove()
            self._add(section, scene)
        self._section = section
        self._colour()

    def _show_elsewhere(self) -> None:
        """Draw it where the other view of the stack has room for it."""
        if self.layer is not None:
            self._remove()
            self._show()

    def _add(self, section: SectionBetween, scene: SlideScene) -> None:
        points = self._places(section, scene)
        ndim = points.shape[1]
        units = layer_units(scene.slide.units.name, ndim)
        self.layer = layer = SpotsLayer(
            points,
            diameter=scene.slide.spot_diameter,
            name=section.name,
            symbol="square",
            units=units,
            axis_labels=("z", "y", "x")[-ndim:],
        )
        layer.describe = self._describe
        scene.spots.elsewhere = self._elsewhere
        self._scene = scene
        active = self.viewer.layers.selection.active
        self.viewer.add_layer(layer)
        self.viewer.layers.selection.active = active
        self._words = ""
        QTimer.singleShot(0, self._look)

    def _write(self, words: str, dark: bool) -> None:
        """Write what it is below the section, in space beside it."""
        layer, section = self.layer, self._section
        if layer is None or section is None:
            return
        if words != self._words:
            self._words, texts, away = words, [""] * len(layer.data), np.zeros(layer.ndim)
            if layer.ndim == 3:  # in space the names of the others are at their left, and napari centres a text
                texts[int(np.argmax(layer.data[:, 2]))] = words
                away[2] = _BESIDE * float(np.ptp(layer.data[:, 2]))
            else:
                texts[_lower_left(layer.data)] = words
                away[0] = _BELOW * section.slide.pitch
            layer.text = {"string": texts, "size": TEXT_SIZE, "anchor": "lower_left", "translation": away}
        layer.text.color = _INK[dark]

    def _look(self) -> None:
        """Show slide and section in full."""
        scene, layer = self.layers.scene, self.layer
        if scene is not None and scene.notes is not None and layer is not None and layer in self.viewer.layers:
            self.layers.framing.fit(scene.spots, scene.notes, layer)

    def _places(self, section: SectionBetween, scene: SlideScene) -> Floats:
        """Return where its spots are drawn: (z, y, x) in the 3D view, (y, x) beside the tissue."""
        stack, drawn = scene.layout.stack, section.coords.copy()
        assert stack is not None
        if stack.mode is StackMode.SPACE:
            drawn[:, 2] *= self.session.stretch
            return drawn[:, ::-1]
        drawn[:, :2] += _beside(stack, drawn[:, :2], _GAP * float(np.ptp(drawn[:, 0])) + 2 * section.slide.pitch)
        return drawn[:, 1::-1]

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _colour(self) -> None:
        layer, section = self.layer, self._section
        if layer is None or section is None or section is not self.session.section_between:
            return
        self._shown = shown = self.session.between_values(self.session.values())
        if shown is None:
            return
        dark = is_dark(self.viewer.canvas.background_color)
        if shown.kind == "categorical":
            show_colours(layer, _category_colours(section, shown))
        else:
            show_values(layer, np.asarray(shown.values, dtype=np.float64), shown.limits, colormap(shown.kind, dark))
            layer.face_colorbar.visible = False  # the spots have the same one
        self._write(caption(section, shown), dark)

    def _elsewhere(self, position: Any, **kwargs: Any) -> list[str]:
        """Say what is under the mouse where no measured spot is."""
        layer = self.layer
        if layer is None or layer not in self.viewer.layers or not layer.visible:
            return []
        return layer.get_lines(position, **kwargs)

    def _describe(self, row: int) -> list[str]:
        section, shown = self._section, self._shown
        return [] if section is None or shown is None else describe(section, row, shown, self.session)

    # -- taking it away -----------------------------------------------------------------------------------------------

    def _remove(self) -> None:
        layer, self.layer = self.layer, None
        if layer is not None and layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def _on_layer_removed(self, event: Any) -> None:
        """Forget a section whose layer the user deleted."""
        if self.layer is not None and event.value is self.layer:
            QTimer.singleShot(0, self.session.forget_section)


def describe(section: SectionBetween, row: int, shown: ShownValues, session: Session) -> list[str]:
    """Give what hovering over a predicted spot shows, one line each."""
    lines = [f"{section.name}: not measured"]
    colour, spots = session.colour, section.spots_of(session.shown_view)
    if shown.kind != "categorical" and np.isfinite(float(shown.values[row])):
        lines.append(f"{shown.label}: {float(shown.values[row]):.4g} {shown.unit}")
    if colour is not None and colour.kind == "gene" and colour.name in spots.genes:
        low, high = map(format_number, spots.interval(row, colour.name))
        lines.append(f"95 % of such spots would count {low} to {high}")
    for role, table in spots.probabilities.items():
        likely = str(table.columns[int(table.iloc[row].argmax())])
        lines.append(f"{getattr(section.slide.columns, role)}: {likely}, by {table.iloc[row].max():.0%} (inferred)")
    return lines


def _is_alike(section: SectionBetween, other: SectionBetween | None) -> bool:
    """Give whether two predictions are of the same places."""
    return other is not None and section.name == other.name and np.array_equal(section.coords, other.coords)


def _category_colours(section: SectionBetween, shown: ShownValues) -> npt.NDArray[np.float32]:
    table = np.concatenate([category_colours(shown.categories, section.slide.columns.unknown), NO_VALUE[None]])
    codes = {name: code for code, name in enumerate(shown.categories)}
    return np.asarray(table[[codes.get(label, -1) for label in shown.values]])


def caption(section: SectionBetween, shown: ShownValues) -> str:
    """Give what is written at the section, a line each."""
    lines = ["predicted,", "not measured", f"z {section.gap.z:g} {section.slide.units.name}"]
    if shown.kind == "uncertainty":
        lines += ["± sd of a count", f"greys {' to '.join(map(format_number, shown.limits))}"]
    elif shown.note == NOTHING:
        lines.append(NOTHING)
    return "\n".join(lines)


def _beside(stack: StackLayout, points: Floats, gap: float) -> Floats:
    """Return how far (x, y) a section is moved: to the right of the tissue, or into the next place of a grid."""
    boxes, low, wide = stack.boxes[stack.shown], points.min(axis=0), float(np.ptp(points[:, 0]))
    right = float(boxes[:, 1, 0].max()) + gap
    if stack.mode is not StackMode.GRID:
        return np.array([right - low[0], 0.0])
    x, y = boxes[-1, 1, 0] + gap, boxes[-1, 0, 1]
    if x + wide > right:
        x, y = boxes[:, 0, 0].min(), boxes[:, 1, 1].max() + gap
    return np.array([x, y]) - low


def _lower_left(points: Floats) -> int:
    """Return the leftmost of the lowest points, as they are drawn."""
    return int(np.lexsort((points[:, -1], -np.round(points[:, -2], 3)))[0])
