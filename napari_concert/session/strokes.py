"""Verbs on the active patch: paint, select, undo, and what its spots become."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.patches import Patch, Rows, Target, WhatIf
from napari_concert.selection import Mode, combine
from napari_concert.session.painting import Painting
from napari_concert.session.preferring import Preferring
from napari_concert.session.whatif import extrapolation, target_warning

LOCKED = "{} is locked: unlock it in the list of patches to change its spots."


class Strokes(Preferring):
    """Verbs on the active patch."""

    @property
    def painted(self) -> Rows:
        """Spots of all patches of the current slide that are not hidden: sorted rows."""
        return self.current.painting.painted if self.current is not None else np.zeros(0, np.int64)

    @property
    def brush_radius(self) -> float:
        """Radius of the brush in the slide's units: 1.5 pitches until it is set."""
        return self.preferences.brush * (self.slide.pitch if self.slide is not None else 1.0)

    @brush_radius.setter
    def brush_radius(self, radius: float) -> None:
        self.prefer(brush=float(radius) / (self.slide.pitch if self.slide is not None else 1.0))
        self.brush_changed.emit(float(radius))

    def begin_stroke(self, erase: bool = False) -> None:
        """Begin a stroke on the active patch: one undoable edit. One that is still under way ends first."""
        painting = self._settled()
        self._live_failing = False
        if not self._is_locked(painting.active):
            painting.begin(erase)

    def extend_stroke(self, rows: npt.NDArray[np.int64]) -> None:
        """Add spots to the stroke, and predict what it does while it goes on."""
        if self._require_slide().painting.extend(rows):
            self.patch_changed.emit()
            self.predict_live()
            self._keep_soon()

    def end_stroke(self) -> None:
        """End the stroke, and predict what it does."""
        if self._require_slide().painting.end():
            self._patch_edited()

    def paint(self, rows: npt.ArrayLike, *, erase: bool = False) -> None:
        """Paint (or erase) some spots, rows or a mask, as one stroke on the active patch.

        Raises
        ------
        ConcertError
            If the slide has no such rows.
        """
        self.select(rows, Mode.SUBTRACT if erase else Mode.ADD)

    def select(self, rows: npt.ArrayLike, mode: Mode = Mode.ADD) -> None:
        """Combine the spots of the active patch with others, rows or a mask, as one edit.

        Raises
        ------
        ConcertError
            If the slide has no such rows.
        """
        painting, wanted = self._settled(), Patch(np.asarray(rows))
        WhatIf(wanted).check(painting.n_spots)
        if not self._is_locked(painting.active) and painting.replace(combine(painting.rows, wanted.spots, mode)):
            self._show_edit()

    def undo(self) -> None:
        """Take the last edit back."""
        self._move(self._settled().undo(), "Nothing to undo.")

    def redo(self) -> None:
        """Carry the last undone edit out again."""
        self._move(self._settled().redo(), "Nothing to redo.")

    def clear(self) -> None:
        """Erase all spots of the active patch, as one edit that can be undone."""
        painting = self._settled()
        if not self._is_locked(painting.active):
            self._move(painting.replace([]), "Nothing is painted.")

    def _settled(self) -> Painting:
        """Return the current slide's painting; a stroke that is under way ends, and is predicted."""
        self.end_stroke()
        return self._require_slide().painting

    def _is_locked(self, *keys: int | None) -> bool:
        """Return whether one of some patches is locked, and say so."""
        painting = self._require_slide().painting
        for key in keys:
            if key in painting.keys and painting.patch(key).locked:
                self.notified.emit("info", LOCKED.format(painting.patch(key).name))
                return True
        return False

    def _move(self, changed: bool, otherwise: str) -> None:
        if changed:
            self._show_edit()
        else:
            self.notified.emit("info", otherwise)

    def _show_edit(self) -> None:
        self.patch_changed.emit()
        self._patch_edited()

    def _patch_edited(self) -> None:
        self.target_changed.emit()  # its warnings depend on the spots
        self.predict()
        self._keep_soon()

    @property
    def target(self) -> Target:
        """What the spots of the active patch become."""
        return self.current.target if self.current is not None else {}

    def set_target(self, attribute: str, value: str | float | None) -> None:
        """Choose what an attribute of the active patch becomes; None leaves it as observed."""
        painting = self._require_slide().painting
        target = {name: v for name, v in self.target.items() if name != attribute}
        if value is not None:
            target[attribute] = value
        if target == dict(self.target):
            return
        painting.target = target
        if painting.active is not None:
            painting.restyle(painting.active, target=target)
        self._patch_edited()

    @property
    def extrapolation(self) -> str:
        """Which states the what-if puts into tissue where they were never measured; "" if none."""
        return extrapolation(self.current, self._usable_model()) if self.current is not None else ""

    @property
    def target_warning(self) -> str:
        """Where the what-if asks for more than was measured, in plain words; "" if nowhere."""
        return target_warning(self.current, self._usable_model()) if self.current is not None else ""
