"""Verbs that put the sections of a stack in space: order, spacing, registration, adjusting by hand, undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_concert.errors import ConcertError
from napari_concert.session import opening
from napari_concert.session.hidden_spots import Look
from napari_concert.session.slides import Slides
from napari_concert.session.workspace import Workspace
from napari_concert.slide import Rigid, Slide, Stack
from napari_concert.slide.sections import stack_of

if TYPE_CHECKING:
    from napari_concert.registration import PairScore, Progress, Registration

JOB, SCORE = "register", "score"
ROUNDING = 1e-6  # pitches


class Aligning(Slides):
    """Verbs on how sections lie in space. The positions of the file are never written over.

    Attributes
    ----------
    is_registering, aligning
        Whether a registration goes on, and how far it is; None before it says so.
    alignment_changed
        A registration began, went on, or ended.
    """

    alignment_changed = Signal()
    aligning: Progress | None = None
    is_registering = False

    @property
    def stack(self) -> Stack | None:
        """How the sections of the current slide lie, or a guess; None where no column tells two sections."""
        slide = self.slide
        return None if slide is None or len(slide.sections) < 2 else stack_of(slide)

    @property
    def registration(self) -> Registration | None:
        """The registration that put the sections where they are; None after any other change."""
        return self.current.registration if self.current is not None else None

    @property
    def scores(self) -> tuple[PairScore, ...]:
        """How well neighbours agree before and after the last move, by the computer or by hand; none while unknown."""
        return self.current.scores if self.current is not None else ()

    @property
    def no_adjusting(self) -> str:
        """Why no section can be moved with the mouse now, and what to do; "" if one can."""
        if self.current is None:
            return "Open a slide of two sections or more first."
        if self.stack is None:
            return "No column tells two sections: choose one in step 1 (Section) first."
        if self.is_registering:
            return "The sections are being aligned: wait for the end, or press Stop."
        if self.current.compared:
            return "What-ifs stand beside each other: end the comparison in step 5 first."
        if self.current.look is not Look.SLIDE:
            return "Hidden spots are shown: press Slide in step 6 first."
        return ""

    @property
    def can_undo_alignment(self) -> bool:
        """Whether the sections lay otherwise before."""
        return self.current is not None and bool(self.current.earlier)

    def join_slides(self) -> None:
        """Join all open slides, in the order in which they were opened, to one stack of sections, and open that."""
        slides = [workspace.slide for workspace in self.workspaces]
        if len(slides) < 2:
            self.notified.emit("error", "A stack needs two slides or more; open the files of its sections first.")
            return
        work = partial(opening.join, slides, self.autosave)
        self._run("open", work, "Joining the slides …", lane="read", on_done=partial(self._take_in, told={}))

    # -- order, heights, by hand --------------------------------------------------------------------------------------

    def space_sections(self, spacing: float) -> None:
        """Let neighbouring sections lie ``spacing`` apart, in the slide's unit."""
        self._restack(lambda stack: stack.respaced(spacing))

    def order_sections(self, order: Sequence[str]) -> None:
        """Stack the sections in another order, the lowest first; their heights are used again in that order."""
        self._restack(lambda stack: stack.reordered(order))

    def move_section(self, name: str, move: Rigid) -> None:
        """Move a section on from where it lies.

        Parameters
        ----------
        move
            In the file's units, within the frame that the sections share now.
        """
        self._move_on(name, move, f"Section {name} was moved.")

    def match_section(self, name: str, points: npt.ArrayLike, onto: npt.ArrayLike, *, mirror: bool = False) -> None:
        """Move a section so that points on it come to lie on others.

        Parameters
        ----------
        points, onto
            (k, 2) positions where they lie now, in the slide's unit: on the section, and where they belong.
        """
        from napari_concert.registration import landmarks

        current = self._require_slide()
        try:
            move, apart = landmarks(onto, points, mirror=mirror), self.places_apart(points, onto, mirror=mirror)
        except ConcertError as error:
            self.notified.emit("error", str(error))
            return
        units = current.slide.units
        in_file = Rigid.of(move.linear, [length / units.factor for length in move.shift])
        said = f"Section {name} was matched; the places lie {apart:.3g} {units.name} apart now (root mean square)."
        self._move_on(name, in_file, said)

    def places_apart(self, points: npt.ArrayLike, onto: npt.ArrayLike, *, mirror: bool = False) -> float:
        """Return how far apart :meth:`match_section` would leave the places: root mean square, in the slide's unit.

        Raises
        ------
        ConcertError
            If the places do not tell how the section is to be moved.
        """
        from napari_concert.registration import landmarks, residual

        apart = residual(landmarks(onto, points, mirror=mirror), onto, points)
        return apart if apart > ROUNDING * self._require_slide().slide.pitch else 0.0

    def put_back(self) -> None:
        """Let all sections lie as in the file again."""
        current = self._require_slide()
        if current.slide.stack is not None:
            self._place(current, current.slide.with_stack(None))

    def undo_alignment(self) -> None:
        """Let the sections lie as they did before the last change."""
        current = self._require_slide()
        if not current.earlier:
            self.notified.emit("info", "The sections lie as they did at first.")
            return
        stack, registered = current.earlier.pop()
        current.registration, current.scores = None, ()
        self._reread(current, current.slide.with_stack(stack).with_registered(registered))
        self.alignment_changed.emit()

    def _move_on(self, name: str, move: Rigid, said: str) -> None:
        """Move a section, say so, and measure in the background what that is worth."""
        before = self.stack
        if not self._restack(lambda stack: stack.moved({name: stack.move_of(name).then(move)})):
            return
        self.notified.emit("info", said)
        current, after = self._require_slide(), self.stack
        if before is not None and after is not None:
            self._score(current, before, after, name, said)

    def _restack(self, change: Callable[[Stack], Stack]) -> bool:
        """Change the stack; give whether that could be done."""
        current = self._require_slide()
        try:
            slide = current.slide.with_stack(change(stack_of(current.slide)))
        except ConcertError as error:
            self.notified.emit("error", str(error))
            self.alignment_changed.emit()
            return False
        self._place(current, slide)
        return True

    def _place(self, workspace: Workspace, slide: Slide, registration: Registration | None = None) -> None:
        """Take in other places of the sections, as one step that can be undone."""
        old = workspace.slide
        workspace.earlier.append((old.stack, old.registered))
        workspace.registration = registration
        workspace.scores = registration.scores if registration is not None else ()
        if workspace is self.current:
            self._reread(workspace, slide)
        else:
            workspace.read_as(slide)
        self.alignment_changed.emit()

    def _score(self, workspace: Workspace, before: Stack, after: Stack, name: str, said: str) -> None:
        from napari_concert.registration import scoring

        slide = workspace.slide
        self.jobs.submit(
            SCORE,
            partial(scoring, slide, before, after, name),
            lane=JOB,
            latest=True,
            on_done=partial(self._scored, workspace, slide, said),
            on_error=self._failed,
        )

    def _scored(self, workspace: Workspace, slide: Slide, said: str, scores: tuple[PairScore, ...]) -> None:
        if workspace.slide is not slide or not scores:
            return
        workspace.scores = scores
        self.alignment_changed.emit()
        self.notified.emit("info", f"{said} {_agreement(scores)}")

    # -- registration -------------------------------------------------------------------------------------------------

    def register(self, *, reference: str | None = None, mirror: bool = False) -> None:
        """Align the sections by expression and shape, in the background; see :func:`.registration.registering`."""
        from napari_concert.registration import registering

        current = self._require_slide()
        if self.is_registering:
            self.notified.emit("info", "The sections are being aligned already.")
            return
        if len(current.slide.sections) < 2:
            self.notified.emit("error", "There are no sections to align: no column tells two of them.")
            return
        self._registers(None, busy=True)
        self.jobs.submit(
            JOB,
            partial(registering, current.slide, reference=reference, mirror=mirror),
            lane=JOB,
            on_progress=partial(self._registers, busy=True),
            on_done=partial(self._registered, current, current.slide),
            on_error=self._not_registered,
            on_cancel=partial(self._registers, None),
        )

    def stop_registration(self) -> None:
        """Give up a registration; the sections stay as they are."""
        self.jobs.cancel(JOB)

    def _registers(self, progress: Progress | None, *, busy: bool = False) -> None:
        self.aligning, self.is_registering = progress, busy
        self.alignment_changed.emit()

    def _registered(self, workspace: Workspace, slide: Slide, found: Registration) -> None:
        self._registers(None)
        if workspace.slide is not slide:
            self.notified.emit("warning", "The slide was read otherwise meanwhile: its sections were not moved.")
            return
        self._place(workspace, found.apply(slide), found)
        self.notified.emit("warning" if found.notes else "info", " ".join((_outcome(found), *found.notes)))

    def _not_registered(self, error: BaseException) -> None:
        self._registers(None)
        self._failed(error)


def _outcome(found: Registration) -> str:
    """Return how well it went, in one sentence or two."""
    if not found.scores:
        return "Nothing was moved."
    return f"The sections are aligned to section {found.reference}. {_agreement(found.scores)}"


def _agreement(scores: Sequence[PairScore]) -> str:
    before, after = (_mean([getattr(pair, when).correlation for pair in scores]) for when in ("before", "after"))
    return f"The expression of nearest spots of neighbouring sections correlates {after}, {before} before."


def _mean(values: Sequence[float]) -> str:
    known = [value for value in values if np.isfinite(value)]
    return f"{np.mean(known):.2f}" if known else "not at all (they do not overlap)"
