"""Verbs on files: save predictions, patches and slides; load patches."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_concert.errors import ConcertError
from napari_concert.session import saving
from napari_concert.session.strokes import Strokes


class Files(Strokes):
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
        """Save the painted spots: CONCERT's 1-based .txt, or GeoJSON by the file's ending."""
        current = self._require_slide()
        if not len(self.painted):
            self.notified.emit("error", "Nothing is painted, so there is no patch to save.")
            return
        self._save("patch", partial(saving.patch, path, current.slide, current.patch), Path(path))

    def load_patch(self, path: str | Path) -> None:
        """Paint the spots of a saved patch, as one undoable edit."""
        from napari_concert.io import read_spots

        current = self._require_slide()
        try:
            rows = read_spots(path, current.slide)
        except ConcertError as error:
            self._failed(error)
            return
        self._move(current.painting.replace(rows), "These spots are painted already.")

    def save_slide(self, path: str | Path) -> None:
        """Save the current slide as .h5ad, with the columns that were painted."""
        self._save("slide", partial(saving.slide, path, self._require_slide().slide), Path(path))
