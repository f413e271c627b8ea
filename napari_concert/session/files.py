"""Verbs on files: save predictions, patches and slides; load patches."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from napari_concert import io
from napari_concert.errors import ConcertError
from napari_concert.session import saving
from napari_concert.session.comparing import Comparing


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

    def save_patch(self, path: str | Path) -> None:
        """Save the patches, in the format that the ending names (see :func:`napari_concert.io.write_patches`)."""
        current = self._require_slide()
        patches = [patch for patch in current.painting.patches if len(patch)]
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
        if not any(patch.target for patch in found):  # else one without any stays as observed: it is a core
            found = [replace(patch, target=dict(self.target)) for patch in found]
        self._settled().add(found)
        self._show_edit()

    def save_slide(self, path: str | Path) -> None:
        """Save the current slide as .h5ad, with the columns that were painted."""
        self._save("slide", partial(saving.slide, path, self._require_slide().slide), Path(path))
