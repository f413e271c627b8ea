"""A sortable table of genes or gene sets by their change; clicking a row names it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from psygnal import Signal
from qtpy.QtCore import QModelIndex, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QKeySequence, QPainter
from qtpy.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView

from napari_concert.ui.plots import MUTED
from napari_concert.ui.rank_columns import GENES, Column, labelled
from napari_concert.ui.rank_model import RankModel

PADDING, ROW_HEIGHT, SHORTEST = 9, 20, 140  # pixels
FONT_SIZE = 11  # pixels
STYLE = (
    f"QTableView {{ font-size: {FONT_SIZE}px; }} QHeaderView::section {{ font-size: {FONT_SIZE}px; padding: 2px 3px; }}"
)


class GeneTable(QTableView):
    """The view of a :class:`RankModel`.

    Attributes
    ----------
    gene_chosen
        Emitted with the name in the row that was clicked or reached with the arrow keys.
    opened
        Emitted with the name in the row that was double-clicked.
    nothing
        What an empty table says.
    """

    gene_chosen = Signal(str)
    opened = Signal(str)

    def __init__(self, kind: type[RankModel] = RankModel) -> None:
        super().__init__()
        self.genes = kind(self)  # a view must not outlive its model: Qt would read freed rows
        self.nothing = ""
        self._is_following = False
        self.setModel(self.genes)
        self.setStyleSheet(STYLE)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setMinimumHeight(SHORTEST)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self._set_up_header()
        self.selectionModel().currentRowChanged.connect(self._on_row)
        self.clicked.connect(self._on_row)  # the chosen row again: another gene may be shown by now
        self.doubleClicked.connect(lambda index: self.opened.emit(self.genes.name(index.row())))

    def _set_up_header(self) -> None:
        header = self.horizontalHeader()
        header.setMinimumSectionSize(30)
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Give every column the room of its widest text, and names the rest."""
        header = self.horizontalHeader()
        cells, titles = _metrics(self.font()), _metrics(header.font(), bold=True)
        for position, column in enumerate(self.genes.columns):
            mode = QHeaderView.ResizeMode.Interactive if column.field else QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(position, mode)
            widest = max(titles.horizontalAdvance(line) for line in column.title.splitlines())
            header.resizeSection(position, max(cells.horizontalAdvance(column.widest), widest) + PADDING)

    def sizeHint(self) -> QSize:
        """Return a small size: the table takes what the plots leave."""
        return QSize(super().sizeHint().width(), SHORTEST)

    def showEvent(self, event: Any) -> None:
        """Fit the columns to the fonts of the window."""
        super().showEvent(event)
        self._fit_columns()

    def show_rows(
        self, frame: pd.DataFrame | None, factor: float, unit: str, columns: tuple[Column, ...] = GENES
    ) -> None:
        """Show other rows; the sorting stays unless the columns are others."""
        chosen, is_other = self.chosen, columns is not self.genes.columns
        if is_other:
            self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.genes.set_frame(frame, columns, factor, unit)
        if is_other:
            self._fit_columns()
        self.choose(chosen)

    def set_filter(self, text: str, only_sure: bool, among: frozenset[str] | None = None) -> None:
        """Show only some rows; see :meth:`RankModel.set_filter`."""
        chosen = self.chosen
        self.genes.set_filter(text, only_sure, among)
        self.choose(chosen)

    @property
    def chosen(self) -> str:
        """The name in the current row; "" without one."""
        row = self.currentIndex().row()
        return self.genes.name(row) if row >= 0 else ""

    def choose(self, name: str) -> None:
        """Put the mark on a name without telling; on nothing if no row shows it."""
        if name == self.chosen:
            return
        row = self.genes.row_of(name)
        self._is_following = True
        self.setCurrentIndex(self.genes.index(row, 0) if row >= 0 else QModelIndex())
        self._is_following = False
        if row < 0:
            self.clearSelection()

    # -- copying ------------------------------------------------------------------------------------------------------

    def shown_rows(self) -> pd.DataFrame:
        """Return the rows as shown, filtered and sorted, with units in the headers."""
        return labelled(self.genes.frame.iloc[self.genes.shown], self.genes.factor, self.genes.unit)

    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard, tab-separated, with a header."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if rows:
            text = self.shown_rows().iloc[rows].to_csv(sep="\t", float_format="%.6g", lineterminator="\n")
            QApplication.clipboard().setText(text)

    def keyPressEvent(self, event: Any) -> None:
        """Copy rows rather than the one cell that Qt would."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: Any) -> None:
        """Offer to copy."""
        menu = QMenu(self)
        menu.addAction("Copy selected rows\tCtrl+C", self.copy_rows)
        menu.exec(event.globalPos())

    # -- events -------------------------------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        """Say why there is no row."""
        super().paintEvent(event)
        if self.nothing and not self.genes.rowCount():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(MUTED))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.viewport().rect().adjusted(16, 8, -16, -8), flags, self.nothing)
            painter.end()

    def focusInEvent(self, event: Any) -> None:
        """Take the focus without choosing: Qt makes the first row the current one where there is none."""
        self._is_following = True
        super().focusInEvent(event)
        self._is_following = False

    def _on_row(self, current: QModelIndex, _previous: QModelIndex | None = None) -> None:
        if current.isValid() and not self._is_following:
            self.gene_chosen.emit(self.genes.name(current.row()))


def _metrics(font: QFont, *, bold: bool = False) -> QFontMetrics:
    """Return the measures of a font as the style sheet sizes it."""
    sized = QFont(font)
    sized.setPixelSize(FONT_SIZE)
    sized.setBold(bold)
    return QFontMetrics(sized)
