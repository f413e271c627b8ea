"""Verbs on gene sets: read, add, remove, show."""

from __future__ import annotations

from pathlib import Path

from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import read_gmt
from napari_concert.prediction import GeneSet
from napari_concert.session.shown import Colour
from napari_concert.session.views import Views
from napari_concert.session.workspace import default_colour


class GeneSets(Views):
    """Verbs on gene sets, which are of all open slides; they are kept with the work on each."""

    def read_gene_sets(self, path: str | Path) -> None:
        """Add the sets of a .gmt file."""
        try:
            found = read_gmt(path)
        except ConcertError as error:
            self._failed(error)
        else:
            self.add_gene_sets(*found)

    def add_gene_sets(self, *sets: GeneSet) -> None:
        """Add sets; one of the same name is replaced."""
        self.gene_sets |= {each.name: each for each in sets}
        self._sets_changed()

    def remove_gene_sets(self) -> None:
        """Forget all sets; slides that show one are shown as when they were opened."""
        self.gene_sets = {}
        for workspace in self.workspaces:
            if workspace.colour is not None and workspace.colour.kind == "set":
                workspace.colour = default_colour(workspace.slide)
        self._sets_changed()

    def show_set(self, name: str) -> None:
        """Colour the spots by the mean change of the genes of a set.

        Raises
        ------
        UnknownName
            If there is no such set; it suggests the nearest names.
        """
        if name not in self.gene_sets:
            raise UnknownName("gene set", name, list(self.gene_sets))
        self._show(Colour("set", name))

    def _sets_changed(self) -> None:
        self.sets_changed.emit()
        self.shown_changed.emit()
        self._keep_soon()
