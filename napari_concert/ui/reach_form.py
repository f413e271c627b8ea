"""How far what is painted reaches: in words, as a ring around the tool, as colours of the slide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from napari_concert.ui.reach_words import sentence
from napari_concert.ui.widgets import button, follow, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session

RING = "Dotted ring at the tool"
CUT_OFFS = "Colour by cut-off"
TIP_RING = (
    "A ring around the mouse while a tool is in hand: there one perturbed spot acts half as strongly as on its "
    "neighbour. A patch of many spots reaches somewhat farther."
)
TIP_CUT_OFFS = (
    "Colour every spot by the distance beyond which it feels nothing of this state, as learned for its tissue. "
    "Choose a gene or column in the box at the top to go back."
)


class ReachForm(QWidget):
    """The learned reach of the state that the active patch becomes."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.ring = QCheckBox(RING)
        self.ring.setToolTip(TIP_RING)
        self.ring.setObjectName("concert_reach_ring")
        self.cut_offs = button(CUT_OFFS, session.show_cut_offs, TIP_CUT_OFFS)
        self.says = note(kind="quiet")
        self._lay_out()
        self.ring.toggled.connect(session.show_reach)
        for signal in (session.slide_changed, session.target_changed, session.model_changed, session.reach_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _lay_out(self) -> None:
        layout, row = QVBoxLayout(self), QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        row.addWidget(self.ring, stretch=1)
        row.addWidget(self.cut_offs)
        layout.addWidget(self.says)
        layout.addLayout(row)

    def _refresh(self, *_: object) -> None:
        reach = self.session.reach
        for part in (self.ring, self.cut_offs):
            part.setEnabled(reach is not None)
        self.ring.setChecked(self.session.shows_reach)
        say(self.says, self.session.no_reach if reach is None else sentence(reach))
