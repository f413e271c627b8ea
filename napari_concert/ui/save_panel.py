"""Step 5: save what was made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QWidget

from napari_concert.errors import ConcertError
from napari_concert.io import atomic_path
from napari_concert.ui.widgets import button, column, follow, note

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session

EXPLAINED = (
    "Saved predictions hold baseline, predicted counts, change (natural log) with sd and 95 % interval for every spot "
    "and modelled gene, and all that is needed to repeat them."
)


class SavePanel(QWidget):
    """One button a kind of file."""

    def __init__(self, session: Session, viewer: Viewer) -> None:
        super().__init__()
        self.session, self.viewer = session, viewer
        layout = column(self)
        self.prediction = self._button("Prediction (.h5ad)…", "prediction.h5ad", session.save_prediction)
        self.txt = self._button("Patch as row numbers (.txt)…", "patch.txt", session.save_patch)
        self.geojson = self._button("Patch as outline (.geojson)…", "patch.geojson", session.save_patch)
        self.picture = self._button("Picture (.png)…", "picture.png", self.save_picture)
        self.figure = self._button("Figure (.png, .pdf, .svg)…", "figure.pdf", session.save_figure)
        self.slide = self._button("Slide (.h5ad)…", "slide.h5ad", session.save_slide)
        for part in (self.prediction, self.txt, self.geojson, self.picture, self.figure, self.slide):
            layout.addWidget(part)
        layout.addWidget(note(EXPLAINED, "quiet"))
        layout.addStretch()
        for signal in (session.slide_changed, session.patch_changed, session.prediction_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _button(self, text: str, name: str, save: Callable[[str], object]) -> QWidget:
        def ask() -> None:
            path, _ = QFileDialog.getSaveFileName(self, text.rstrip("…"), name)
            if path:
                save(path)

        return button(text, ask)

    def _refresh(self) -> None:
        has_slide = self.session.slide is not None
        for part in (self.picture, self.slide):
            part.setEnabled(has_slide)
        for part in (self.txt, self.geojson):
            part.setEnabled(bool(len(self.session.painted)))
        for part in (self.prediction, self.figure):
            part.setEnabled(self.session.result is not None)

    def save_picture(self, path: str) -> None:
        """Save the canvas as it is seen."""
        path = path if path.lower().endswith(".png") else f"{path}.png"
        try:
            with atomic_path(path) as scratch:
                self.viewer.screenshot(str(scratch), canvas_only=True, flash=False)
        except ConcertError as error:
            self.session.notified.emit("error", str(error))
        else:
            self.session.notified.emit("info", f"Saved the picture as {path}.")
