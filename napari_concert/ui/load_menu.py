"""Patches from elsewhere: a button that opens a menu of files and of the viewer's Shapes layers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMenu, QPushButton

from napari_concert.ui.asking import PATCHES, Asking
from napari_concert.ui.tooltips import TIPS

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.ui.shapes_exchange import ShapesExchange

FILES = "Patches (*.txt *.geojson *.json *.csv)"


class LoadMenu(QPushButton):
    """Loads patches from a file or from a Shapes layer."""

    def __init__(self, session: Session, shapes: ShapesExchange) -> None:
        super().__init__("Load")
        self.session, self.shapes = session, shapes
        self.setToolTip(TIPS["load_patches"])
        self.choices = QMenu(self)
        self.choices.setToolTipsVisible(True)
        self.choices.aboutToShow.connect(self.refresh)
        self.setMenu(self.choices)
        self.refresh()

    def refresh(self) -> None:
        """Offer the Shapes layers that are in the viewer now."""
        self.choices.clear()
        self.choices.addAction("From a file…", self._ask_file).setToolTip(TIPS["from_file"])
        for layer in self.shapes.drawn or [None]:
            name = "a Shapes layer" if layer is None else f"the Shapes layer “{layer.name}”"
            action = self.choices.addAction(f"From {name}", partial(self.shapes.take, layer))
            action.setToolTip(TIPS["from_shapes"])

    def _ask_file(self) -> None:
        path = Asking(self.session, self, PATCHES).open_file("Load patches", FILES)
        if path:
            self.session.load_patch(path)
