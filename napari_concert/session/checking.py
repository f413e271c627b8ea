"""Verbs on quality checks: hide spots, predict them, see how far off that is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_concert.evaluate.quality import Hiding, in_short
from napari_concert.session.files import Files
from napari_concert.session.hidden_spots import HiddenSpots, Look
from napari_concert.session.shown import View
from napari_concert.session.views import Views
from napari_concert.session.workspace import Workspace
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.evaluate.quality import Check, Step

JOB = "quality"
NO_MODEL = "There is no model to check: train or load one in step 2."
NO_SLIDE = "Open a slide first."
NOTHING_PAINTED = "Nothing is painted: paint the spots to hide in step 3, or choose another way to hide."
GONE = "The quality check is gone: it was of another model, or of the slide as it was read before. Check again."
STOPPED = "The quality check was given up; an earlier one stays."


@dataclass(frozen=True, eq=False)
class Running:
    """A check that goes on: of which slide and by which model, and what is done now."""

    slide: Slide
    model: Concert
    anew: bool
    step: Step | None = None
    is_stopping: bool = False


@dataclass(frozen=True, eq=False)
class Checked:
    """A check that is done, and the model that was in use then."""

    check: Check
    model: Concert


class Checking(Views, Files):
    """Verbs on the quality check of the current slide; a slide has one at most.

    Attributes
    ----------
    checked_changed
        There is another check, or none; or one goes on, or how it is looked at is another.
    """

    checked_changed = Signal()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.checking: Running | None = None
        self._hidden: HiddenSpots | None = None
        self._hidden_of: Check | None = None
        for signal in (self.model_changed, self.slide_changed):
            signal.connect(self._drop_old)

    @property
    def checked(self) -> Check | None:
        """The check of the current slide."""
        return None if self.current is None or self.current.checked is None else self.current.checked.check

    @property
    def no_check(self) -> str:
        """Why nothing can be checked, and what to do; "" if it can."""
        if self.current is None:
            return NO_SLIDE
        return NO_MODEL if self.model is None else self.model_problem

    def check(self, hiding: Hiding, *, anew: bool = False) -> None:
        """Hide spots and predict them in the background; what was checked before stays until that is done.

        Parameters
        ----------
        anew
            Train a model without them first, as the one in use was trained.
        """
        current, model = self.current, self.model
        if current is None or model is None or self.no_check:
            self.notified.emit("error", self.no_check)
            return
        if hiding.scheme == "painted" and not len(self.painted):
            self.notified.emit("error", NOTHING_PAINTED)
            return
        if self.checking is not None:
            self.notified.emit("info", "A quality check is going on; cancel it first.")
            return
        self._set_checking(Running(current.slide, model, anew))
        self.jobs.submit(
            JOB,
            partial(_checking, current.slide, model, hiding, self.painted.copy(), anew),
            lane=JOB,
            on_progress=self._step,
            on_done=partial(self._check_done, current),
            on_error=self._check_failed,
            on_cancel=self._check_stopped,
        )

    def stop_check(self) -> None:
        """Give a check up."""
        if self.checking is not None:
            self._set_checking(replace(self.checking, is_stopping=True))
            self.jobs.cancel(JOB)

    def _set_checking(self, running: Running | None) -> None:
        self.checking = running
        self.checked_changed.emit()

    def _step(self, step: Step) -> None:
        if self.checking is not None:
            self._set_checking(replace(self.checking, step=step))

    def _check_done(self, workspace: Workspace, check: Check) -> None:
        running = self.checking
        is_old = running is None or workspace not in self.workspaces or workspace.slide is not check.slide
        if running is not None and not is_old:
            workspace.checked = Checked(check, running.model)
        self._set_checking(None)
        self.notified.emit(*(("warning", GONE) if is_old else ("info", in_short(check))))
        self._drop_old()

    def _check_failed(self, error: BaseException) -> None:
        self._set_checking(None)
        self._failed(error)

    def _check_stopped(self) -> None:
        self._set_checking(None)
        self.notified.emit("info", STOPPED)

    def _drop_old(self, *_: object) -> None:
        """Drop a check that is of another model, or of the slide as it was read before; say so."""
        current = self.current
        checked = current.checked if current is not None else None
        is_old = checked is not None and not (checked.model is self.model and checked.check.slide is self.slide)
        if current is not None and is_old:
            current.checked, current.look = None, Look.SLIDE
            self.notified.emit("warning", GONE)
        self.checked_changed.emit()

    # -- seeing it ----------------------------------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """How hidden spots are seen now."""
        return Look.SLIDE if self.current is None else self.current.look

    def look_at(self, look: Look) -> None:
        """Show the hidden spots of the last check instead of the slide, or the slide again."""
        if look is not Look.SLIDE and self.checked is None:
            self.notified.emit("info", "There is no quality check to look at yet; press Check.")
            return
        if look is not Look.SLIDE and self.current is not None and self.current.compared:
            super().compare(())
        self._look(look)

    def _look(self, look: Look) -> None:
        if self.current is not None and look is not self.current.look:
            self.current.look = look
            self.checked_changed.emit()

    def compare(self, positions: Sequence[int]) -> None:
        """Set kept what-ifs side by side; hidden spots are out of sight then."""
        super().compare(positions)
        if positions:
            self._look(Look.SLIDE)

    def show_view(self, view: View) -> None:
        """Show a view of the gene on the slide, and hidden spots no longer."""
        self._look(Look.SLIDE)
        super().show_view(view)

    def show_hidden(self, gene: str) -> None:
        """Show a gene of the hidden spots."""
        if self.look is Look.SLIDE:
            self.look_at(Look.MAPS)
        self.show_gene(gene)

    def hidden_spots(self) -> HiddenSpots | None:
        """Return the shown gene of the hidden spots; None where no check is, or the gene was not checked."""
        check, colour = self.checked, self.colour
        if check is None or colour is None or colour.kind != "gene" or colour.name not in check.quality.hidden.genes:
            return None
        known = self._hidden
        if known is None or self._hidden_of is not check or known.gene != colour.name:
            self._hidden, self._hidden_of = HiddenSpots.of(check, colour.name), check
        return self._hidden

    def save_check(self, folder: str | Path) -> None:
        """Save the check into a folder: tables, a figure, and all that is needed to repeat it."""
        check = self.checked
        if check is None:
            self.notified.emit("error", "There is no quality check to save; press Check first.")
            return
        from napari_concert.evaluate.quality import write_check

        shown = self.hidden_spots()
        work = partial(write_check, folder, check, gene=None if shown is None else shown.gene)
        self._save("quality check", work, Path(folder))


def _checking(
    slide: Slide, model: Concert, hiding: Hiding, painted: npt.NDArray[np.int64], anew: bool
) -> Generator[Step, None, Check]:
    from napari_concert.evaluate.quality import check
    from napari_concert.model import runtime

    runtime.set_threads()
    return (yield from check(slide, model, hiding, painted, anew=anew))
