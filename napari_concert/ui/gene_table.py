"""A sortable table of genes by their change; clicking a row shows the gene."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from psygnal import Signal
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

_COLUMNS = ("gene", "change", "95 % interval", "false sign")
_TIPS = (
    "Click a row to show the gene.",
    "Mean {unit} over the region.",
    "95 % interval of the mean change, unshrunk. By chance a few of many genes leave 0: see the false sign rate.",
    "Local false sign rate: the chance that the change has the other sign. Below 0.025 the sign is called sure.",
)
_SORT_BY = ("gene", "change", "lower", "lfsr")


class GeneModel(QAbstractTableModel):
    """Rows of :meth:`Prediction.region_change`, in the shown logarithm."""

    def __init__(self) -> None:
        super().__init__()
        self.frame = pd.DataFrame()
        self.factor, self.unit = 1.0, ""

    def set_frame(self, frame: pd.DataFrame | None, factor: float, unit: str) -> None:
        """Show other genes."""
        self.beginResetModel()
        self.frame = pd.DataFrame() if frame is None else frame
        self.factor, self.unit = factor, unit
        self.endResetModel()

    def gene(self, row: int) -> str:
        """Return the gene of a row."""
        return str(self.frame.index[row])

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of genes."""
        return 0 if parent is not None and parent.isValid() else len(self.frame)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return names and tooltips of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[section]
        return _TIPS[section].format(unit=self.unit) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text and alignment of a cell."""
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() > 0:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._levels(index.row())
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._text(index.row(), index.column())

    def _text(self, row: int, column: int) -> str:
        values = self.frame.iloc[row]
        if column == 0:
            return self.gene(row)
        if column == 1:
            return f"{values['change'] * self.factor:+.2f}"
        if column == 2:
            return f"{values['lower'] * self.factor:+.2f} to {values['upper'] * self.factor:+.2f}"
        return "<0.001" if values["lfsr"] < 0.001 else f"{values['lfsr']:.3f}"

    def _levels(self, row: int) -> str:
        values = self.frame.iloc[row]
        levels = f"{values['baseline']:.3g} → {values['predicted']:.3g}"
        return f"{self.gene(row)}: {levels} counts a spot at median depth, on average over the region"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's number (not by its text)."""
        if self.frame.empty or column < 0:
            return
        keys = self.frame.index if column == 0 else self.frame[_SORT_BY[column]]
        rows = np.argsort(keys.to_numpy(), kind="stable")
        rows = rows if order == Qt.SortOrder.AscendingOrder else rows[::-1]
        self.layoutAboutToBeChanged.emit()
        self.frame = self.frame.iloc[rows]
        self._move_indexes(np.argsort(rows))
        self.layoutChanged.emit()

    def _move_indexes(self, moved_to: np.ndarray[Any, Any]) -> None:
        """Let the chosen row stay with its gene."""
        before = self.persistentIndexList()
        self.changePersistentIndexList(
            before, [self.index(int(moved_to[index.row()]), index.column()) for index in before]
        )


class GeneTable(QTableView):
    """The view of a :class:`GeneModel`.

    Attributes
    ----------
    gene_chosen
        Emitted with the gene of the row that was clicked or reached with the arrow keys.
    """

    gene_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.genes = GeneModel()
        self.setModel(self.genes)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setMinimumHeight(220)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self._set_up_columns()
        self.selectionModel().currentRowChanged.connect(self._on_row)
        self.clicked.connect(self._on_row)  # the chosen row again: another gene may be shown by now

    def _set_up_columns(self) -> None:
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(70)
        header.setResizeContentsPrecision(40)
        self.setSortingEnabled(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def show_genes(self, frame: pd.DataFrame | None, factor: float, unit: str) -> None:
        """Show other genes, in the order given."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.genes.set_frame(frame, factor, unit)

    def _on_row(self, current: QModelIndex, _previous: QModelIndex | None = None) -> None:
        if current.isValid():
            self.gene_chosen.emit(self.genes.gene(current.row()))
