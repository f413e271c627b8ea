"""Step 5: keep what-ifs, switch between them, and set them side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QAbstractItemView, QHBoxLayout, QTreeWidget, QTreeWidgetItem, QWidget

from napari_concert.errors import ConcertError
from napari_concert.ui.captions import count_spots
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, column, follow, heading, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.session.workspace import Kept

NOTHING = (
    "No what-if is kept yet. Paint one in step 3 and press Keep; then paint another, and keep that too. "
    "Two to four can be set side by side."
)
HOW = (
    "Select two to four and press Side by side. Two also show their difference. The key N puts the next one on the "
    "slide."
)
NAME, ASKS = range(2)
LONGEST = 8  # rows before the list scrolls
ROW = 24  # pixels
WAITING = "Predicting what the compared what-ifs do …"
KINDS = ("gene", "set")
NO_GENE = "Show a gene that the model knows, or a gene set with one: side by side compares one gene or one set."


class ComparePanel(QWidget):
    """The list of kept what-ifs, and what is done with them."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.list = QTreeWidget()
        self.keep = button("Keep this what-if", session.keep_what_if, TIPS["keep"])
        self.recall = button("Put on the slide", self._recall, TIPS["recall"])
        self.update_ = button("Replace by the current one", self._update, TIPS["update_kept"])
        self.forget = button("Delete", self._forget, TIPS["forget"])
        self.compare = button("Side by side", self._compare, TIPS["compare"])
        self.end = button("End the comparison", lambda: session.compare(()), TIPS["end_compare"])
        self.hint, self.state = note(kind="quiet"), note()
        self._lay_out()
        for signal in (
            session.slide_changed,
            session.kept_changed,
            session.compared_changed,
            session.target_changed,
            session.shown_changed,
            session.model_changed,
        ):
            follow(self, signal, self._refresh)
        self.list.itemSelectionChanged.connect(self._allow)
        self.list.itemChanged.connect(self._renamed)
        self.list.itemDoubleClicked.connect(lambda _item, _column: self._recall())
        self._refresh()

    def _lay_out(self) -> None:
        self.list.setObjectName("concert_kept")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.list.setToolTip(TIPS["kept"])
        self.list.setHeaderLabels(["name", "asks"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        layout = column(self)
        layout.addWidget(self.keep)
        layout.addWidget(heading("Kept what-ifs"))
        layout.addWidget(self.list)
        for parts in ((self.recall, self.update_, self.forget), (self.compare, self.end)):
            row = QHBoxLayout()
            row.setSpacing(4)
            for part in parts:
                row.addWidget(part)
            layout.addLayout(row)
        layout.addWidget(self.hint)
        layout.addWidget(self.state)
        layout.addStretch()

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> list[int]:
        """Positions of the selected what-ifs."""
        return sorted({index.row() for index in self.list.selectedIndexes()})

    def _refresh(self, *_: object) -> None:
        kept, chosen = self.session.kept, self.chosen
        current = self.session.current
        blocked = self.list.blockSignals(True)
        self.list.clear()
        for position, each in enumerate(kept):
            item = QTreeWidgetItem(self.list, [each.name, _says(each)])
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setToolTip(ASKS, _says(each))
            item.setSizeHint(0, QSize(0, ROW))
            item.setSelected(position in chosen)
        self.list.blockSignals(blocked)
        self.list.resizeColumnToContents(0)
        self.list.setFixedHeight(self.list.header().sizeHint().height() + ROW * min(max(len(kept), 2), LONGEST) + 4)
        self.list.setVisible(bool(kept))
        say(self.hint, HOW if kept else NOTHING)
        say(self.state, self._state() if current is not None else "")
        self._allow()

    def _state(self) -> str:
        current = self.session.current
        if current is None or not current.compared:
            return ""
        names = ", ".join(kept.name for kept in current.compared)
        found = self.session.comparison()
        if found is not None:
            lines = [f"{kept.name}: {_says(kept)}" for kept in current.compared]
            return f"Side by side: {found.name}.\n" + "\n".join(lines)
        if self.session.model is None:
            return f"{names}: train a model in step 2 to compare them."
        is_waiting = any(kept not in current.answers for kept in current.compared)
        return WAITING if is_waiting and current.colour is not None and current.colour.kind in KINDS else NO_GENE

    def _allow(self) -> None:
        current, chosen = self.session.current, len(self.chosen)
        compared = current is not None and bool(current.compared)
        self.keep.setEnabled(current is not None and not current.what_if.is_empty)
        for part, allowed in (
            (self.recall, chosen == 1),
            (self.update_, chosen == 1),
            (self.forget, chosen > 0),
            (self.compare, chosen > 1),
            (self.end, compared),
        ):
            part.setEnabled(allowed)

    # -- verbs --------------------------------------------------------------------------------------------------------

    def _recall(self) -> None:
        if len(self.chosen) == 1:
            self.session.recall_what_if(self.chosen[0])

    def _update(self) -> None:
        self.session.update_what_if(self.chosen[0])

    def _forget(self) -> None:
        for position in reversed(self.chosen):
            self.session.forget_what_if(position)

    def _compare(self) -> None:
        try:
            self.session.compare(self.chosen)
        except ConcertError as error:
            self.session.notified.emit("error", str(error))

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        if column == NAME:
            self.session.rename_what_if(self.list.indexOfTopLevelItem(item), item.text(NAME))
        else:
            self._refresh()  # what it asks is not for writing


def _says(kept: Kept) -> str:
    """Return what a kept what-if asks for."""
    parts = []
    for patch in kept.what_if.patches:
        becomes = ", ".join(str(value) for value in patch.target.values())
        parts.append(f"{count_spots(len(patch))} → {becomes}")
    return "; ".join(parts)
