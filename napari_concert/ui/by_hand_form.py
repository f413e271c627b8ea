"""The controls of moving a section with the mouse: begin, what to do, apply, give up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt, QTimer
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QScrollArea, QWidget

from napari_concert.ui.section_drag import SectionDrag
from napari_concert.ui.section_match import SectionMatch
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import SPACING, button, column, follow, note, say

if TYPE_CHECKING:
    from napari_concert.ui.by_hand import ByHand


class ByHandForm(QWidget):
    """What to do with a section that is in hand; the fields to begin with stand in another form."""

    def __init__(self, by_hand: ByHand) -> None:
        super().__init__()
        self.by_hand, self.session = by_hand, by_hand.session
        self.section, self.onto = QComboBox(), QComboBox()
        self.drag = button("Move by hand", lambda: self._toggle(SectionDrag), TIPS["by_drag"])
        self.match = button("Match points", lambda: self._toggle(SectionMatch), TIPS["by_places"])
        self.says = note()
        self.apply = button("Apply", by_hand.finish)
        self.flip = button("Flip", self._flip, TIPS["flip"])
        self.back = button("Remove last", self._take_back, TIPS["take_back"])
        self.mirror = QCheckBox("may be mirrored")
        self.cancel = button("Cancel", by_hand.cancel, TIPS["give_up"])
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        for way in (self.drag, self.match):
            way.setCheckable(True)
        self.onto.setToolTip(TIPS["onto"])
        self.mirror.setToolTip(TIPS["places_mirror"])
        self.ways, last = QHBoxLayout(), QHBoxLayout()
        self.ways.addWidget(self.drag)
        self.ways.addWidget(self.match)
        for part in (self.apply, self.flip, self.back, self.cancel):
            last.addWidget(part)
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.says, self.mirror):
            layout.addWidget(part)
        layout.addLayout(last)

    def _connect(self) -> None:
        session = self.session
        self.onto.activated.connect(self._on_choice)
        self.mirror.toggled.connect(self._allow_mirror)
        for signal in (session.slide_changed, session.columns_changed, session.alignment_changed):
            follow(self, signal, self._offer)
        for signal in (session.compared_changed, self.by_hand.changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def join(self, fields: QFormLayout, section: QComboBox, body: QWidget) -> None:
        """Take a place in another form, below the field that says which section is moved."""
        self.section = section
        for row, parts in enumerate((("Onto", self.onto), ("In the picture", self.ways), (self,)), start=1):
            fields.insertRow(row, *parts)
        section.currentIndexChanged.connect(self._offer)
        section.activated.connect(self._on_choice)
        give_up = QShortcut(QKeySequence(Qt.Key.Key_Escape), body)
        give_up.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        give_up.activated.connect(self.by_hand.cancel)
        self._offer()

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _offer(self, *_: object) -> None:
        """Offer the other sections: at first the one below, or of the lowest the one above."""
        stack, name = self.session.stack, self.section.currentText()
        names = [other for other in stack.order if other != name] if stack is not None else []
        if stack is not None and names != [self.onto.itemText(i) for i in range(self.onto.count())]:
            with QSignalBlocker(self.onto):
                self.onto.clear()
                self.onto.addItems(names)
                at = stack.order.index(name) if name in stack.order else 0
                self.onto.setCurrentText(stack.order[at - 1 if at else 1])
        self._refresh()

    def _refresh(self, *_: object) -> None:
        task, why = self.by_hand.task, self.session.no_adjusting
        for way, kind, tip in ((self.drag, SectionDrag, "by_drag"), (self.match, SectionMatch, "by_places")):
            way.setChecked(isinstance(task, kind))
            way.setEnabled(not why)
            way.setToolTip(why or TIPS[tip])
        self.setVisible(task is not None)
        if task is None:
            return
        is_drag = isinstance(task, SectionDrag)
        say(self.says, task.says)
        self.apply.setText(task.verb)
        self.apply.setEnabled(task.is_ready)
        self.apply.setToolTip(TIPS["apply_drag" if is_drag else "apply_places"])
        self.flip.setVisible(is_drag)
        self.back.setVisible(not is_drag)
        self.back.setEnabled(task.is_begun)
        self.mirror.setVisible(not is_drag)
        self.cancel.setText("Cancel" if task.is_begun else "Close")

    # -- what it does -------------------------------------------------------------------------------------------------

    def _toggle(self, kind: type[SectionDrag | SectionMatch]) -> None:
        """Begin; or give up what is begun."""
        if isinstance(self.by_hand.task, kind):
            self.by_hand.cancel()
        else:
            self._begin(kind)
        self._refresh()  # as a click has checked the button, whatever came of it

    def _begin(self, kind: type[SectionDrag | SectionMatch]) -> None:
        begin = self.by_hand.drag if kind is SectionDrag else self.by_hand.match
        begin(self.section.currentText(), self.onto.currentText())
        self._allow_mirror(self.mirror.isChecked())
        QTimer.singleShot(0, self._come_into_sight)  # once the panel has made room

    def _on_choice(self, *_: object) -> None:
        """Begin anew with other sections."""
        task = self.by_hand.task
        if task is not None:
            self._begin(type(task))

    def _come_into_sight(self) -> None:
        """Scroll the panel to the buttons that end what was begun."""
        around: QWidget | None = self
        while around is not None and not isinstance(around, QScrollArea):
            around = around.parentWidget()
        if around is not None and self.isVisible():
            around.ensureWidgetVisible(self, 0, SPACING)

    def _flip(self) -> None:
        if isinstance(self.by_hand.task, SectionDrag):
            self.by_hand.task.flip()

    def _take_back(self) -> None:
        if isinstance(self.by_hand.task, SectionMatch):
            self.by_hand.task.take_back()

    def _allow_mirror(self, allowed: bool) -> None:
        if isinstance(self.by_hand.task, SectionMatch):
            self.by_hand.task.allow_mirror(allowed)
