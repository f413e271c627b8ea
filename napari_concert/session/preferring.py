"""The user's choices: taken note of as they are made, kept for the next start, and forgotten on demand."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from psygnal import Signal

from napari_concert.errors import ConcertError
from napari_concert.jobs import Jobs
from napari_concert.session import preferences as kept
from napari_concert.session.base import AUTOSAVE_DELAY, SessionBase
from napari_concert.session.preferences import Preferences
from napari_concert.session.shown import Scaling

log = logging.getLogger(__name__)


class Preferring(SessionBase):
    """Verbs on choices that hold on every slide.

    Parameters
    ----------
    jobs, autosave
        As in :class:`SessionBase`.
    preferences
        File that keeps choices; None, as for scripts, begins with the defaults and keeps nothing.

    Attributes
    ----------
    preferences
        The choices as they are now.
    choices_forgotten
        All of them are as at first.
    """

    choices_forgotten = Signal()

    def __init__(self, jobs: Jobs | None = None, autosave: Path | None = None, preferences: Path | None = None) -> None:
        super().__init__(jobs, autosave)
        self.preferences = Preferences() if preferences is None else kept.read(preferences)
        self._choices_file = preferences
        self._choices_due = False
        self._choices_lock = threading.Lock()

    @property
    def scaling(self) -> Scaling:
        """How values become colours."""
        return self.preferences.scaling

    def prefer(self, **choices: Any) -> None:
        """Take note of choices, by their names in :class:`Preferences`, and keep them a moment later."""
        wanted = replace(self.preferences, **choices)
        if wanted == self.preferences:
            return
        self.preferences = wanted
        if self._choices_file is not None and not self._choices_due:
            self._choices_due = True
            self.jobs.submit("keep choices", self._keep_choices, lane="save", delay=AUTOSAVE_DELAY)

    def _keep_choices(self) -> None:
        """Write the newest choices, if they wait for it. That they can't be written stops no work."""
        with self._choices_lock:
            if not self._choices_due or self._choices_file is None:
                return
            self._choices_due = False  # before they are looked up: what is chosen later is due anew
            try:
                kept.write(self._choices_file, self.preferences)
            except (OSError, ConcertError) as error:
                log.warning("Choices can't be kept for the next start: %s", error)
