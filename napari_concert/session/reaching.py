"""How far the state that is painted reaches: to be drawn at the brush and put in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from napari_concert.session.preferring import Preferring

if TYPE_CHECKING:
    from napari_concert.concert.reach import Reach

NO_MODEL = "Train a model in step 2: it learns how far each state reaches."
NO_STATE = "Choose the state that the patch becomes: the model learned how far each one reaches."


class Reaching(Preferring):
    """Verbs on the learned reach.

    Attributes
    ----------
    reach_changed
        It is drawn from now on, or no more.
    """

    reach_changed = Signal()

    @property
    def shows_reach(self) -> bool:
        """Whether the reach is drawn around the tool on the slide."""
        return self.preferences.shows_reach

    def show_reach(self, shown: bool) -> None:
        """Draw the reach around the tool on the slide, or don't."""
        if shown != self.shows_reach:
            self.prefer(shows_reach=shown)
            self.reach_changed.emit()

    @property
    def reaches(self) -> tuple[Reach, ...]:
        """How far each state reaches, as the model learned, whether it fits the current slide or not."""
        return () if self.model is None else self.model.learned.reaches()

    @property
    def reach(self) -> Reach | None:
        """Learned reach of the state that the active patch becomes; None if there is none (see :attr:`no_reach`)."""
        if self.no_reach:
            return None
        return next(reach for reach in self.reaches if reach.state == self._painted_state)

    @property
    def no_reach(self) -> str:
        """Why there is no reach, and what to do; "" if there is one."""
        model, state = self._usable_model(), self._painted_state
        if model is None:
            return NO_MODEL
        if not state:
            return NO_STATE
        if state in model.controls:
            return f"{state} is a control: it influences no neighbour."
        return "" if state in model.states else f"The model does not know {state}."

    @property
    def _painted_state(self) -> str:
        """State that the active patch becomes; "" where it stays as observed."""
        target = self.current.target if self.current is not None else {}
        column = self.slide.columns.perturbation if self.slide is not None else None
        return str(target.get("perturbation", target.get(column or "", "")))
