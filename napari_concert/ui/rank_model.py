"""Rows of genes or gene sets for Qt's table view: filtered and sorted as arrays, written only where they are seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qtpy.QtGui import QColor

from napari_concert.prediction import SURE
from napari_concert.ui.plots import DOWN, MUTED, UP
from napari_concert.ui.rank_columns import GENES, Column, decimals_of, values_of

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class RankModel(QAbstractTableModel):
    """Genes or gene sets by their change over a region.

    Attributes
    ----------
    frame
        All rows, in the order given.
    shown
        int64: positions in ``frame`` of the rows that pass the filter, as they are sorted.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[Column, ...] = GENES
        self.frame = pd.DataFrame()
        self.unit = ""
        self.factor = 1.0
        self.shown = np.zeros(0, np.int64)
        self._values: dict[str, npt.NDArray[np.float64]] = {}
        self._decimals = 2
        self._names: list[str] = []
        self._lowered: list[str] = []
        self._words: tuple[str, ...] = ()
        self._only_sure = False
        self._among: frozenset[str] | None = None
        self._sorted_by: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def set_frame(self, frame: pd.DataFrame | None, columns: tuple[Column, ...], factor: float, unit: str) -> None:
        """Show other rows; they are filtered and sorted as before."""
        self.beginResetModel()
        self.frame = pd.DataFrame() if frame is None else frame
        self.columns, self.factor, self.unit = columns, factor, unit
        self._values = values_of(self.frame, factor)
        self._decimals = decimals_of(self._values)
        self._names = [str(name) for name in self.frame.index]
        self._lowered = [name.lower() for name in self._names]
        self._arrange()
        self.endResetModel()

    def set_filter(self, text: str, only_sure: bool, among: frozenset[str] | None = None) -> None:
        """Show only names with all words in them, whatever the case; if wanted only sure ones, or those of a set."""
        wanted = (tuple(text.lower().split()), only_sure, among)
        if wanted != (self._words, self._only_sure, self._among):  # a reset would lose what is selected
            self.beginResetModel()
            self._words, self._only_sure, self._among = wanted
            self._arrange()
            self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column's number (not by its text); -1 gives the order of the ranking."""
        self.layoutAboutToBeChanged.emit()
        before, marked = self.shown, self.persistentIndexList()  # with those that the views made just now
        self._sorted_by = (column, order)
        self._arrange()
        moved_to = np.empty(len(self.frame), np.int64)
        moved_to[self.shown] = np.arange(len(self.shown))
        moved = [self.index(int(moved_to[before[index.row()]]), index.column()) for index in marked]
        self.changePersistentIndexList(marked, moved)  # marked rows stay with their names
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        rows = self._passing()
        column, order = self._sorted_by
        if rows.size and 0 <= column < len(self.columns):
            rows = rows[self._by(self.columns[column].field, rows, order == Qt.SortOrder.DescendingOrder)]
        self.shown = rows

    def _passing(self) -> npt.NDArray[np.int64]:
        keep = np.ones(len(self._names), dtype=bool)
        if self._only_sure and self._names:
            keep &= self._sure()
        if self._among is not None:
            keep &= np.fromiter((name in self._among for name in self._names), bool, len(self._names))
        for word in self._words:
            keep &= np.fromiter((word in name for name in self._lowered), bool, len(self._names))
        return np.flatnonzero(keep)

    def _sure(self) -> npt.NDArray[np.bool_]:
        """Return which rows a filter for sure ones leaves."""
        return np.asarray(self._values["lfsr"] < SURE)

    def _by(self, field: str, rows: npt.NDArray[np.int64], falls: bool) -> npt.NDArray[np.int64]:
        """Return the order of rows by a field; what has no number comes last."""
        if not field:
            lowered = np.array([self._lowered[row] for row in rows], dtype=str)
            order = np.argsort(lowered, kind="stable")
            return order[::-1] if falls else order
        values = self._values[field][rows]
        return np.argsort(-values if falls else values, kind="stable")

    # -- rows ---------------------------------------------------------------------------------------------------------

    def name(self, row: int) -> str:
        """Return the name in a row."""
        return self._names[self.shown[row]]

    def row_of(self, name: str) -> int:
        """Return the row that shows a name; -1 where none does."""
        if name not in self.frame.index:
            return -1
        found = np.flatnonzero(self.shown == self.frame.index.get_loc(name))
        return int(found[0]) if found.size else -1

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    # -- texts --------------------------------------------------------------------------------------------------------

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return names and tooltips of the columns, and which end of each comes first."""
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            return Qt.SortOrder.DescendingOrder if column.falls else Qt.SortOrder.AscendingOrder
        return f"{column.tip.format(unit=self.unit)}\n{_HOW}" if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour, alignment and tooltip of a cell."""
        row, column = int(self.shown[index.row()]), self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._names[row] if column.write is None else column.write(self._values, row, self._decimals)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.field:
            return _RIGHT
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._ink(row, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._all_of(row)
        return None

    def _ink(self, row: int, column: Column) -> QColor | None:
        """Return grey for a row that is not sure, and the colour of the direction for a sure change."""
        if not self._values["lfsr"][row] < SURE:
            return QColor(MUTED)
        if column.field != "change":
            return None
        return QColor(UP if self._values["change"][row] > 0 else DOWN)

    def _all_of(self, row: int) -> str:
        """Return a row in full, for names and numbers that do not fit."""
        rest = (
            f"{column.title.replace(_BREAK, ' ')}: {column.write(self._values, row, self._decimals)}"
            for column in self.columns
            if column.write
        )
        return "\n".join((self._names[row], *rest))


_BREAK = "\n"
_HOW = "Click to sort; the third click gives the ranking again."
