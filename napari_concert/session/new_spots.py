"""Predicted spots on a slide: made in the background, kept up with what is painted, and dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from psygnal import SignalInstance

from napari_concert.patches import WhatIf
from napari_concert.session.predicted import Predicted, show_predicted
from napari_concert.session.views import Views

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.session.shown import ShownValues
    from napari_concert.session.workspace import Workspace

Work: TypeAlias = "Callable[[Concert, WhatIf], Generator[Any, None, Predicted]]"


class PredictedSpots(Views):
    """What all kinds of predicted spots share; a slide has at most one prediction of each kind.

    A kind is named as its signal is, without ``_changed``; so are its job and its lane.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._awaited: Counter[str] = Counter()

    def predict(self) -> None:
        """Predict the current what-if, and what it does to predicted spots."""
        super().predict()
        current, model = self.current, self._usable_model()
        for kind, spots in [] if current is None else list(current.predicted.items()):
            assert current is not None
            if model is None:
                self._forget(kind)
            elif spots.model is not model or not _is_same(spots.what_if, self._asked_for(current)):
                self._make(kind, current, model, spots.again)

    def _make(self, kind: str, workspace: Workspace, model: Concert, work: Work) -> None:
        """Predict spots of a kind in the background; they replace the ones before."""
        self._await(kind, 1)
        self.jobs.submit(
            kind,
            partial(work, model, self._asked_for(workspace)),
            lane=kind,
            latest=True,
            on_done=partial(self._made, kind, workspace),
            on_error=partial(self._not_made, kind),
            on_cancel=partial(self._await, kind, -1),
        )

    def _made(self, kind: str, workspace: Workspace, spots: Predicted) -> None:
        self._await(kind, -1)
        if spots.slide is not workspace.slide:
            return  # it was read otherwise meanwhile
        before = workspace.predicted.get(kind)
        workspace.predicted[kind] = spots
        self._changed(kind).emit()
        for text in spots.changed.warnings if before is None or before.places is not spots.places else ():
            self.notified.emit("warning", text)

    def _not_made(self, kind: str, error: BaseException) -> None:
        self._await(kind, -1)
        self._failed(error)

    def _forget(self, kind: str) -> None:
        """Take spots of a kind away, those that are being predicted too."""
        self.jobs.cancel(kind)
        if self.current is not None and self.current.predicted.pop(kind, None) is not None:
            self._changed(kind).emit()

    def _values_of(self, kind: str, shown: ShownValues) -> ShownValues | None:
        """Return what spots of a kind show where the measured spots show ``shown``; None where there are none."""
        spots, colour = None if self.current is None else self.current.predicted.get(kind), self.colour
        if spots is None or colour is None:
            return None
        return show_predicted(spots, colour, self.shown_view, shown, self.scaling)

    def _asked_for(self, workspace: Workspace) -> WhatIf:
        return WhatIf() if self.whatif_blocker else workspace.what_if

    def _await(self, kind: str, more: int) -> None:
        self._awaited[kind] += more
        self._changed(kind).emit()

    def _changed(self, kind: str) -> SignalInstance:
        signal: SignalInstance = getattr(self, f"{kind}_changed")
        return signal


def _is_same(one: WhatIf, other: WhatIf) -> bool:
    return one is other or (one.is_empty and other.is_empty)
