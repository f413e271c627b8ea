"""Verbs on spots that were never measured: fill a hole, make the tissue denser, predict where a table says."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_concert import io
from napari_concert.session import saving
from napari_concert.session.filled import Filled, Swept, filling
from napari_concert.session.new_spots import PredictedSpots
from napari_concert.session.shown import View
from napari_concert.session.strokes import Strokes
from napari_concert.slide.filling import (
    Area,
    Places,
    area_of_outline,
    area_of_stroke,
    areas_of_spots,
    densify,
    fill_hole,
    gaps_in,
)

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.patches import WhatIf
    from napari_concert.session.predicted import Predicted
    from napari_concert.session.shown import ShownValues
    from napari_concert.session.workspace import Workspace

KIND = "filled"
NO_MODEL = "A model predicts where nothing was measured: train or load one first (step 2)."
NO_HOLE = "There is no hole yet: paint damaged spots, or draw the brush over a gap in the tissue."
IS_HOLE = "{} is a hole now: its spots stay in the state they were observed in, {}."
LEFT_OUT, TRUSTED = "and what was counted there is left out", "and gaps between them are filled"


class Filling(PredictedSpots, Strokes):
    """Verbs on predicted spots within sections.

    Attributes
    ----------
    filled_changed
        Some are being predicted, were predicted, or are gone.
    hole_changed
        A tool was drawn over the slide, or that was taken back.
    """

    filled_changed = Signal()
    hole_changed = Signal()

    # -- the hole -----------------------------------------------------------------------------------------------------

    def sweep(self, path: npt.ArrayLike, radius: float, plane: int) -> None:
        """Take note that a brush was drawn over a plane: gaps that it swept belong to the hole.

        Parameters
        ----------
        path
            (k, 2 or more) x, y in the slide's units.
        radius
            Of the brush, in the slide's units.
        plane
            One of ``slide.planes``.
        """
        self._sweep(area_of_stroke(plane, path, radius))

    def enclose(self, corners: npt.ArrayLike, plane: int) -> None:
        """Take note that an outline (k, 2 or more) was drawn on a plane: gaps in it belong to the hole."""
        points = np.asarray(corners, dtype=np.float64)[:, :2]
        if len(points) > 2:
            from shapely import Polygon

            self._sweep(area_of_outline(self._require_slide().slide, plane, Polygon(points)))

    def _sweep(self, area: Area) -> None:
        from shapely import contains_xy

        current = self._require_slide()
        here = current.slide.planes == area.plane
        is_bare = not contains_xy(area.outline, *current.slide.coords[here, :2].T).any()
        without_spots = Area(area.plane, area.outline, np.zeros(0, np.int64))  # those of it are the patch's
        current.swept.append(Swept(current.painting.active, without_spots, is_bare))
        self._look_for_gaps()

    def undo(self) -> None:
        """Take the last edit back; a stroke that met no spot is one, too."""
        own = self._swept()
        if own:
            self._require_slide().swept.remove(own[-1])
            self._look_for_gaps()
        if not own or not own[-1].is_bare:
            super().undo()

    def clear(self) -> None:
        """Erase all spots of the active patch, and where tools were drawn for it."""
        for each in self._swept():
            self._require_slide().swept.remove(each)
        self._look_for_gaps()
        super().clear()

    def _swept(self) -> list[Swept]:
        """Return where tools were drawn for the active patch."""
        if self.current is None:
            return []
        painting = self.current.painting
        return [each for each in self.current.swept if each.patch in (painting.active, None)]

    def _look_for_gaps(self) -> None:
        """Find the places of new spots that were swept, in the background."""
        current, areas = self._require_slide(), [each.area for each in self._swept()]
        self.jobs.submit(
            "gaps",
            partial(gaps_in, current.slide, areas),
            lane="gaps",
            latest=True,
            on_done=partial(self._gaps_found, current),
            on_error=self._failed,
        )

    def _gaps_found(self, workspace: Workspace, places: Places | None) -> None:
        workspace.gaps = places
        self.hole_changed.emit()

    @property
    def hole(self) -> tuple[int, int]:
        """How many spots are painted in the hole, and how many places tools were drawn over where there is none."""
        if self.current is None:
            return 0, 0
        return len(self.current.painting.rows), 0 if self.current.gaps is None else len(self.current.gaps)

    # -- predicting ---------------------------------------------------------------------------------------------------

    @property
    def is_filling(self) -> bool:
        """Whether spots are being predicted."""
        return self._awaited[KIND] > 0

    @property
    def filled(self) -> Filled | None:
        """The predicted spots of the current slide, those of a section in between left out."""
        found = self.current.predicted.get(KIND) if self.current is not None else None
        return found if isinstance(found, Filled) else None

    @property
    def no_filling(self) -> str:
        """Why nothing can be predicted, and what to do; "" if it can."""
        return NO_MODEL if self.model is None else self.model_problem

    def fill_hole(self, *, gaps_only: bool = False) -> None:
        """Predict what lies in the hole: the active patch, and gaps over which tools were drawn for it.

        Its spots are not trusted: what was counted there is left out, and they are predicted anew. The patch becomes
        nothing else from now on.

        Parameters
        ----------
        gaps_only
            Trust its spots, and fill only gaps between them.
        """
        current = self._require_slide()
        if self.hole == (0, 0):
            self.notified.emit("info", NO_HOLE)
        elif self._may_fill():
            slide, rows, swept = current.slide, current.painting.rows, [each.area for each in self._swept()]
            self._become_hole(current, TRUSTED if gaps_only else LEFT_OUT)

            def find() -> Places:
                return fill_hole(slide, [*areas_of_spots(slide, rows), *swept], gaps_only=gaps_only)

            self._fill(find, "filled hole")

    def densify(self, times: int) -> None:
        """Predict spots between the measured ones, until they are so many times as dense."""
        slide = self._require_slide().slide
        if self._may_fill():
            self._fill(partial(densify, slide, times), f"{times} × as dense")

    def predict_at(self, path: str | Path) -> None:
        """Predict at the positions of a .csv (see :func:`napari_concert.io.read_positions`)."""
        slide = self._require_slide().slide
        if self._may_fill():
            self._fill(lambda: Places(slide, io.read_positions(path)), Path(path).name)

    def stop_filling(self) -> None:
        """Give the prediction up; spots that were there stay."""
        self.jobs.cancel(KIND)

    def forget_filled(self) -> None:
        """Take the predicted spots away."""
        self._forget(KIND)

    def filled_values(self, shown: ShownValues) -> ShownValues | None:
        """Return what the predicted spots show where the measured spots show ``shown``; None where there are none."""
        return self._values_of(KIND, shown)

    def save_filled(self, path: str | Path, *, join: bool = False) -> None:
        """Save the predicted spots as .h5ad; with ``join`` after the measured ones."""
        if self.filled is None:
            self.notified.emit("error", "There are no predicted spots to save; fill a hole first.")
            return
        self._save("predicted spots", partial(saving.filled, path, self.filled, join=join), Path(path))

    def _made(self, kind: str, workspace: Workspace, spots: Predicted) -> None:
        """Take in predicted spots; new ones are shown, whatever was seen before."""
        before = workspace.predicted.get(kind)
        super()._made(kind, workspace, spots)
        is_new = before is None or before.places is not spots.places
        if kind == KIND and is_new and workspace is self.current and self.filled is spots:
            unseen = not spots.are_in(self.view) or (self.view is View.CHANGE and spots.what_if.is_empty)
            self.show_view(View.PREDICTED if unseen else self.view)

    def _may_fill(self) -> bool:
        if self._usable_model() is None:
            self.notified.emit("error", self.no_filling)
        return self._usable_model() is not None

    def _become_hole(self, workspace: Workspace, meaning: str) -> None:
        painting = workspace.painting
        patch = painting.current
        if patch is not None and painting.active is not None and patch.target:
            painting.restyle(painting.active, target={})
            self.notified.emit("info", IS_HOLE.format(patch.name, meaning))
            self._show_edit()

    def _fill(self, find: Callable[[], Places], how: str) -> None:
        current, model = self._require_slide(), self._usable_model()
        assert model is not None
        slide = current.slide

        def work(model: Concert, what_if: WhatIf) -> Generator[None, None, Filled]:
            return filling(model, slide, find, how, what_if)

        self._make(KIND, current, model, work)
