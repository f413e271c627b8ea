"""The current slide of a session in a napari viewer: its layers, and what is written on the picture."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_concert.session.shown import CUT_OFF, View
from napari_concert.ui.captions import caption_with_note, shortened, title_detail
from napari_concert.ui.cell_grid import FULL
from napari_concert.ui.colours import is_dark, patch_colours
from napari_concert.ui.framing import Framing
from napari_concert.ui.hover import describe_spot
from napari_concert.ui.overlays import PictureText
from napari_concert.ui.scene import SlideScene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari import Viewer

    from napari_concert.session import Session, ShownValues
    from napari_concert.session.comparison import Comparison
    from napari_concert.ui.colours import Rgba

_FRAME = 25  # ms that rings of a stroke wait: the canvas draws once for many moves, and for the values with them
_IN_CELL = 22  # letters: a longer word would run into the next cell
_ROOM = 0.93  # the slide leaves a margin for what is written on the picture

log = logging.getLogger(__name__)


class SlideLayers:
    """Draws a session's current slide, and follows the session's signals.

    Attributes
    ----------
    scene
        The slide's layers, or None while no slide is open.
    framing
        Fits sections into the canvas.
    drawn
        Emitted with "slide", "values" or "patch" after each change of the picture; for timing.
    """

    drawn = Signal(str)

    def __init__(self, viewer: Viewer, session: Session) -> None:
        self.viewer = viewer
        self.session = session
        self.text = PictureText(viewer)
        self.framing = Framing(viewer, self.text)
        self.scene: SlideScene | None = None
        self._shown: ShownValues | None = None
        self._reach_note, self._instead = "", ""
        self._legend: tuple[str, Sequence[str], Rgba] = ("", (), np.zeros((0, 4), np.float32))
        self._soon = QTimer()
        self._soon.setSingleShot(True)
        self._soon.setInterval(_FRAME)
        self._soon.timeout.connect(self._show_patch)
        self._links = [
            (session.slide_changed, self._show_slide),
            (session.columns_changed, self._show_slide),
            (session.shown_changed, self._show_values),
            (session.prediction_changed, self._show_values),
            (session.truth_changed, self._show_true),
            (session.live_changed, self._show_live),
            (session.patch_changed, self._follow_patch),
            (session.target_changed, self._follow_target),
            (session.model_changed, self._follow_target),
            (session.compared_changed, self._show_texts),
        ]
        self._moved = (viewer.dims.events.current_step, viewer.dims.events.ndisplay)
        for signal, slot in self._links:
            signal.connect(slot)
        viewer.layers.events.removed.connect(self._on_layer_removed)
        for moved in self._moved:
            moved.connect(self.show_caption)
        viewer.canvas.events.background_color.connect(self._show_values)
        self._show_slide()

    def close(self) -> None:
        """Stop following the session; the layers stay in the viewer."""
        self._soon.stop()
        for signal, slot in self._links:
            signal.disconnect(slot, missing_ok=True)
        self.viewer.layers.events.removed.disconnect(self._on_layer_removed)
        for moved in self._moved:
            moved.disconnect(self.show_caption)
        self.viewer.canvas.events.background_color.disconnect(self._show_values)
        self.framing.close()
        self.text.close()
        self.scene = None

    # -- following the session ----------------------------------------------------------------------------------------

    def _show_slide(self, *_: object) -> None:
        slide = self.session.slide
        if slide is not None and self.scene is not None and self.scene.adopt(slide):
            self._show_values()
            return
        self._remove_layers()
        self._shown = None
        if slide is not None:
            self._add_layers(SlideScene(slide, self.session.stack_view, self.session.hidden_levels))
            self._show_values()
            self._show_patch()
            log.debug("Showing %d spots of %s", slide.n_spots, slide.name)
        self._show_texts()
        self.drawn.emit("slide")

    def _show_values(self, *_: object) -> None:
        """Colour the spots by what the session shows now."""
        if self.scene is None or self.session.slide is not self.scene.slide:
            return
        self._shown = self.session.values()
        dark = is_dark(self.viewer.canvas.background_color)
        self.scene.set_off_rings(dark)
        names, colours = self.scene.colour(self._shown, dark)
        self._legend = self._shown.label, names, colours
        self._show_texts()
        self.drawn.emit("values")

    def _follow_target(self, *_: object) -> None:
        """Warn of another target or model; a cut-off is one of the state that is painted, and changes with it."""
        if self.session.colour == CUT_OFF:
            self._show_values()
        else:
            self._show_texts()

    def _show_live(self, *_: object) -> None:
        """Colour the spots by the answer to a stroke that goes on, with the rings that wait to be drawn."""
        if self._soon.isActive():
            self._soon.stop()
            self._show_patch()
        self._show_values()

    def _show_true(self, *_: object) -> None:
        """Colour the spots by the truth, or by what shares its limits."""
        if self.session.view in (View.CHANGE, View.TRUTH):
            self._show_values()

    def _follow_patch(self, *_: object) -> None:
        """Mark the painted spots; those of a stroke that goes on with the next frame, as moves come faster."""
        current = self.session.current
        if current is None or not current.painting.in_stroke:
            self._soon.stop()
            self._show_patch()
        elif not self._soon.isActive():
            self._soon.start()

    def _show_patch(self, *_: object) -> None:
        """Mark the painted spots in the colours of their patches; nothing else is redrawn."""
        if self.scene is None or self.session.current is None or self.session.slide is not self.scene.slide:
            return
        painting = self.session.current.painting
        owner, hexes = painting.owner, {key: painting.patch(key).color for key in painting.keys}
        rows = np.flatnonzero(owner >= 0)
        if self.scene.mark(rows, patch_colours(owner[rows], hexes, painting.active)):
            self.show_caption()
            self.drawn.emit("patch")

    def _show_texts(self, *_: object) -> None:
        """Say on the picture what is shown, what is painted, and what to doubt."""
        shown = self._shown
        if self._instead:
            return
        if self.scene is None or shown is None:
            self.text.clear()
            return
        self.text.set_legend(*self._legend)
        compared = self._compared()
        if compared is not None:  # each cell has its own name
            self.text.set_title("", "")
            self.text.set_warning(" ".join(compared.warnings) or None, _place(compared))
            self.show_caption()
            return
        is_number = shown.kind != "categorical"
        self.text.set_title(shown.label if is_number else "", title_detail(shown) if is_number else "")
        self.text.set_warning(self.session.extrapolation or None)
        self.show_caption()

    def _compared(self) -> Comparison | None:
        """Return what is shown side by side instead of the slide."""
        current = self.session.current
        return self.session.comparison() if current is not None and current.compared else None

    def show_caption(self, *_: object) -> None:
        """Say which section is seen, and what is painted."""
        if self._instead:
            return
        compared = self._compared()
        if self.scene is not None and compared is not None:
            what = f"{shortened(compared.name, _IN_CELL)}: {compared.shown[0][1].unit}"
            lines = what, compared.note, "a model's extrapolation, not a proven cause"
            self.text.set_caption("\n".join(line for line in lines if line), _place(compared))
        elif self.scene is not None:
            note = self._shown.note if self._shown is not None else ""
            said = caption_with_note(self.scene.slide, self.session.patches, note)
            self.text.set_caption("\n".join(line for line in (self._section(), said, self._reach_note) if line))

    def tell_instead(
        self, text: str, names: Sequence[str] = (), colours: Rgba | None = None, place: str = "bottom_left"
    ) -> None:
        """Say something else while the slide is out of sight, with a legend; "" tells of the slide again."""
        if text == self._instead:
            return
        self._instead = text
        if not text:
            self._show_texts()
            return
        self.text.clear()
        self.text.set_caption(text, place)
        self.text.set_legend("", names, np.zeros((0, 4), np.float32) if colours is None else colours)

    def set_reach_note(self, text: str) -> None:
        """Say on the picture what the dotted ring is; "" where there is none."""
        if text != self._reach_note:
            self._reach_note = text
            self.show_caption()

    def _section(self) -> str:
        """Name the section of a stack that the slider shows; nothing in the 3D view, which shows all."""
        dims = self.viewer.dims
        if self.scene is None or dims.ndisplay >= dims.ndim:  # more, for a moment, where a flat slide is shown in 3D
            return ""
        return self.scene.section_at(dims.point[-3])

    # -- layers -------------------------------------------------------------------------------------------------------

    def _add_layers(self, scene: SlideScene) -> None:
        self.scene = scene
        scene.spots.describe = self._describe
        self.viewer.add_layer(scene.spots)
        self.viewer.add_layer(scene.rings)
        self.viewer.layers.selection.active = scene.spots
        self.viewer.canvas.overlays.scale_bar.visible = self.session.preferences.shows_scale_bar
        self._choose_section(scene)
        self.viewer.reset_view()
        self.viewer.scene.camera.zoom *= _ROOM

    def _choose_section(self, scene: SlideScene) -> None:
        """Move the slider of a stack to the section of which most is known."""
        colour = self.session.colour
        level = scene.best_level(colour.name if colour is not None else "")
        if level is not None:
            self.viewer.dims.set_point(self.viewer.dims.ndim - 3, level)

    def _remove_layers(self) -> None:
        scene, self.scene = self.scene, None
        for layer in (scene.rings, scene.spots, scene.notes) if scene is not None else ():
            if layer is not None and layer in self.viewer.layers:
                self.viewer.layers.remove(layer)

    def _on_layer_removed(self, event: Any) -> None:
        """Act on a layer of ours that the user deleted, once napari is done with deleting."""
        if self.scene is not None and event.value in (self.scene.spots, self.scene.rings):
            QTimer.singleShot(0, self._mend)

    def _mend(self) -> None:
        """Close the slide whose spots were deleted; bring rings back that were deleted."""
        scene = self.scene
        if scene is None:
            return
        if scene.spots not in self.viewer.layers:
            self._close_slide(scene.slide.name)
        elif scene.rings not in self.viewer.layers:
            self.viewer.layers.insert(self.viewer.layers.index(scene.spots) + 1, scene.rings)
            self.viewer.layers.selection.active = scene.spots

    def _close_slide(self, name: str) -> None:
        kept = "; what you painted is kept" if self.session.autosave is not None else ""
        self.session.close_slide()
        self.session.notified.emit("info", f"{name} was closed{kept}. Open it again in step 1.")

    def _describe(self, index: int) -> list[str]:
        """Say what hovering over a spot of the layer shows."""
        if self.scene is None or index >= len(self.scene.rows):
            return []
        return describe_spot(self.scene.slide, int(self.scene.rows[index]), self._shown, self.session.painted)


def _place(compared: Comparison) -> str:
    """Return where texts go beside compared cells: into the last one where that is empty, or below all."""
    return "bottom_left" if len(compared.shown) == FULL else "bottom_right"
