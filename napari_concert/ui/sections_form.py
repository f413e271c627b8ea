"""How the sections of a stack lie in space: order, distance, alignment by the computer or by hand, undo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QWidget,
)

from napari_concert.ui.captions import decimals_for
from napari_concert.ui.nudge_form import NudgeForm
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, heading, note, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_concert.registration import PairScore
    from napari_concert.session import Session
    from napari_concert.slide import Slide, Stack

MIDDLE = "the middle one"
GUESSED = "Nobody said how far apart the sections are: a spot distance is a guess. Drag a section to change the order."
KNOWN = "Drag a section to change the order."
MOST_ROWS, MOST_APART = 8, 1e6  # rows; units


class SectionsForm(QWidget):
    """Shown where a column tells two sections or more; everything here can be undone."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.title, self.says, self.scores = heading("Sections"), note(kind="quiet"), note(kind="quiet")
        self.order, self.apart = QListWidget(), QDoubleSpinBox()
        self.reference, self.mirror = QComboBox(), QCheckBox("may be mirrored")
        self.align = button("Align", self._align, TIPS["align"])
        self.progress, self.stop = QProgressBar(), button("Stop", session.stop_registration, TIPS["stop_align"])
        self.undo = button("Undo", session.undo_alignment, TIPS["undo_align"])
        self.back = button("As in the file", session.put_back, TIPS["put_back"])
        self.nudge = NudgeForm(session)
        self._lay_out()
        self._connect()
        self._refresh()

    def _lay_out(self) -> None:
        self.order.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.order.setToolTip(TIPS["section_order"])
        self.apart.setKeyboardTracking(False)
        self.apart.setToolTip(TIPS["section_apart"])
        self.reference.setToolTip(TIPS["reference"])
        self.mirror.setToolTip(TIPS["mirror"])
        self.stop.setFixedWidth(60)
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._work = _row(self.progress, self.stop)
        for part in (self.title, self.order, self.apart, self.says, _row(self.align, self.reference, self.mirror)):
            layout.addWidget(part)
        for part in (self._work, self.scores, _row(self.undo, self.back), self.nudge):
            layout.addWidget(part)

    def _connect(self) -> None:
        session = self.session
        self.order.model().rowsMoved.connect(self._reorder)
        self.apart.valueChanged.connect(session.space_sections)
        for signal in (session.slide_changed, session.columns_changed, session.alignment_changed):
            follow(self, signal, self._refresh)

    # -- what it shows ------------------------------------------------------------------------------------------------

    def _refresh(self, *_: object) -> None:
        slide, stack = self.session.slide, self.session.stack
        self.setVisible(stack is not None)
        if slide is None or stack is None:
            return
        self.title.setText(f"{len(stack.order)} sections, from the lowest to the highest")
        self._list(slide, stack)
        self._space(slide, stack)
        self._offer(stack)
        say(self.says, GUESSED if stack.assumed else KNOWN)
        say(self.scores, _scores(self.session.scores))
        self._show_work()

    def _list(self, slide: Slide, stack: Stack) -> None:
        rows = [
            f"{name}    z {height:.4g} {slide.units.name}"
            for name, height in zip(stack.order, stack.heights, strict=True)
        ]
        if rows != [self.order.item(i).text() for i in range(self.order.count())]:
            self.order.clear()
            for name, text in zip(stack.order, rows, strict=True):
                item = QListWidgetItem(text)
                item.setData(Qt.ItemDataRole.UserRole, name)
                self.order.addItem(item)
        self.order.setFixedHeight(self.order.sizeHintForRow(0) * min(len(rows), MOST_ROWS) + 6)

    def _space(self, slide: Slide, stack: Stack) -> None:
        blocked = self.apart.blockSignals(True)
        self.apart.setDecimals(decimals_for(stack.spacing or slide.pitch))
        self.apart.setRange(10.0 ** -self.apart.decimals(), MOST_APART)
        self.apart.setPrefix("neighbours are ")
        self.apart.setSuffix(f" {slide.units.name} apart")
        self.apart.setValue(stack.spacing)
        self.apart.blockSignals(blocked)

    def _offer(self, stack: Stack) -> None:
        names = [MIDDLE, *stack.order]
        if names != [self.reference.itemText(i) for i in range(self.reference.count())]:
            self.reference.clear()
            self.reference.addItems(names)

    def _show_work(self) -> None:
        aligning, busy = self.session.aligning, self.session.is_registering
        self._work.setVisible(busy)
        self.align.setEnabled(not busy)
        self.undo.setEnabled(self.session.can_undo_alignment and not busy)
        slide = self.session.slide
        self.back.setEnabled(slide is not None and slide.stack is not None and not busy)
        if aligning is None:
            self.progress.setRange(0, 0)
            self.progress.setFormat("reading …")
            return
        self.progress.setRange(0, 100 * max(aligning.total, 1))
        self.progress.setValue(int(100 * aligning.done))
        self.progress.setFormat(aligning.text)

    # -- what it does -------------------------------------------------------------------------------------------------

    def _align(self) -> None:
        chosen = self.reference.currentText()
        self.session.register(reference=None if chosen == MIDDLE else chosen, mirror=self.mirror.isChecked())

    def _reorder(self, *_: object) -> None:
        names = [self.order.item(i).data(Qt.ItemDataRole.UserRole) for i in range(self.order.count())]
        self.session.order_sections(names)


def _scores(scores: Sequence[PairScore]) -> str:
    """Return how well neighbours lie on each other, before and after, a pair a line."""
    if not scores:
        return ""
    head = "Correlation of expression between nearest spots (single spots, so well below 1), and share that overlaps:"
    return "\n".join([head, *map(_pair, scores)])


def _pair(pair: PairScore) -> str:
    return (
        f"{pair.lower} – {pair.upper}: {pair.before.correlation:.2f} → {pair.after.correlation:.2f}, "
        f"overlap {pair.before.overlap:.0%} → {pair.after.overlap:.0%}"
    )


def _row(*parts: QWidget) -> QWidget:
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    for part in parts:
        layout.addWidget(part)
    return made
