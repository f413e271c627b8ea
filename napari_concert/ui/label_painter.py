"""Painting observed labels into a new column, for a slide that has none to switch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLineEdit, QWidget

from napari_concert.ui.widgets import button, column, follow, form, note

if TYPE_CHECKING:
    from napari_concert.session import Session

WRITTEN = "Write the labels; the column becomes the one that a what-if switches, and the patches go."
EXPLAINED = "Paint spots (step 3), then write what they were observed to be into a column of your own."


class LabelPainter(QWidget):
    """Names a column, the label of the painted spots, and that of the others."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.name, self.label, self.others = QLineEdit("painted"), QLineEdit(), QLineEdit("control")
        self.label.setPlaceholderText("lesion, say")
        self.others.setPlaceholderText("unknown")
        self.name.setToolTip("Name of the column that the labels are written into; a new one, or one painted before.")
        self.label.setToolTip("What the painted spots were observed to be.")
        self.others.setToolTip("What all other spots are, where the column is new. Leave it empty if that is unknown.")
        self.write = button("Label the painted spots", self._write, WRITTEN)
        layout = column(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(note(EXPLAINED, "quiet"))
        fields = form()
        fields.addRow("Column", self.name)
        fields.addRow("Painted spots", self.label)
        fields.addRow("All others", self.others)
        layout.addLayout(fields)
        layout.addWidget(self.write)
        self.label.textChanged.connect(self._refresh)
        for signal in (session.patch_changed, session.slide_changed):
            follow(self, signal, self._refresh)
        self._refresh()

    def _refresh(self, *_: object) -> None:
        count = len(self.session.painted)
        self.write.setText(f"Label {count:,} painted spots" if count else "Label painted spots")
        self.write.setEnabled(bool(count and self.label.text().strip()))

    def _write(self) -> None:
        self.session.label_painted(self.name.text(), self.label.text(), self.others.text())
