"""Step 7: save what was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QGridLayout, QPushButton, QWidget

from napari_concert.errors import ConcertError
from napari_concert.io import atomic_path
from napari_concert.ui.asking import RESULTS, Asking
from napari_concert.ui.captions import shortened
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, heading, note

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.shapes_exchange import ShapesExchange

PREDICTION = (
    "Baseline, predicted counts and change (natural log) with sd and 95 % interval for every spot and modelled gene, "
    "and all that is needed to repeat them. The figure is of the shown gene."
)
PATCHES = (
    "GeoJSON, for QuPath and geopandas, keeps all of every patch. Xenium Explorer's .csv has outlines in µm with names "
    "and colours, but no targets. CONCERT's .txt has the row numbers of one patch and nothing else."
)
ONLY = "Only {} (.txt)…"
ROWS = "Row numbers (.txt)…"
LONGEST = 16  # letters of a patch's name on a button


class SavePanel(QWidget):
    """One button a kind of file."""

    def __init__(self, session: Session, viewer: Viewer, shapes: ShapesExchange) -> None:
        super().__init__()
        self.session, self.viewer = session, viewer
        self.prediction = self._button("Table (.h5ad)…", "prediction.h5ad", session.save_prediction)
        self.figure = self._button("Figure (.pdf, .png, .svg)…", "figure.pdf", session.save_figure)
        self.geojson = self._button("Outlines (.geojson)…", "patches.geojson", session.save_patch)
        self.csv = self._button("Selections (.csv)…", "patches.csv", session.save_patch)
        self.txt = self._button(ROWS, "patch.txt", self._save_rows)
        self.shapes = button("Shapes layer", shapes.put, TIPS["to_shapes"])
        self.picture = self._button("Picture (.png)…", "picture.png", self.save_picture)
        self.slide = self._button("Slide (.h5ad)…", "slide.h5ad", session.save_slide)
        self._lay_out()
        for signal in (session.slide_changed, session.patch_changed, session.prediction_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        layout = column(self)
        for title, parts, said in (
            ("Prediction", (self.prediction, self.figure), PREDICTION),
            ("Patches", (self.geojson, self.csv, self.txt, self.shapes), PATCHES),
            ("Picture and slide", (self.picture, self.slide), ""),
        ):
            layout.addWidget(heading(title))
            layout.addLayout(_grid(*parts))
            layout.addWidget(note(said, "quiet"))
        layout.addStretch()

    def _button(self, text: str, name: str, save: Callable[[str], object]) -> QPushButton:
        def ask() -> None:
            path = Asking(self.session, self, RESULTS).save(made.text().rstrip("…"), name)
            if path:
                save(path if Path(path).suffix else path + Path(name).suffix)

        made = button(text, ask, TIPS[name])
        return made

    def _refresh(self) -> None:
        has_slide, patches, current = self.session.slide is not None, self.session.patches, self.session.current
        filled = [patch for patch in patches if len(patch)]
        active = current.painting.current if current is not None else None
        for part, allowed in (
            (self.picture, has_slide),
            (self.slide, has_slide),
            (self.geojson, filled),
            (self.csv, filled),
            (self.shapes, [patch for patch in filled if not patch.hidden]),
            (self.txt, active is not None and len(active)),
            (self.prediction, self.session.result),
            (self.figure, self.session.result),
        ):
            part.setEnabled(bool(allowed))
        self.txt.setText(ROWS if active is None or len(filled) < 2 else ONLY.format(shortened(active.name, LONGEST)))

    def _save_rows(self, path: str) -> None:
        """Save the active patch alone: a .txt has no names to tell several apart."""
        current = self.session.current
        if current is not None and current.painting.active is not None:
            self.session.save_patch(path, only=current.painting.active)

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


def _grid(*parts: QPushButton) -> QGridLayout:
    grid = QGridLayout()
    grid.setSpacing(4)
    for position, part in enumerate(parts):
        grid.addWidget(part, *divmod(position, 2))
        grid.setColumnStretch(position % 2, 1)
    return grid
