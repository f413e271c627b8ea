"""Verbs on slides: open, choose, close, read otherwise, label."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_concert.errors import ConcertError
from napari_concert.session import opening
from napari_concert.session.base import SessionBase
from napari_concert.session.shown import Colour, View
from napari_concert.session.workspace import Workspace
from napari_concert.slide import Columns, Slide


class Slides(SessionBase):
    """Verbs on slides."""

    def open(
        self,
        path: str | Path,
        *,
        columns: Columns | None = None,
        um_per_unit: float | None = None,
        registered: bool | None = None,
    ) -> None:
        """Read a slide in the background and make it the current one; a slide worked on before comes back as it was."""
        work = partial(opening.read, Path(path), columns, um_per_unit, registered, self.autosave)
        self._run("open", work, f"Reading {Path(path).name} …", lane="read", on_done=self._take_in)

    def add(self, slide: Slide) -> None:
        """Open a slide that is in memory."""
        self._run(
            "open", partial(opening.prepare, slide, self.autosave), "Opening …", lane="read", on_done=self._take_in
        )

    def _take_in(self, opened: opening.Opened) -> None:
        workspace = opened.workspace
        known = [open_ for open_ in self.workspaces if open_.slide.fingerprint == workspace.slide.fingerprint]
        if known:
            self.choose(known[0])
            self.notified.emit("info", f"{workspace.slide.name} is open already.")
            return
        self.workspaces.append(workspace)
        self.slides_changed.emit()
        if opened.model is not None and self.model is None:
            self.model, self.model_name = opened.model, "restored"
        self.choose(workspace)
        for kind, text in opened.messages:
            self.notified.emit(kind, text)

    def choose(self, workspace: Workspace) -> None:
        """Make an open slide the current one."""
        self.current = workspace
        self.view = View.OBSERVED if workspace.result is None else self.view
        self.slide_changed.emit()
        self.patch_changed.emit()
        self.target_changed.emit()
        self.model_changed.emit()
        self.predict()

    def close_slide(self) -> None:
        """Close the current slide; what was done on it stays in the autosave."""
        if self.current is None:
            return
        self._keep_now()
        self.workspaces.remove(self.current)
        self.current = None
        self.slides_changed.emit()
        if self.workspaces:
            self.choose(self.workspaces[-1])
        else:
            self.slide_changed.emit()

    def read_as(
        self,
        *,
        columns: Columns | None = None,
        um_per_unit: float | None = None,
        pitch_um: float | None = None,
        registered: bool | None = None,
    ) -> None:
        """Read the current slide otherwise; only what is given changes. Errors are notified, and nothing changes."""
        current = self._require_slide()
        try:
            slide = opening.read_as(current.slide, columns, um_per_unit, pitch_um, registered)
        except ConcertError as error:
            self.notified.emit("error", str(error))
            self.columns_changed.emit()
            return
        current.read_as(slide)
        self._reread()

    def label_painted(self, column: str, label: str, others: str = "") -> None:
        """Write the painted spots as observed labels into a column, new or painted before; it becomes the perturbation.

        Parameters
        ----------
        others
            Label of all other spots where the column is new; "" leaves them unknown.
        """
        current = self._require_slide()
        try:
            slide = opening.label(current, opening.Label(column, label, others))
        except ConcertError as error:
            self.notified.emit("error", str(error))
            return
        current.read_as(slide)
        current.labelled = list(dict.fromkeys([*current.labelled, column]))
        current.painting.replace([])
        current.colour = Colour("column", column)
        self.view = View.OBSERVED
        self._reread()
        self.patch_changed.emit()

    def _reread(self) -> None:
        self.columns_changed.emit()
        self.target_changed.emit()
        self.model_changed.emit()
        self.shown_changed.emit()
        self.predict()
        self._keep_soon()

    def start_afresh(self) -> None:
        """Forget what was done on the current slide: patch, labels, model."""
        current = self._require_slide()
        if self.autosave is not None:
            self.autosave.forget(current.slide)
        fresh = Workspace(opening.as_guessed(current.slide, current.labelled))
        self.workspaces[self.workspaces.index(current)] = fresh
        self.model, self.model_name, self.training, self.view = None, "", None, View.OBSERVED
        self.training_changed.emit()
        self.choose(fresh)
