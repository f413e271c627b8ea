"""Verbs on a section in between: predicted at a height where none was cut, and kept up with what is painted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.session.section_between import SectionBetween, predicting, show_between
from napari_concert.session.views import Views
from napari_concert.slide.between import gap_at

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.session.shown import ShownValues
    from napari_concert.session.workspace import Workspace

JOB = "between"
NO_MODEL = "A section in between is predicted by a model: train or load one first (step 2)."


class InBetween(Views):
    """Verbs on the section in between.

    Attributes
    ----------
    between_changed
        One is being predicted, was predicted, or is gone.
    """

    between_changed = Signal()
    _sections_awaited = 0

    @property
    def is_predicting_section(self) -> bool:
        """Whether a section is being predicted."""
        return self._sections_awaited > 0

    @property
    def section_between(self) -> SectionBetween | None:
        """The predicted section of the current slide."""
        return self.current.between if self.current is not None else None

    @property
    def no_section_between(self) -> str:
        """Why no section can be predicted, and what to do; "" if one can."""
        return NO_MODEL if self.model is None else self.model_problem

    def predict_section(self, z: float) -> None:
        """Predict a section between two measured ones, in the background; it replaces the one before.

        What is painted on the measured spots changes it too, and it follows later strokes.

        Parameters
        ----------
        z
            In the slide's units.
        """
        current, model = self._require_slide(), self._usable_model()
        try:
            gap_at(current.slide, z, current.levels)
        except ConcertError as error:
            self._failed(error)
            return
        if model is None:
            self.notified.emit("error", self.no_section_between)
            return
        self._predict_section(current, model, z)

    def stop_section(self) -> None:
        """Give the prediction of a section up; one that was there stays."""
        self.jobs.cancel(JOB)

    def between_values(self, shown: ShownValues) -> ShownValues | None:
        """Return what the predicted section shows where the measured spots show ``shown``; None where there is none."""
        section, colour = self.section_between, self.colour
        if section is None or colour is None:
            return None
        return show_between(section, colour, self.shown_view, shown, self.scaling)

    def forget_section(self) -> None:
        """Take the predicted section away."""
        self.jobs.cancel(JOB)
        if self.section_between is not None:
            self._set_section(self._require_slide(), None)

    def predict(self) -> None:
        """Predict the current what-if, and what it does to the section in between."""
        super().predict()
        current, model = self.current, self._usable_model()
        if current is None or current.between is None:
            return
        if model is None:
            self.forget_section()
        elif current.between.model is not model or not _is_same(current.between.what_if, self._asked_for(current)):
            self._predict_section(current, model, current.between.gap.z)

    def _asked_for(self, workspace: Workspace) -> WhatIf:
        return WhatIf() if self.whatif_blocker else workspace.what_if

    def _predict_section(self, workspace: Workspace, model: Concert, z: float) -> None:
        slide, what_if = workspace.slide, self._asked_for(workspace)
        self._await(1)
        self.jobs.submit(
            JOB,
            partial(predicting, model, slide, workspace.levels, z, what_if, workspace.between),
            lane=JOB,
            latest=True,
            on_done=partial(self._section_done, workspace),
            on_error=self._section_failed,
            on_cancel=partial(self._await, -1),
        )

    def _section_done(self, workspace: Workspace, section: SectionBetween) -> None:
        self._await(-1)
        if section.slide is workspace.slide:  # else it was read otherwise meanwhile
            is_new = workspace.between is None or workspace.between.gap.z != section.gap.z
            self._set_section(workspace, section)
            for text in section.changed.warnings if is_new else ():
                self.notified.emit("warning", text)

    def _set_section(self, workspace: Workspace, section: SectionBetween | None) -> None:
        workspace.between = section
        self.between_changed.emit()

    def _section_failed(self, error: BaseException) -> None:
        self._await(-1)
        self._failed(error)

    def _await(self, more: int) -> None:
        self._sections_awaited += more
        self.between_changed.emit()


def _is_same(one: WhatIf, other: WhatIf) -> bool:
    return one is other or (one.is_empty and other.is_empty)
