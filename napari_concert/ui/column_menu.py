"""Which numeric columns are continuous attributes: a button that opens a list to tick."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QMenu, QPushButton

from napari_concert.ui.tooltips import TIPS

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.slide import Slide

NONE_CHOSEN, NONE_THERE = "none (tick columns …)", "no numeric column"


class ColumnMenu(QPushButton):
    """Names the columns in use; a click lists all numeric ones."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.setToolTip(TIPS["continuous"])
        self.columns = QMenu(self)
        self.columns.setToolTipsVisible(True)
        self.setMenu(self.columns)

    def refresh(self, slide: Slide) -> None:
        """Offer the numeric columns of a slide; those in use are ticked."""
        self.columns.clear()
        for name in slide.continuous_columns:
            action = self.columns.addAction(name)
            action.setCheckable(True)
            action.setChecked(name in slide.columns.continuous)
            action.triggered.connect(self._changed)
        self.setEnabled(bool(slide.continuous_columns))
        chosen = ", ".join(slide.columns.continuous)
        self.setText(chosen or (NONE_CHOSEN if slide.continuous_columns else NONE_THERE))

    def _changed(self) -> None:
        slide = self.session.slide
        if slide is not None:
            ticked = tuple(action.text() for action in self.columns.actions() if action.isChecked())
            self.session.read_as(columns=replace(slide.columns, continuous=ticked))
