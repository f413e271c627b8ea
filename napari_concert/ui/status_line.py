"""The one status line: what was said last, how far the work is, Cancel."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, concern, follow

if TYPE_CHECKING:
    from napari_concert.session import Session

log = logging.getLogger(__name__)

_PREFIX = {"error": "Error: ", "warning": "Caution: "}


class StatusLine(QFrame):
    """Messages of the session, and progress of its background work."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.progress = QProgressBar()
        self.progress.setTextVisible(True)
        self.cancel = button("Stop", self._cancel, TIPS["stop"])
        self._lay_out()
        follow(self, session.notified, self.tell)
        follow(self, session.busy_changed, self._on_busy)
        follow(self, session.training_changed, self._on_training)
        self._on_training()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 6)
        layout.setSpacing(4)
        self._work = QWidget()
        row = QHBoxLayout(self._work)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.progress, stretch=1)
        row.addWidget(self.cancel)
        layout.addWidget(self._work)
        layout.addWidget(self.message)

    def tell(self, kind: str, text: str) -> None:
        """Show one line; errors and warnings in their colour."""
        log.log(logging.WARNING if kind == "error" else logging.INFO, "%s", text)
        concern(self.message, kind)
        self.message.setText(_PREFIX.get(kind, "") + text)

    def _on_busy(self, text: str) -> None:
        if text:
            self.tell("info", text)
        elif self.message.text().endswith("…"):
            self.tell("info", "")

    def _on_training(self) -> None:
        state = self.session.training
        running = state is not None and state.is_running
        self._work.setVisible(running)
        if state is None or not running:
            return
        self.cancel.setEnabled(state.status != "stopping")
        latest = state.latest
        if latest is None:
            self.progress.setRange(0, 0)
            self.progress.setFormat("preparing …")
            return
        self.progress.setRange(0, 100 * latest.max_epochs)
        self.progress.setValue(int(100 * (latest.index - 1 + latest.fraction)))
        left = f"at most {latest.seconds_left:.0f} s left"
        doing = "stopping" if state.status == "stopping" else left
        self.progress.setFormat(f"epoch {latest.index} of {latest.max_epochs} · {doing}")

    def _cancel(self) -> None:
        self.session.stop_training()
