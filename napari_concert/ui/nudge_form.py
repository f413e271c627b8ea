"""Turn and shift one section by hand: with the mouse, or by numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout

from napari_concert.slide import Rigid
from napari_concert.ui.captions import decimals_for
from napari_concert.ui.folding import Folding
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, follow, form

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.ui.by_hand_form import ByHandForm

TITLE = "Adjust a section by hand"
TIP = "Show or hide turning and shifting one section, with the mouse or by numbers."


class NudgeForm(Folding):
    """Which section, how far it turns around its middle, and how far it goes; folded until it is wanted."""

    def __init__(self, session: Session) -> None:
        super().__init__(TITLE, TIP)
        self.session = session
        self.section = QComboBox()
        self.turn, self.right, self.down = QDoubleSpinBox(), QDoubleSpinBox(), QDoubleSpinBox()
        self.apply = button("Move", self._move, TIPS["nudge"])
        self._lay_out()
        for signal in (session.slide_changed, session.columns_changed, session.alignment_changed):
            follow(self, signal, self._offer)
        self._offer()

    def _lay_out(self) -> None:
        self.turn.setRange(-180, 180)
        self.turn.setSuffix("° clockwise")
        self.turn.setSingleStep(1)
        self.section.setToolTip(TIPS["nudged_section"])
        for part, tip in ((self.turn, "nudge_turn"), (self.right, "nudge_right"), (self.down, "nudge_down")):
            part.setToolTip(TIPS[tip])
            part.setKeyboardTracking(False)
            part.setMinimumWidth(100)
        self._fields = fields = form()
        shift, last = QHBoxLayout(), QHBoxLayout()
        self.body.setLayout(fields)
        shift.addWidget(self.right)
        shift.addWidget(self.down)
        last.addWidget(self.turn, stretch=1)
        last.addWidget(self.apply)
        fields.addRow("Section", self.section)
        fields.addRow("Shift", shift)
        fields.addRow("Turn", last)

    def add_mouse_form(self, mouse: ByHandForm) -> None:
        """Take in what needs a viewer: moving the section in the picture."""
        mouse.join(self._fields, self.section, self.body)

    def _offer(self, *_: object) -> None:
        slide, stack = self.session.slide, self.session.stack
        if slide is None or stack is None:
            return
        names = list(stack.order)
        if names != [self.section.itemText(i) for i in range(self.section.count())]:
            self.section.clear()
            self.section.addItems(names)
        for part, suffix in ((self.right, "right"), (self.down, "down")):
            part.setDecimals(decimals_for(slide.pitch))
            part.setRange(-1e6, 1e6)
            part.setSingleStep(slide.pitch / 2)
            part.setSuffix(f" {slide.units.name} {suffix}")

    def _move(self) -> None:
        """Move the section; the numbers go back to 0, as the next move starts from where it then lies."""
        slide, name = self.session.slide, self.section.currentText()
        if slide is None or slide.columns.section is None:
            return
        here = slide.coords[slide.labels(slide.columns.section) == name, :2] / slide.units.factor
        shift = np.array([self.right.value(), self.down.value()]) / slide.units.factor
        move = Rigid.around(np.nanmean(here, axis=0), self.turn.value(), shift)
        for part in (self.turn, self.right, self.down):
            part.setValue(0)
        self.session.move_section(name, move)
