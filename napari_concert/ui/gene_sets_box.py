"""Which gene sets are scored: from a .gmt file or a pasted list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_concert.ui.asking import SETS, Asking
from napari_concert.ui.set_dialog import SetDialog
from napari_concert.ui.set_report import report, summary
from napari_concert.ui.widgets import button, column, follow, note, say

if TYPE_CHECKING:
    from napari_concert.prediction import GeneSet
    from napari_concert.session import Session

NOTHING = (
    "No gene set yet. Open a .gmt file, as MSigDB and Enrichr give them, or paste names: each set is scored as one "
    "signal, the mean change of its genes."
)
TIP_OPEN = "Add the gene sets of a .gmt file: a line a set, with name, description and genes between tabs."
TIP_PASTE = "Add a set from a list of gene names."
TIP_CLEAR = "Take all gene sets out of the table. The files stay as they are."


class GeneSetsBox(QWidget):
    """The gene sets of the session."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._said_for: tuple[str, ...] = ()
        self.says = note(NOTHING, "quiet")
        self.open = button("Open .gmt…", self._ask_file, TIP_OPEN)
        self.paste = button("Paste names…", self._ask_names, TIP_PASTE)
        self.clear = button("Remove all", session.remove_gene_sets, TIP_CLEAR)
        layout, row = column(self), QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for part in (self.open, self.paste, self.clear):
            row.addWidget(part)
        row.addStretch()
        layout.addLayout(row)
        layout.addWidget(self.says)
        for signal in (session.slide_changed, session.sets_changed):
            follow(self, signal, self._say)
        follow(self, session.prediction_changed, self._on_prediction)
        self._say()

    def report(self, gene_set: GeneSet) -> str:
        """Say what becomes of the names of a set on this slide."""
        slide = self.session.slide
        return report(gene_set, self._modelled(), tuple(slide.genes) if slide is not None else ())

    def _ask_file(self) -> None:
        path = Asking(self.session, self, SETS).open_file("Open gene sets", "Gene sets (*.gmt);;All files (*)")
        if path:
            self.session.read_gene_sets(path)

    def _ask_names(self) -> None:
        dialog = SetDialog(self.window(), self.report, frozenset(self.session.gene_sets))

        def added() -> None:
            if dialog.gene_set is not None:
                self.session.add_gene_sets(dialog.gene_set)

        dialog.accepted.connect(added)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _modelled(self) -> tuple[str, ...]:
        result = self.session.result
        return result.prediction.genes if result is not None else ()

    def _on_prediction(self) -> None:
        """Say again what is used if another model answers; not at every stroke, as there may be thousands of sets."""
        if self._modelled() != self._said_for:
            self._say()

    def _say(self) -> None:
        self._said_for = self._modelled()
        sets = list(self.session.gene_sets.values())
        self.clear.setEnabled(bool(sets))
        if not sets:
            say(self.says, NOTHING)
        elif len(sets) == 1:
            say(self.says, self.report(sets[0]))
        else:
            say(self.says, summary(sets, self._said_for))
