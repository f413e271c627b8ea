"""Verbs on the model: train, stop, save, load."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_concert.errors import ConcertError
from napari_concert.remote import Stage
from napari_concert.session import opening
from napari_concert.session.base import SessionBase
from napari_concert.session.training import TrainingSettings, TrainingState, training, where_trained
from napari_concert.session.whatif import model_problem
from napari_concert.slide import Slide

if TYPE_CHECKING:
    from napari_concert.concert import Concert, Epoch


class Models(SessionBase):
    """Verbs on the model."""

    def train(self, settings: TrainingSettings | None = None) -> None:
        """Train a model in the background; the old one serves until the new one is there."""
        current = self._require_slide()
        if self.training is not None and self.training.is_running:
            self.notified.emit("info", "A training is running; stop it first.")
            return
        settings = settings or TrainingSettings()
        slides = [open_.slide for open_ in self.workspaces] if settings.all_slides else [current.slide]
        state = self.training = TrainingState(settings)
        kept: list[Concert] = []
        keep = partial(self._keep_model, state, slides, kept)
        self.training_changed.emit()
        self.jobs.submit(
            "train",
            partial(training, slides, settings, keep),
            lane="train",
            on_progress=partial(self._trained_some, state),
            on_done=lambda model: self._trained(state, "done", model),
            on_cancel=lambda: self._trained(state, "stopped", kept[0] if kept else None),
            on_error=partial(self._training_failed, state),
        )

    def stop_training(self) -> None:
        """Stop a training; the best weights so far are kept."""
        if self.training is not None and self.training.status in ("preparing", "training"):
            self.training.status = "stopping"
            self.training_changed.emit()
            self.jobs.cancel("train")

    def _keep_model(self, state: TrainingState, slides: list[Slide], kept: list[Concert], model: Concert) -> None:
        """Keep a trained model on disk at once, in the worker: the window may be closing."""
        opening.prepare_model(model)
        kept.append(model)
        if self.autosave is None:
            return
        try:
            for slide in slides:
                self.autosave.keep_model(slide, model, lambda: self.training is state)
        except ConcertError as error:
            state.keep_error = error

    def _trained_some(self, state: TrainingState, report: Epoch | Stage) -> None:
        if state.add(report):
            self.training_changed.emit()

    def _trained(self, state: TrainingState, status: str, model: Concert | None) -> None:
        if self.training is not state:
            return  # given up meanwhile
        state.status = status
        if model is not None:
            self._use(model, where_trained(model) if status == "done" else "stopped early")
        self.notified.emit(*self._outcome(status, model))
        if state.keep_error is not None:
            self._not_kept(state.keep_error)
        self.training_changed.emit()

    def _outcome(self, status: str, model: Concert | None) -> tuple[str, str]:
        if model is None:
            return "info", "Stopped before the first epoch was over, so nothing was learned yet."
        done = "The model is ready" if status == "done" else "Stopped; the best weights so far are kept"
        if self.model_problem:
            return "warning", f"{done}, but it can't be used on this slide: {self.model_problem}."
        is_painted = self.current is not None and len(self.current.painting.painted)
        what_next = "Step 4 lists" if is_painted else "Paint spots in step 3; step 4 lists"
        return "info", f"{done}. {what_next} the genes that change."

    def _training_failed(self, state: TrainingState, error: BaseException) -> None:
        if self.training is not state:
            return  # given up meanwhile
        state.status = "failed"
        self.training_changed.emit()
        self._failed(error)

    def _use(self, model: Concert, name: str) -> None:
        self.model, self.model_name, self._has_led = model, name, False
        for workspace in self.workspaces:
            if not model_problem(workspace, model):
                workspace.own_model = (model, name)
            if workspace is not self.current:
                workspace.result = None  # of an older model
        self.model_changed.emit()
        self.predict()

    def save_model(self, folder: str | Path) -> None:
        """Save the model into a folder."""
        if self.model is None:
            self.notified.emit("error", "There is no model to save; train one first.")
            return
        self._save("model", partial(self.model.save, folder), Path(folder))

    def load_model(self, folder: str | Path) -> None:
        """Load a model from a folder and use it on the current slide if it fits."""
        slide = self._require_slide().slide
        work = partial(opening.load_model, Path(folder), slide)
        self._run("load", work, "Loading the model …", on_done=lambda model: self._use(model, Path(folder).name))

    def warm_up(self) -> None:
        """Load what training needs (torch takes seconds) in the background."""
        self.jobs.submit("warm up", opening.warm_up, lane="train")
