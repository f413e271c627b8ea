"""Verbs on slides: open, choose, close, read otherwise, label."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from napari_concert.errors import ConcertError
from napari_concert.prediction import GeneSet
from napari_concert.session import opening
from napari_concert.session.base import SessionBase
from napari_concert.session.shown import Colour, View
from napari_concert.session.work import Work
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
        z_spacing: float | None = None,
    ) -> None:
        """Read a slide in the background and make it the current one; a slide worked on before comes back as it was."""
        work = partial(opening.read, Path(path), columns, um_per_unit, registered, self.autosave, z_spacing)
        told = {"columns": columns, "um_per_unit": um_per_unit, "registered": registered, "z_spacing": z_spacing}
        take_in = partial(self._take_in, told={name: value for name, value in told.items() if value is not None})
        self._run("open", work, f"Reading {Path(path).name} …", lane="read", on_done=take_in)

    def add(self, slide: Slide) -> None:
        """Open a slide that is in memory."""
        work = partial(opening.prepare_in_memory, slide, self.autosave)
        self._run("open", work, "Opening …", lane="read", on_done=partial(self._take_in, told={}))

    def _take_in(self, opened: opening.Opened, told: dict[str, Any]) -> None:
        workspace = opened.workspace
        known = [open_ for open_ in self.workspaces if open_.slide.fingerprint == workspace.slide.fingerprint]
        if known:
            self.choose(known[0])
            self.notified.emit("info", f"{workspace.slide.name} is open already.")
            if told:
                self.read_as(**told)
            return
        if self.autosave is not None:
            self.autosave.begin(workspace.slide, Work.of(workspace, opened.gene_sets))
        self._bring(opened.gene_sets)
        self.workspaces.append(workspace)
        self.slides_changed.emit()
        workspace.own_model = (opened.model, "restored") if opened.model is not None else None
        self.choose(workspace)
        for kind, text in opened.messages:
            self.notified.emit(kind, text)
        with_model = opened.model is not None and opened.model is self.model
        back = opening.as_left(workspace, with_model, len(opened.gene_sets))
        if back:
            self.notified.emit("info", back)

    def _bring(self, gene_sets: tuple[GeneSet, ...]) -> None:
        """Take in the gene sets of a slide; of two with one name, that of the window stays."""
        if gene_sets:
            self.gene_sets = {each.name: each for each in gene_sets} | self.gene_sets
            self.sets_changed.emit()

    def choose(self, workspace: Workspace) -> None:
        """Make an open slide the current one; where the model does not fit it, the one that it had before is taken."""
        self.current = workspace
        if workspace.own_model is not None and self._usable_model() is None:
            self.model, self.model_name = workspace.own_model
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
            self.jobs.cancel("predict")
            self.view = View.OBSERVED
            self.slide_changed.emit()

    def read_as(
        self,
        *,
        columns: Columns | None = None,
        um_per_unit: float | None = None,
        pitch_um: float | None = None,
        registered: bool | None = None,
        z_spacing: float | None = None,
    ) -> None:
        """Read the current slide otherwise; only what is given changes. Errors are notified, and nothing changes."""
        current = self._require_slide()
        try:
            slide = opening.read_as(current.slide, columns, um_per_unit, pitch_um, registered, z_spacing)
        except ConcertError as error:
            self.notified.emit("error", str(error))
            self.columns_changed.emit()
            return
        self._reread(current, slide)

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
        column = column.strip()
        current.labelled = list(dict.fromkeys([*current.labelled, column]))
        current.painting.remove(current.painting.keys)
        current.colour = Colour("column", column)
        self.view = View.OBSERVED
        self._reread(current, slide)
        self.patch_changed.emit()

    def _reread(self, current: Workspace, slide: Slide) -> None:
        had_result = current.result is not None
        current.read_as(slide)
        self.columns_changed.emit()
        self.target_changed.emit()
        self.model_changed.emit()
        self.shown_changed.emit()
        if had_result:
            self.prediction_changed.emit()
            self.genes_changed.emit()
        self.predict()
        self._keep_soon()

    def start_afresh(self) -> None:
        """Forget what was done on the current slide: patch, labels, model; a training that runs is given up."""
        current = self._require_slide()
        fresh = Workspace(opening.as_guessed(current.slide, current.labelled))
        self.training = None  # before anything is deleted: the worker keeps no model that is not wanted
        self.jobs.cancel("train")
        if self.autosave is not None:
            self.autosave.forget(current.slide)
            self.autosave.begin(fresh.slide, Work.of(fresh))
        self.workspaces[self.workspaces.index(current)] = fresh
        self.model, self.model_name, self.view = None, "", View.OBSERVED
        self.training_changed.emit()
        self.choose(fresh)
