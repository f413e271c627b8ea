"""Verbs that select spots by label, by value, or by growing what is selected."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.patches import Rows
from napari_concert.selection import Mode, in_range, located, smoothed, with_label
from napari_concert.session.patch_list import PatchList

NEIGHBOURS = 1.5  # pitches


class Selecting(PatchList):
    """Verbs that select spots without the mouse; each is one edit of the active patch."""

    def select_label(self, column: str, label: str, mode: Mode = Mode.ADD) -> None:
        """Select all spots with a label of a column.

        Raises
        ------
        ConcertError
            If the slide has no such column, or it has no such label.
        """
        self._select_seen(with_label(self._require_slide().slide.labels(column), label), mode)

    def select_range(
        self, name: str, low: float | None = None, high: float | None = None, mode: Mode = Mode.ADD
    ) -> None:
        """Select all spots whose value lies in a range, the bounds included.

        Parameters
        ----------
        name
            A gene (counts at the median depth) or a column of numbers.
        low, high
            Bounds; None leaves a side open.

        Raises
        ------
        ConcertError
            If the slide has neither such a gene nor such a column.
        """
        slide = self._require_slide().slide
        is_column = name in slide.adata.obs and name not in slide.genes
        values = slide.values(name) if is_column else slide.normalised(name)
        self._select_seen(in_range(values, low, high), mode)

    def grow(self, by: float) -> None:
        """Add all spots within a distance (in the slide's units) of the active patch."""
        self._become(self._require_slide().index.grow(self._active_rows(), by))

    def shrink(self, by: float) -> None:
        """Take away spots of the active patch that lie within a distance of a spot outside it."""
        self._become(self._require_slide().index.shrink(self._active_rows(), by))

    def smooth(self) -> None:
        """Let each spot follow most of its neighbours: bumps go, small holes close."""
        current = self._require_slide()
        self._become(smoothed(current.index, self._active_rows(), NEIGHBOURS * current.slide.pitch))

    def surround(self, by: float) -> None:
        """Let the active patch become its surroundings: all spots within a distance that are not in it."""
        self._become(self._require_slide().index.ring(self._active_rows(), by))

    def perturb_surroundings(self, by: float) -> None:
        """Perturb the niche, read the core: the patch's surroundings become its target, and itself stays as observed.

        Two patches are left: the core, which stays the active one and is what tables read, and its surroundings.
        """
        current = self._require_slide()
        painting = self._settled()
        if painting.active is None or not len(painting.rows):
            self.notified.emit("info", "Paint a core first; then its surroundings can be perturbed.")
            return
        ring = current.index.ring(painting.rows, by)
        if not len(ring):
            self.notified.emit("info", "No spot lies that near to the patch: choose a larger distance.")
            return
        painting.perturb_around(painting.active, ring)
        self._show_edit()

    def region_labels(self) -> npt.NDArray[np.object_]:
        """Return the labels (n_spots,) that tell regions apart: the column that colours the spots, state, or tissue."""
        current = self._require_slide()
        slide, colour = current.slide, current.colour
        if colour is not None and colour.kind == "column" and colour.name in slide.categorical_columns:
            return slide.labels(colour.name)
        return slide.tissue_of if slide.columns.perturbation is None else slide.state_of

    def _select_seen(self, rows: Rows, mode: Mode) -> None:
        """Select spots, but for those that have no place in the picture."""
        self.select(located(self._require_slide().index, rows), mode)

    def _active_rows(self) -> Rows:
        return self._require_slide().painting.rows

    def _become(self, rows: Rows) -> None:
        painting = self._settled()
        if not self._is_locked(painting.active):
            self._move(painting.replace(rows), "This changes no spot.")
