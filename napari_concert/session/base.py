"""What all parts of a session share: its signals, its state, background work, prediction and autosave."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_concert.errors import ConcertError
from napari_concert.jobs import InlineJobs, Jobs
from napari_concert.patches import WhatIf
from napari_concert.session import results
from napari_concert.session.autosave import Autosave
from napari_concert.session.shown import Colour, View
from napari_concert.session.training import TrainingState
from napari_concert.session.whatif import blocker, model_problem
from napari_concert.session.work import Work
from napari_concert.session.workspace import Live, Workspace
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.prediction import GeneSet, Prediction

log = logging.getLogger(__name__)

AUTOSAVE_DELAY = 0.8  # seconds: one file for a burst of edits


class SessionBase:
    """State and signals of a session, and the machinery that its verbs use.

    Parameters
    ----------
    jobs
        Runs background work; without it everything is done before a verb returns (scripts, tests).
    autosave
        Folder to keep unsaved work in; None keeps nothing.

    Attributes
    ----------
    slides_changed, slide_changed, columns_changed
        The open slides, the current one, how the current one is read.
    patch_changed, target_changed, shown_changed
        Painted spots, what they become, what colours the spots.
    model_changed, prediction_changed, training_changed
        The model, the last prediction, the state of a training.
    live_changed
        What the stroke that goes on does, for the picture alone; tables wait for its end.
    genes_changed
        The last prediction has got its tables of genes (they take longer), or there is none.
    truth_changed
        What is true under the last prediction's what-if is known, on simulated slides.
    sets_changed
        The gene sets.
    kept_changed, compared_changed
        What-ifs that are kept; those that are set side by side, or an answer to one of them.
    brush_changed
        Radius of the brush.
    busy_changed
        Text of what is going on besides training, "" when nothing is.
    notified
        Kind ("info", "warning", "error") and one line for the user.
    """

    slides_changed = Signal()
    slide_changed = Signal()
    columns_changed = Signal()
    patch_changed = Signal()
    target_changed = Signal()
    shown_changed = Signal()
    model_changed = Signal()
    prediction_changed = Signal()
    live_changed = Signal()
    genes_changed = Signal()
    truth_changed = Signal()
    sets_changed = Signal()
    kept_changed = Signal()
    compared_changed = Signal()
    training_changed = Signal()
    brush_changed = Signal(float)
    busy_changed = Signal(str)
    notified = Signal(str, str)

    def __init__(self, jobs: Jobs | None = None, autosave: Path | None = None) -> None:
        self.jobs = jobs or InlineJobs()
        self.autosave = Autosave(autosave) if autosave is not None else None
        self.workspaces: list[Workspace] = []
        self.current: Workspace | None = None
        self.model: Concert | None = None
        self.model_name = ""
        self.view = View.OBSERVED
        self.gene_sets: dict[str, GeneSet] = {}  # by name, of all slides
        self.training: TrainingState | None = None
        self._has_led = False
        self._busy: list[str] = []
        self._keep_error = ""
        self._is_closed = False
        self._is_live = self._live_again = self._live_failing = False

    # -- what is there -----------------------------------------------------------------------------------------------

    @property
    def slide(self) -> Slide | None:
        """The current slide."""
        return self.current.slide if self.current is not None else None

    @property
    def whatif_blocker(self) -> str:
        """Why what-ifs are off, and what to do; "" if they are on."""
        return blocker(self.current, self.model)

    @property
    def model_problem(self) -> str:
        """Why the model can't be used on the current slide; "" if it can."""
        return model_problem(self.current, self.model)

    def _usable_model(self) -> Concert | None:
        return None if self.model is None or self.model_problem else self.model

    @property
    def colour(self) -> Colour | None:
        """What colours the spots."""
        return self.current.colour if self.current is not None else None

    # -- predicting --------------------------------------------------------------------------------------------------

    @property
    def result(self) -> results.Result | None:
        """The last prediction on the current slide."""
        return self.current.result if self.current is not None else None

    def predict(self) -> None:
        """Predict the current what-if in the background; a newer request replaces an older one."""
        current, model = self.current, self._usable_model()
        if current is None or model is None:
            self.jobs.cancel("predict")
            self._set_result(current, None)
            return
        what_if = WhatIf() if self.whatif_blocker else current.what_if
        turn = self.jobs.generation("predict") + 1
        self.jobs.submit(
            "predict",
            partial(results.compute, model, current.slide, current.index, what_if, current.painting.rows),
            lane="predict",
            latest=True,
            on_progress=partial(self._set_result, current),
            on_error=partial(self._prediction_failed, current, turn),
        )

    def predict_live(self) -> None:
        """Predict the what-if of a stroke that goes on; while an answer is made, all requests but the newest wait."""
        current, model = self.current, self._usable_model()
        if current is None or model is None or self._live_failing or self.whatif_blocker:
            return
        self._live_again = self._is_live
        if self._is_live:
            return
        self._is_live = True
        self.jobs.submit(
            "live",
            partial(model.predict, current.what_if, current.slide),
            lane="predict",
            on_done=partial(self._live_done, current, current.what_if),
            on_error=self._live_failed,
            on_cancel=self._live_over,
        )

    def _live_done(self, workspace: Workspace, what_if: WhatIf, prediction: Prediction) -> None:
        again = self._live_again
        self._live_over()
        if not workspace.painting.in_stroke:
            return  # the answer to the whole stroke is on its way
        workspace.live = Live(what_if, prediction)
        if workspace is self.current:
            self.live_changed.emit()
        if again:
            self.predict_live()

    def _live_failed(self, error: BaseException) -> None:
        self._live_over()
        self._live_failing = True  # until the next stroke: the same error need not be read at every step of the mouse
        self._failed(error)

    def _live_over(self) -> None:
        self._is_live = self._live_again = False

    def _prediction_failed(self, workspace: Workspace, turn: int, error: BaseException) -> None:
        if turn == self.jobs.generation("predict"):  # else a newer request answers
            self._set_result(workspace, None)
            self._failed(error)

    def _set_result(self, workspace: Workspace | None, result: results.Result | None) -> None:
        if workspace is None or (result is None and workspace.result is None and not self.view.needs_model):
            return
        if result is not None and result.slide is not workspace.slide:
            return  # the slide was read otherwise meanwhile
        is_new = result is None or workspace.result is None or result.prediction is not workspace.result.prediction
        workspace.take(result)
        if workspace is self.current:
            self._lead(workspace)
            if result is None:
                self.view = View.OBSERVED
            if is_new:
                self.prediction_changed.emit()
            if result is None or result.is_whole:
                self.genes_changed.emit()
                if workspace.truth is not None:
                    self.truth_changed.emit()

    def _lead(self, workspace: Workspace) -> None:
        """Show the change of the leading gene when a model answers its first what-if; later choices are the user's."""
        ranked = workspace.result.patch_genes if workspace.result is not None else None
        if ranked is None or self._has_led or not len(ranked):
            return
        self._has_led = True
        if workspace.colour is None or workspace.colour.kind == "column":
            workspace.colour = Colour("gene", str(ranked.index[0]))
        self.view = View.CHANGE
        self.shown_changed.emit()

    # -- autosave ----------------------------------------------------------------------------------------------------

    def _keep_soon(self) -> None:
        if self.autosave is not None and self.current is not None:
            slide = self.current.slide
            if self.autosave.want(slide, Work.of(self.current, self.gene_sets.values())):
                self.jobs.submit(
                    f"keep {slide.fingerprint}",
                    partial(self.autosave.write, slide),
                    lane="save",
                    delay=AUTOSAVE_DELAY,
                    on_done=self._kept,
                    on_error=self._not_kept,
                )

    def _keep_now(self) -> None:
        """Write what was done on every slide before it can be lost."""
        if self.autosave is None:
            return
        for workspace in self.workspaces:
            self.autosave.want(workspace.slide, Work.of(workspace, self.gene_sets.values()))
            try:
                self.autosave.write(workspace.slide)
            except ConcertError as error:
                self._not_kept(error)

    def _kept(self, _: object) -> None:
        self._keep_error = ""

    def _not_kept(self, error: BaseException) -> None:
        """Say once that work can't be kept, not at every stroke."""
        if str(error) != self._keep_error:
            self._keep_error = str(error)
            self._failed(error)

    # -- background work ---------------------------------------------------------------------------------------------

    def _require_slide(self) -> Workspace:
        if self.current is None:
            raise ConcertError("No slide is open; open one first.")
        return self.current

    def _run(self, name: str, work: Any, text: str, *, on_done: Any, lane: str = "work") -> None:
        def ended(then: Any, *args: Any) -> None:
            self._busy.remove(text)
            self.busy_changed.emit(self._busy[-1] if self._busy else "")
            then(*args)

        self._busy.append(text)
        self.busy_changed.emit(text)
        self.jobs.submit(
            name,
            work,
            lane=lane,
            on_done=partial(ended, on_done),
            on_error=partial(ended, self._failed),
            on_cancel=partial(ended, lambda: None),
        )

    def _save(self, what: str, work: Any, path: Path) -> None:
        def saved(_: object) -> None:
            self.notified.emit("info", f"Saved the {what} as {path}.")

        self._run(f"save {what}", work, f"Saving the {what} …", lane="save", on_done=saved)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, ConcertError):
            log.error("Background work failed", exc_info=error)
        self.notified.emit("error", describe_error(error))


def describe_error(error: BaseException) -> str:
    """Return one line for the user."""
    if isinstance(error, ConcertError):
        return str(error)
    return f"This did not work: {type(error).__name__}: {error}. The log has the details; your painted spots are safe."
