"""A form beneath its own heading, in sight only while it is wanted."""

from __future__ import annotations

from psygnal import Signal
from qtpy.QtWidgets import QPushButton, QWidget

from napari_concert.ui.widgets import column


class Folding(QWidget):
    """A heading to click, and a body that it shows or hides; folded at first.

    Attributes
    ----------
    unfolded
        Emitted with whether the body is in sight, when that has changed.
    """

    unfolded = Signal(bool)

    def __init__(self, title: str, tip: str) -> None:
        super().__init__()
        self.title, self.fold, self.body = title, QPushButton(), QWidget()
        self.fold.setToolTip(tip)
        self.fold.setStyleSheet("QPushButton { text-align: left; background: transparent; border: none; }")
        self.fold.clicked.connect(lambda: self.unfold(self.body.isHidden()))
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.fold)
        layout.addWidget(self.body)
        self.unfold(False)

    def unfold(self, wanted: bool) -> None:
        """Show the body beneath its heading, or the heading alone."""
        self.body.setVisible(wanted)
        self.fold.setText(f"{'▾' if wanted else '▸'} {self.title}")
        self.unfolded.emit(wanted)
