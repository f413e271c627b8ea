"""Where a training runs: here, or on another machine."""

from __future__ import annotations

from qtpy.QtWidgets import QLineEdit

from napari_concert.ui.folding import Folding
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import column, note

TITLE = "Train on another machine"
SENT = "Counts, positions and the chosen columns are sent there, no image. Without an address, training runs here."


class RemoteField(Folding):
    """The address of a Dask scheduler; while it is folded, its heading says that there is one."""

    def __init__(self) -> None:
        super().__init__(TITLE, TIPS["scheduler"])
        self.address = QLineEdit()
        self.address.setPlaceholderText("Address, such as tcp://machine:8786")
        self.address.setToolTip(TIPS["scheduler"])
        self.address.setAccessibleName("Address of a Dask scheduler")
        layout = column(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.address)
        layout.addWidget(note(SENT, kind="quiet"))
        self.address.textChanged.connect(self._name)
        self.unfolded.connect(self._name)

    @property
    def value(self) -> str:
        """The address; "" to train here."""
        return self.address.text().strip()

    @value.setter
    def value(self, address: str) -> None:
        self.address.setText(address)

    def _name(self, *_: object) -> None:
        is_folded = self.body.isHidden()
        title = f"{TITLE}: {self.value}" if is_folded and self.value else TITLE
        self.fold.setText(f"{'▸' if is_folded else '▾'} {title}")
