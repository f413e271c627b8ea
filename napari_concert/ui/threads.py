"""Carrying the results of background work to Qt's main thread."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, Qt, Signal, Slot


class MainThread(QObject):
    """Runs functions on the thread that made it (the main one), whichever thread calls.

    Calls are queued in the event loop, so that they never interrupt what the main thread is doing.
    """

    _called = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._called.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def __call__(self, function: Callable[[], object]) -> None:
        """Run ``function`` on the main thread as soon as its event loop is free."""
        self._called.emit(function)

    @Slot(object)
    def _run(self, function: Callable[[], object]) -> None:
        function()
