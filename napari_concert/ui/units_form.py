"""What a coordinate unit is: from the file, or from the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session

PITCH, UNIT = "spots are … µm apart", "one unit is … µm"
VISIUM_PITCH = 100.0


class UnitsForm(QWidget):
    """Says how the units are known, and lets the user say otherwise."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.source = note(kind="quiet")
        self.way, self.number = QComboBox(), QDoubleSpinBox()
        self.way.addItems([PITCH, UNIT])
        self.way.setToolTip(TIPS["um_per_unit"])
        self.number.setDecimals(4)
        self.number.setRange(1e-4, 1e6)
        self.number.setValue(VISIUM_PITCH)
        self.number.setSuffix(" µm")
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.source)
        row = QHBoxLayout()
        row.addWidget(self.way, stretch=1)
        row.addWidget(self.number)
        row.addWidget(button("Set", self._set, TIPS["um_per_unit"]))
        layout.addLayout(row)
        for signal in (session.slide_changed, session.columns_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        slide = self.session.slide
        if slide is None:
            return
        known = slide.units.um_per_unit
        says = "Units are not known" if known is None else f"1 unit = {known:.4g} µm"
        say(self.source, f"{says}: {slide.units.source}.")

    def _set(self) -> None:
        value = self.number.value()
        if self.way.currentText() == PITCH:
            self.session.read_as(pitch_um=value)
        else:
            self.session.read_as(um_per_unit=value)
