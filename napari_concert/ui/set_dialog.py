"""Paste a list of genes to read them as one signal."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from napari_concert.errors import ConcertError
from napari_concert.prediction import GeneSet, split_names
from napari_concert.ui.theme import colour
from napari_concert.ui.widgets import note, say

HOW = "Paste gene names, one a line or with commas between them. Upper and lower case do not matter."
DEFAULT_NAME = "My genes"
REPORT_AFTER = 250  # milliseconds without a keystroke


class SetDialog(QDialog):
    """Asks for the genes of a set, and says while they are typed which of them can be used.

    Parameters
    ----------
    parent
        The window it is over.
    report
        Says what becomes of the names of a set.
    taken
        Names of sets that exist: a set of that name would not be told from them.
    """

    def __init__(self, parent: QWidget, report: Callable[[GeneSet], str], taken: frozenset[str]) -> None:
        super().__init__(parent)
        self._report, self._taken = report, taken
        self.setWindowTitle("A set of genes")
        self.name, self.genes = QLineEdit(_free(DEFAULT_NAME, taken)), QPlainTextEdit()
        self.name.setToolTip("What the set is called in the table.")
        self.genes.setToolTip(HOW)
        self.genes.setStyleSheet(f"background: {colour('foreground')}; color: {colour('text')};")
        self.genes.setPlaceholderText("Krt8, Krt18, Epcam")
        self.says = note(kind="quiet")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(REPORT_AFTER)
        self._soon.timeout.connect(self._say)
        self._lay_out()
        self.name.textChanged.connect(self._allow)
        self.genes.textChanged.connect(self._allow)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._allow()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        for part in (QLabel("Name"), self.name, note(HOW), self.genes, self.says, self.buttons):
            layout.addWidget(part)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Add the set")
        self.resize(400, 400)

    @property
    def gene_set(self) -> GeneSet | None:
        """The set as it is typed; None while its name or its genes are missing or the name is taken."""
        try:
            made = GeneSet(self.name.text(), split_names(self.genes.toPlainText()))
        except ConcertError:
            return None
        return None if made.name in self._taken else made

    def _allow(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(self.gene_set is not None)
        self._soon.start()

    def _say(self) -> None:
        made, name = self.gene_set, self.name.text().strip()
        if made is not None:
            say(self.says, self._report(made))
        else:
            is_taken = name in self._taken
            say(self.says, f"There is a set called {name!r} already. Choose another name." if is_taken else "")


def _free(name: str, taken: frozenset[str]) -> str:
    """Return the name, numbered if it is taken."""
    numbers = (number for number in range(2, len(taken) + 3) if f"{name} {number}" not in taken)
    return f"{name} {next(numbers)}" if name in taken else name
