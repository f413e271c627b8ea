"""The one status line: what was said last, how far the work is, Cancel."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QVBoxLayout, QWidget

from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.widgets import button, concern, follow

if TYPE_CHECKING:
    from napari_concert.session import Session

log = logging.getLogger(__name__)

_PREFIX = {"error": "Error: ", "warning": "Caution: "}
# seconds that a message stays in any case; after that, the next edit takes it away, as it is about what was before
_STAYS = {"info": 2.0, "warning": 8.0, "error": 8.0}


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
        self._until = 0.0
        follow(self, session.notified, self.tell)
        follow(self, session.busy_changed, self._on_busy)
        follow(self, session.training_changed, self._on_training)
        for signal in (session.patch_changed, session.target_changed, session.slide_changed, session.columns_changed):
            follow(self, signal, self._forget)
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
        if text:
            log.log(logging.WARNING if kind == "error" else logging.INFO, "%s", text)
        concern(self.message, kind)
        self.message.setText(_PREFIX.get(kind, "") + text)
        self._until = time.monotonic() + _STAYS[kind]

    def _forget(self, *_: object) -> None:
        """Take away a message that is about what was before; not one of work that goes on."""
        if self.message.text() and time.monotonic() > self._until and not self.message.text().endswith("…"):
            self.tell("info", "")

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
        self._forget()
        self.cancel.setEnabled(state.status != "stopping")
        latest = state.latest
        if latest is None:
            self.progress.setRange(0, 0)
            self.progress.setFormat("stopping …" if state.status == "stopping" else f"{state.doing} …")
            return
        left = "stopping" if state.status == "stopping" else f"at most {latest.seconds_left:.0f} s left"
        if state.epochs and latest.fraction < 1 and state.epochs[-1].index == latest.index:
            doing, done, whole = "finishing", latest.fraction, 1  # all epochs are over
        else:
            doing, whole = f"epoch {latest.index} of {latest.max_epochs}", latest.max_epochs
            done = latest.index - 1 + latest.fraction
        self.progress.setRange(0, 100 * whole)
        self.progress.setValue(int(100 * done))
        self.progress.setFormat(f"{doing} · {left}")

    def _cancel(self) -> None:
        self.session.stop_training()
