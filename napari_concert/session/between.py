"""Verbs on a section in between: predicted at a height where none was cut, and kept up with what is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.session.new_spots import PredictedSpots
from napari_concert.session.section_between import SectionBetween, predicting_section
from napari_concert.slide.between import gap_at

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_concert.concert import Concert
    from napari_concert.session.shown import ShownValues

KIND = "between"
NO_MODEL = "A section in between is predicted by a model: train or load one first (step 2)."


class InBetween(PredictedSpots):
    """Verbs on the section in between.

    Attributes
    ----------
    between_changed
        One is being predicted, was predicted, or is gone.
    """

    between_changed = Signal()

    @property
    def is_predicting_section(self) -> bool:
        """Whether a section is being predicted."""
        return self._awaited[KIND] > 0

    @property
    def section_between(self) -> SectionBetween | None:
        """The predicted section of the current slide."""
        found = self.current.predicted.get(KIND) if self.current is not None else None
        return found if isinstance(found, SectionBetween) else None

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
        slide, levels = current.slide, current.levels
        try:
            gap_at(slide, z, levels)
        except ConcertError as error:
            self._failed(error)
            return
        if model is None:
            self.notified.emit("error", self.no_section_between)
            return

        def work(model: Concert, what_if: WhatIf) -> Generator[None, None, SectionBetween]:
            return predicting_section(model, slide, levels, z, what_if)

        self._make(KIND, current, model, work)

    def stop_section(self) -> None:
        """Give the prediction of a section up; one that was there stays."""
        self.jobs.cancel(KIND)

    def between_values(self, shown: ShownValues) -> ShownValues | None:
        """Return what the predicted section shows where the measured spots show ``shown``; None where there is none."""
        return self._values_of(KIND, shown)

    def forget_section(self) -> None:
        """Take the predicted section away."""
        self._forget(KIND)
