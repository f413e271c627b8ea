"""Painted spots of one slide and their undo history; a stroke is one edit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.patches import Difference, History, Rows


class Painting:
    """A mask of painted spots that is edited by strokes.

    Parameters
    ----------
    n_spots
        Spots of the slide.
    """

    def __init__(self, n_spots: int) -> None:
        self._mask = np.zeros(n_spots, dtype=bool)
        self._before: npt.NDArray[np.bool_] | None = None
        self._erase = False
        self._rows: Rows | None = None
        self.history = History()

    @property
    def rows(self) -> Rows:
        """Painted spots: sorted 0-based rows."""
        if self._rows is None:
            self._rows = np.flatnonzero(self._mask).astype(np.int64)
        return self._rows

    @property
    def in_stroke(self) -> bool:
        """Whether a stroke is under way."""
        return self._before is not None

    def begin(self, erase: bool) -> None:
        """Begin a stroke; one that is still under way ends first."""
        self.end()
        self._before, self._erase = self._mask.copy(), erase

    def extend(self, rows: npt.NDArray[np.int64]) -> bool:
        """Paint or erase spots as part of the stroke, if one is under way; return whether any changed."""
        wanted = not self._erase
        if not self.in_stroke or not (self._mask[rows] != wanted).any():
            return False
        self._mask[rows] = wanted
        self._rows = None
        return True

    def end(self) -> bool:
        """End the stroke and record it as one edit; return whether it changed anything."""
        if self._before is None:
            return False
        difference = Difference.between(self._before, self._mask)
        self._before = None
        self.history.push(difference)
        return not difference.is_empty

    def replace(self, rows: npt.ArrayLike) -> bool:
        """Paint exactly ``rows``, as one edit; return whether anything changed."""
        self.begin(erase=False)
        self._mask[:] = False
        self._mask[np.asarray(rows, dtype=np.int64)] = True
        self._rows = None
        return self.end()

    def undo(self) -> bool:
        """Take the last edit back; return whether there was one."""
        self.end()
        return self._apply(self.history.undo())

    def redo(self) -> bool:
        """Carry the last undone edit out again; return whether there was one."""
        self.end()
        return self._apply(self.history.redo())

    def _apply(self, difference: Difference | None) -> bool:
        if difference is None:
            return False
        difference.apply(self._mask)
        self._rows = None
        return True
