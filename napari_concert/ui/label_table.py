"""What each label of the perturbation and tissue columns means: state, control, unknown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractItemView, QComboBox, QHeaderView, QTableWidget, QTableWidgetItem

from napari_concert.ui.tooltips import TIPS

if TYPE_CHECKING:
    from napari_concert.session import Session
    from napari_concert.slide import Columns, Slide

STATE, CONTROL, UNKNOWN = "state", "control", "unknown"
ROW_HEIGHT, MOST_ROWS = 24, 7


class LabelTable(QTableWidget):
    """One row a label: how many spots have it, and what it means."""

    def __init__(self, session: Session) -> None:
        super().__init__(0, 3)
        self.session = session
        self.setHorizontalHeaderLabels(["label", "spots", "means"])
        self.setToolTip(TIPS["roles"])
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        header = self.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)

    def refresh(self, slide: Slide | None) -> None:
        """Show the labels of a slide's perturbation; nothing if it has none."""
        name = slide.columns.perturbation if slide is not None else None
        self.setVisible(name is not None)
        if slide is None or name is None:
            self.setRowCount(0)
            return
        counts = Counter(label for label in slide.labels(name) if label is not None)
        labels = slide.categories(name)
        self.setRowCount(len(labels))
        for row, label in enumerate(labels):
            self._fill(row, label, counts[label], role_of(label, slide.columns))
        self.setFixedHeight(ROW_HEIGHT * (min(len(labels), MOST_ROWS) + 1) + 6)

    def _fill(self, row: int, label: str, count: int, role: str) -> None:
        number = QTableWidgetItem(f"{count:,}")
        number.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        text = QTableWidgetItem(label)
        text.setToolTip(label)
        self.setItem(row, 0, text)
        self.setItem(row, 1, number)
        choice = QComboBox()
        choice.addItems([STATE, CONTROL, UNKNOWN])
        choice.setCurrentText(role)
        choice.setFrame(False)
        choice.textActivated.connect(lambda chosen, label=label: self._set_role(label, chosen))
        self.setCellWidget(row, 2, choice)

    def _set_role(self, label: str, role: str) -> None:
        slide = self.session.slide
        if slide is not None:
            self.session.read_as(columns=with_role(slide.columns, label, role))


def role_of(label: str, columns: Columns) -> str:
    """Return what a label of the perturbation means."""
    if label in columns.unknown:
        return UNKNOWN
    return CONTROL if label in columns.control else STATE


def with_role(columns: Columns, label: str, role: str) -> Columns:
    """Return the columns with another meaning of one label."""
    control = tuple(name for name in columns.control if name != label)
    unknown = tuple(name for name in columns.unknown if name != label)
    return replace(
        columns,
        control=(*control, label) if role == CONTROL else control,
        unknown=(*unknown, label) if role == UNKNOWN else unknown,
    )
