"""What stays as long as a napari window does: its dock, and with it the session, layers and brush."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.ui.dock import ConcertDock

NAME = "concert_home"


class Home(QObject):
    """Keeps the dock of a window.

    napari lets go of a dock that is closed with its X, and asks for a new one from the Plugins menu; the slide, and
    what was done on it, must still be there.
    """

    def __init__(self, window: QObject, dock: ConcertDock) -> None:
        super().__init__(window)
        self.setObjectName(NAME)
        self.dock = dock


def window_of(viewer: Viewer) -> QObject | None:
    """Return the main window of a viewer; None if it has none, as a bare ``ViewerModel``."""
    window: QObject | None = getattr(getattr(viewer, "window", None), "_qt_window", None)
    return window


def kept_dock(viewer: Viewer) -> ConcertDock | None:
    """Return the dock that was made for a viewer's window, whether it is open or closed."""
    window = window_of(viewer)
    home = window.findChild(Home, NAME) if window is not None else None
    return home.dock if home is not None else None
