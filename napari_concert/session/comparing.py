"""Verbs on what-ifs that are kept to be compared: keep, show again, rename, forget, set side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from string import ascii_uppercase
from typing import TYPE_CHECKING

from napari_concert.errors import ConcertError
from napari_concert.session.comparison import Comparison, comparison
from napari_concert.session.selecting import Selecting
from napari_concert.session.workspace import Kept, Workspace

if TYPE_CHECKING:
    from napari_concert.concert import Concert
    from napari_concert.prediction import Prediction

MOST = 4  # side by side: more are too small to read


class Comparing(Selecting):
    """Verbs on kept what-ifs of the current slide."""

    @property
    def kept(self) -> tuple[Kept, ...]:
        """What-ifs that are kept, in order."""
        return tuple(self.current.kept) if self.current is not None else ()

    def keep_what_if(self, name: str = "") -> None:
        """Keep the patches as they are now, under a name (by default the next letter)."""
        current = self._require_slide()
        if current.what_if.is_empty:
            self.notified.emit("info", "There is no what-if to keep: paint spots and choose what becomes of them.")
            return
        self.end_stroke()
        name = name.strip() or _next_letter(current)
        current.kept.append(Kept(name, current.painting.patches))
        current.recalled = len(current.kept) - 1
        self.kept_changed.emit()
        self._keep_soon()

    def rename_what_if(self, position: int, name: str) -> None:
        """Give a kept what-if another name; an empty one changes nothing."""
        current = self._require_slide()
        if name.strip():
            self._replace(position, replace(current.kept[position], name=name.strip()))

    def update_what_if(self, position: int) -> None:
        """Let a kept what-if have the patches as they are now."""
        current = self._require_slide()
        self._replace(position, replace(current.kept[position], patches=current.painting.patches))

    def _replace(self, position: int, kept: Kept) -> None:
        current = self._require_slide()
        old, current.kept[position] = current.kept[position], kept
        current.answers.pop(old, None)
        current.compared = tuple(kept if each is old else each for each in current.compared)
        self._compared_anew()

    def forget_what_if(self, position: int) -> None:
        """Keep a what-if no longer; the patches on the slide stay as they are."""
        current = self._require_slide()
        gone = current.kept.pop(position)
        current.answers.pop(gone, None)
        current.compared = tuple(each for each in current.compared if each is not gone)
        self._compared_anew()

    def recall_what_if(self, position: int) -> None:
        """Put the patches of a kept what-if on the slide again, as one edit."""
        current = self._require_slide()
        current.recalled = position
        if current.painting.add(current.kept[position].patches, instead=True):
            self._show_edit()
        self.kept_changed.emit()

    def next_what_if(self, step: int = 1) -> None:
        """Put the next (or, with −1, the one before) of the kept what-ifs on the slide."""
        current = self._require_slide()
        if not current.kept:
            self.notified.emit("info", "No what-if is kept yet: keep one in the Compare step.")
            return
        self.recall_what_if((current.recalled + step) % len(current.kept))
        self.notified.emit("info", f"What-if {current.kept[current.recalled].name}.")

    # -- side by side -------------------------------------------------------------------------------------------------

    def compare(self, positions: Sequence[int]) -> None:
        """Set kept what-ifs side by side (two to four of them); none ends the comparison.

        Raises
        ------
        ConcertError
            If it is one, or more than four.
        """
        current = self._require_slide()
        if len(positions) == 1 or len(positions) > MOST:
            raise ConcertError(f"Choose two to {MOST} what-ifs to compare; {len(positions)} are chosen.")
        current.compared = tuple(current.kept[position] for position in positions)
        self._compared_anew()

    def comparison(self) -> Comparison | None:
        """Return what the compared what-ifs do to the shown gene or set, on one scale; None until all are predicted."""
        current, colour = self._require_slide(), self.colour
        gene_set = self.gene_sets.get(colour.name) if colour is not None and colour.kind == "set" else None
        return comparison(current, self.view, self.scaling, gene_set)

    def _compared_anew(self) -> None:
        self.kept_changed.emit()
        self._keep_soon()
        self.predict_compared()
        self.compared_changed.emit()

    def predict_compared(self) -> None:
        """Predict what the compared what-ifs do, those that are not predicted yet, in the background."""
        current, model = self.current, self._usable_model()
        if current is None or model is None:
            return
        if current.answered_by is not model:
            current.answers.clear()
            current.answered_by = model
        missing = [kept for kept in current.compared if kept not in current.answers]
        if missing:
            self.jobs.submit(
                "compare",
                partial(_answers, model, current, missing),
                lane="predict",
                latest=True,
                on_progress=partial(self._answered, current, model),
                on_error=self._failed,
            )

    def _answered(self, workspace: Workspace, model: Concert, answer: tuple[Kept, Prediction]) -> None:
        kept, prediction = answer
        if workspace.answered_by is model and kept in workspace.compared:
            workspace.answers[kept] = prediction
            self.compared_changed.emit()


def _answers(model: Concert, workspace: Workspace, kept: Sequence[Kept]) -> Iterator[tuple[Kept, Prediction]]:
    for each in kept:
        yield each, model.predict(each.what_if, workspace.slide)


def _next_letter(workspace: Workspace) -> str:
    taken = {kept.name for kept in workspace.kept}
    free = (letter for letter in ascii_uppercase if letter not in taken)
    return next(free, f"what-if {len(taken) + 1}")
