"""Verbs on the patch: paint, undo, and what the painted spots become."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.patches import Patch, Rows, WhatIf
from napari_concert.session.base import SessionBase
from napari_concert.session.whatif import extrapolation, target_warning


class Strokes(SessionBase):
    """Verbs on the patch."""

    @property
    def painted(self) -> Rows:
        """Painted spots of the current slide: sorted rows."""
        return self.current.painting.rows if self.current is not None else np.zeros(0, np.int64)

    @property
    def brush_radius(self) -> float:
        """Radius of the brush in the slide's units: 1.5 pitches until it is set."""
        return self._brush_pitches * (self.slide.pitch if self.slide is not None else 1.0)

    @brush_radius.setter
    def brush_radius(self, radius: float) -> None:
        self._brush_pitches = float(radius) / (self.slide.pitch if self.slide is not None else 1.0)
        self.brush_changed.emit(float(radius))

    def begin_stroke(self, erase: bool = False) -> None:
        """Begin a stroke: one undoable edit. One that is still under way ends first."""
        self.end_stroke()
        self._require_slide().painting.begin(erase)

    def extend_stroke(self, rows: npt.NDArray[np.int64]) -> None:
        """Add spots to the stroke."""
        if self._require_slide().painting.extend(rows):
            self.patch_changed.emit()

    def end_stroke(self) -> None:
        """End the stroke, and predict what it does."""
        if self._require_slide().painting.end():
            self._patch_edited()

    def paint(self, rows: npt.ArrayLike, *, erase: bool = False) -> None:
        """Paint (or erase) some spots, rows or a mask, as one stroke.

        Raises
        ------
        ConcertError
            If the slide has no such rows.
        """
        wanted = Patch(np.asarray(rows))
        WhatIf(wanted).check(self._require_slide().slide.n_spots)
        self.begin_stroke(erase)
        self.extend_stroke(wanted.spots)
        self.end_stroke()

    def undo(self) -> None:
        """Take the last stroke back."""
        self._move(self._require_slide().painting.undo(), "Nothing to undo.")

    def redo(self) -> None:
        """Carry the last undone stroke out again."""
        self._move(self._require_slide().painting.redo(), "Nothing to redo.")

    def clear(self) -> None:
        """Erase all painted spots, as one stroke that can be undone."""
        self._move(self._require_slide().painting.replace([]), "Nothing is painted.")

    def _move(self, changed: bool, otherwise: str) -> None:
        if changed:
            self.patch_changed.emit()
            self._patch_edited()
        else:
            self.notified.emit("info", otherwise)

    def _patch_edited(self) -> None:
        self.target_changed.emit()  # its warnings depend on the spots
        self.predict()
        self._keep_soon()

    @property
    def target(self) -> dict[str, str | float]:
        """What the painted spots become."""
        return self.current.target if self.current is not None else {}

    def set_target(self, attribute: str, value: str | float | None) -> None:
        """Choose what an attribute of the painted spots becomes; None leaves it as observed."""
        current = self._require_slide()
        target = {name: v for name, v in current.target.items() if name != attribute}
        if value is not None:
            target[attribute] = value
        if target != current.target:
            current.target = target
            self.target_changed.emit()
            self.predict()
            self._keep_soon()

    @property
    def extrapolation(self) -> str:
        """Which states the what-if puts into tissue where they were never measured; "" if none."""
        return extrapolation(self.current, self._usable_model()) if self.current is not None else ""

    @property
    def target_warning(self) -> str:
        """Where the what-if asks for more than was measured, in plain words; "" if nowhere."""
        return target_warning(self.current, self._usable_model()) if self.current is not None else ""
