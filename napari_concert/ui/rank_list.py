"""The table of step 4 with what finds, copies and saves its rows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
from psygnal import Signal
from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from napari_concert.io import write_table
from napari_concert.session.base import describe_error
from napari_concert.ui.asking import RESULTS, Asking
from napari_concert.ui.gene_table import GeneTable
from napari_concert.ui.rank_columns import GENES, LEVELS, Column
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, note, say

if TYPE_CHECKING:
    from napari_concert.session import Session

NO_MATCH = "No row passes the filter. Clear the text, or untick “only sure”."
TIP_FILTER = "Show only names that contain what you type. With several words, all must occur. Case does not matter."
TIP_SURE = "Show only rows whose sign is sure: a local false sign rate below 0.025."
TIP_EXPORT = "Save the rows as they are listed (filtered and sorted) as .csv, with units in the header."
TIP_AMONG = "Only genes of this set are listed. Click to list all genes again."


class RankList(QWidget):
    """Genes or gene sets, with a filter and an export.

    Attributes
    ----------
    chosen
        Emitted with the name in a row that the user chose.
    opened
        Emitted with the name in a row that was double-clicked.
    """

    chosen = Signal(str)
    opened = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.file_name = "genes.csv"
        self.table, self.filter, self.only_sure = GeneTable(), QLineEdit(), QCheckBox("only sure")
        self.export = button("Export CSV…", self._ask_path, TIP_EXPORT)
        self.among = button("", self.list_all, TIP_AMONG)
        self.units = note(kind="quiet")
        self._among: frozenset[str] | None = None
        self._given: pd.DataFrame | None = None
        self._nothing = ""
        self._lay_out()
        self.filter.textChanged.connect(self._filter)
        self.only_sure.toggled.connect(self._filter)
        self.table.gene_chosen.connect(self.chosen.emit)
        self.table.opened.connect(self.opened.emit)
        self._filter()

    def _lay_out(self) -> None:
        self.filter.setPlaceholderText("Filter by name …")
        self.filter.setClearButtonEnabled(True)
        self.filter.setToolTip(TIP_FILTER)
        self.only_sure.setToolTip(TIP_SURE)
        self.table.setToolTip(TIPS["ranking"])
        self.among.hide()
        row, layout = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.filter, stretch=1)
        row.addWidget(self.only_sure)
        row.addWidget(self.export)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        for part in (self.among, self.table, self.units):
            layout.addWidget(part)
        layout.setStretchFactor(self.table, 1)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def show_rows(self, rows: pd.DataFrame | None, columns: tuple[Column, ...], nothing: str) -> None:
        """List rows, which are filtered and sorted as before; ``nothing`` says what to do where there is none.

        The same rows again change nothing: what is selected stays.
        """
        scaling = self.session.scaling
        shown = (self.table.genes.columns, self.table.genes.factor)
        self._nothing = nothing
        if rows is not self._given or shown != (columns, scaling.change_factor):
            self._given = rows
            self.table.show_rows(rows, scaling.change_factor, scaling.change_unit, columns)
        say(self.units, self._units(columns) if rows is not None else "")
        self.among.setVisible(self._among is not None and columns is GENES)
        self._filter()

    def list_only(self, name: str, genes: frozenset[str]) -> None:
        """List only some genes, those of a set, until all are wanted again."""
        self._among = genes
        self.among.setText(f"Only the {len(genes)} modelled genes of {name}   ×")

    def list_all(self) -> None:
        """List all genes again."""
        self._among = None
        self.among.hide()
        self._filter()

    def _units(self, columns: tuple[Column, ...]) -> str:
        counts = f"; {LEVELS}" if columns is GENES else ""
        return f"{self.session.scaling.change_unit}{counts}"

    def _filter(self, *_: object) -> None:
        among = self._among if self.table.genes.columns is GENES else None
        self.table.set_filter(self.filter.text(), self.only_sure.isChecked(), among)
        has_rows = bool(len(self.table.genes.frame))
        self.table.nothing = NO_MATCH if has_rows else self._nothing
        self.export.setEnabled(self.table.genes.rowCount() > 0)

    # -- files --------------------------------------------------------------------------------------------------------

    def _ask_path(self) -> None:
        path = Asking(self.session, self, RESULTS).save("Export rows", self.file_name, "Tables (*.csv)")
        if path:
            self.save(path)

    def save(self, path: str) -> None:
        """Save the rows as listed, in the background."""
        path = path if path.lower().endswith(".csv") else f"{path}.csv"
        rows, notified = self.table.shown_rows(), self.session.notified
        self.session.jobs.submit(
            f"export {path}",
            partial(write_table, path, rows),
            lane="save",
            on_done=lambda _: notified.emit("info", f"Saved {len(rows):,} rows as {path}."),
            on_error=lambda error: notified.emit("error", describe_error(error)),
        )
