"""Verbs on files: save predictions, patches and slides; load patches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy.typing as npt

from napari_concert import io
from napari_concert.errors import ConcertError
from napari_concert.patches import Patch
from napari_concert.session import saving
from napari_concert.session.comparing import Comparing
from napari_concert.session.edits import COLOURS
from napari_concert.session.workspace import Workspace


class Files(Comparing):
    """Verbs on files."""

    def save_prediction(self, path: str | Path) -> None:
        """Save the prediction as .h5ad."""
        if self.result is None:
            self.notified.emit("error", "There is no prediction to save; train a model first.")
            return
        self._save("prediction", partial(saving.prediction, path, self.result), Path(path))

    def save_figure(self, path: str | Path) -> None:
        """Save a figure of the what-if for the shown gene: .png, .pdf or .svg."""
        result, colour = self.result, self.colour
        if result is None:
            self.notified.emit("error", "There is no prediction to draw; train a model first.")
            return
        shown = colour.name if colour is not None and colour.name in result.prediction else None
        self._save("figure", partial(saving.figure, path, result, shown), Path(path))

    def save_patch(self, path: str | Path, only: int | None = None) -> None:
        """Save the patches, in the format that the ending names (see :func:`napari_concert.io.write_patches`).

        Parameters
        ----------
        path
            .geojson, .csv or .txt.
        only
            Key of a patch that is saved alone, as a .txt needs where there are several.
        """
        current = self._require_slide()
        keys = current.painting.keys if only is None else (only,)
        patches = [patch for key in keys if len(patch := current.painting.patch(key))]
        if not patches:
            self.notified.emit("error", "Nothing is painted, so there is no patch to save.")
            return
        self._save("patch", partial(io.write_patches, path, current.slide, patches), Path(path))

    def load_patch(self, path: str | Path) -> None:
        """Add the patches of a file to the list, as one edit; a file that says no targets gets the current one."""
        current = self._require_slide()
        try:
            found = io.read_patches(path, current.slide)
        except ConcertError as error:
            self._failed(error)
            return
        self._add(found)

    def add_shapes(self, shapes: Sequence[io.Shape], drawn: npt.ArrayLike | None = None) -> None:
        """Add what drawn shapes enclose to the list of patches, as one edit.

        Parameters
        ----------
        shapes
            As :func:`napari_concert.io.patches_of_shapes` reads them. Where none says a target, the patches get the
            current one; where none says a colour, those that are used least.
        drawn
            (n_spots, d) where the spots are drawn, if that is elsewhere than their coordinates.
        """
        current = self._require_slide()
        colours = sorted(COLOURS, key=[patch.color for patch in current.painting.patches].count)
        work = partial(io.patches_of_shapes, shapes, current.slide, drawn=drawn, colours=colours)
        self._run("shapes", work, "Reading the shapes …", on_done=partial(self._shapes_read, current, len(shapes)))

    def _shapes_read(self, workspace: Workspace, shapes: int, found: list[Patch]) -> None:
        if workspace is not self.current:
            return  # another slide was opened meanwhile
        self._add(found)
        counted = "1 patch" if len(found) == 1 else f"{len(found)} patches"
        self.notified.emit("info", f"Added {counted} from {shapes} shape{'s' if shapes != 1 else ''}.")

    def _add(self, found: Sequence[Patch]) -> None:
        """Add patches as one edit; where none says a target, all get the current one."""
        if not any(patch.target for patch in found):  # else one without any stays as observed: it is a core
            found = [replace(patch, target=dict(self.target)) for patch in found]
        self._settled().add(found)
        self._show_edit()

    def save_slide(self, path: str | Path) -> None:
        """Save the current slide as .h5ad, with the columns that were painted."""
        self._save("slide", partial(saving.slide, path, self._require_slide().slide), Path(path))
