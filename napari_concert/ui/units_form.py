"""What a coordinate unit is: from the file, or from the user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QWidget

from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session

PITCH, UNIT = "spots are … µm apart", "one unit is … µm"
_LIKELY = {PITCH: 100.0, UNIT: 1.0}  # spots of Visium are 100 µm apart
_DECIMALS = {PITCH: 2, UNIT: 4}


class UnitsForm(QWidget):
    """Says how the units are known, and lets the user say otherwise."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.source = note(kind="quiet")
        self.way, self.number = QComboBox(), QDoubleSpinBox()
        self.way.addItems([PITCH, UNIT])
        self.way.setToolTip(TIPS["um_per_unit"])
        self.number.setSuffix(" µm")
        self.apply = button("Set", self._set, TIPS["um_per_unit"])
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.source)
        row = QHBoxLayout()
        row.addWidget(self.way, stretch=1)
        row.addWidget(self.number)
        row.addWidget(self.apply)
        layout.addLayout(row)
        self.way.currentTextChanged.connect(self._fill)
        self.number.valueChanged.connect(self._offer)
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
        self._fill()

    def _known(self) -> float | None:
        """Return the number that holds now; None where the units are not known."""
        slide = self.session.slide
        if slide is None or slide.units.um_per_unit is None:
            return None
        return slide.pitch if self.way.currentText() == PITCH else slide.units.um_per_unit

    def _fill(self, *_: object) -> None:
        """Begin with the number that holds, or a likely one."""
        known, way = self._known(), self.way.currentText()
        likely, decimals = _LIKELY[way], _DECIMALS[way]
        self.number.setDecimals(decimals)
        self.number.setRange(10.0**-decimals, 1e6)
        self.number.setValue(likely if known is None else known)
        self._offer()

    def _offer(self, *_: object) -> None:
        """Let only what would change something be set."""
        known = self._known()
        self.apply.setEnabled(known is None or self.number.value() != round(known, self.number.decimals()))

    def _set(self) -> None:
        value = self.number.value()
        if self.way.currentText() == PITCH:
            self.session.read_as(pitch_um=value)
        else:
            self.session.read_as(um_per_unit=value)
