"""Dialogs for files; each kind of file is looked for where one was found last."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from qtpy.QtWidgets import QWidget

    from napari_concert.session import Session

SLIDES, MODELS, PATCHES, SETS, RESULTS = "slides", "models", "patches", "gene sets", "results"


class Asking:
    """Asks for files of one kind; "" or nothing is the answer of a user who cancels.

    Parameters
    ----------
    session
        Remembers the folders.
    parent
        The widget that asks.
    kind
        What is looked for; kinds have a folder each.
    """

    def __init__(self, session: Session, parent: QWidget, kind: str) -> None:
        self.session, self.parent, self.kind = session, parent, kind

    def open_file(self, title: str, filters: str = "") -> str:
        """Ask for a file that exists."""
        return self._note(QFileDialog.getOpenFileName(self.parent, title, self._begin(), filters)[0])

    def open_files(self, title: str, filters: str = "") -> list[str]:
        """Ask for files that exist."""
        paths, _ = QFileDialog.getOpenFileNames(self.parent, title, self._begin(), filters)
        return [self._note(path) for path in paths]

    def open_folder(self, title: str) -> str:
        """Ask for a folder that exists."""
        return self._note(QFileDialog.getExistingDirectory(self.parent, title, self._begin()))

    def save(self, title: str, name: str, filters: str = "") -> str:
        """Ask for a file, or a folder, to be written; ``name`` is proposed."""
        return self._note(QFileDialog.getSaveFileName(self.parent, title, self._begin(name), filters)[0])

    def _begin(self, name: str = "") -> str:
        """Return where the dialog begins: in the folder of last time, if it is there still."""
        folder = self.session.preferences.folders.get(self.kind, "")
        return str(Path(folder) / name) if folder and Path(folder).is_dir() else name

    def _note(self, path: str) -> str:
        if path:
            folders = {**self.session.preferences.folders, self.kind: str(Path(path).parent)}
            self.session.prefer(folders=folders)
        return path
