"""Session: the one evented object of the app, and its verbs."""

from __future__ import annotations

from napari_concert.session.aligning import Aligning
from napari_concert.session.between import InBetween
from napari_concert.session.checking import Checking
from napari_concert.session.filling import Filling
from napari_concert.session.gene_sets import GeneSets
from napari_concert.session.models import Models
from napari_concert.session.preferences import Preferences
from napari_concert.session.stacks import Stacks

FORGOTTEN = "Your choices are forgotten: tools, colours, lists and training fields are as at the first start."


class Session(InBetween, Filling, Aligning, Checking, Models, GeneSets, Stacks):
    """Slides, what is painted on them, the model, and what is shown.

    Every verb returns at once; work over a few milliseconds runs in the background and ends in a signal on the main
    thread, or in ``notified`` with an error that says what to do. The parameters are those of :class:`Preferring`.
    """

    def forget_choices(self) -> None:
        """Let all choices be as at first, here and at the next start; the work on slides stays."""
        self.prefer(**vars(Preferences()))
        self.brush_changed.emit(self.brush_radius)
        for signal in (
            self.shown_changed,
            self.reach_changed,
            self.stack_changed,
            self.depth_changed,
            self.choices_forgotten,
        ):
            signal.emit()
        self.notified.emit("info", FORGOTTEN)

    def close(self, timeout: float = 2.0) -> None:
        """End background work and keep what was done; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        self._keep_now()
        self._keep_choices()
        self.jobs.shutdown(timeout)
