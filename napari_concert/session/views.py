"""Verbs on the picture: which gene or column, which view, which scaling."""

from __future__ import annotations

from napari_concert.errors import ConcertError
from napari_concert.evaluate import known_truth
from napari_concert.session.reaching import Reaching
from napari_concert.session.showing import show, show_cut_offs, show_gene_set
from napari_concert.session.shown import CUT_OFF, SET_VIEWS, Colour, Scaling, ShownValues, View


class Views(Reaching):
    """Verbs on the picture."""

    def show_gene(self, name: str) -> None:
        """Colour the spots by a gene.

        Raises
        ------
        UnknownName
            If the slide has no such gene; it suggests the nearest names.
        """
        self._require_slide().slide.gene(name)
        self._show(Colour("gene", name))

    def show_column(self, name: str) -> None:
        """Colour the spots by an obs column.

        Raises
        ------
        ConcertError
            If the slide has no such column, or it holds neither numbers nor few enough labels to colour by.
        """
        slide = self._require_slide().slide
        if name not in slide.categorical_columns:
            slide.values(name)
        self._show(Colour("column", name))

    def show_cut_offs(self) -> None:
        """Colour the spots by the distance beyond which they feel nothing of the state that the active patch becomes.

        Raises
        ------
        ConcertError
            If there is no model, or that state influences no neighbour.
        """
        if self.no_reach:
            raise ConcertError(f"There is no cut-off to show. {self.no_reach}")
        self._show(CUT_OFF)

    def _show(self, colour: Colour) -> None:
        current = self._require_slide()
        if colour != current.colour:
            current.colour = colour
            self.shown_changed.emit()
            self._keep_soon()

    def show_view(self, view: View) -> None:
        """Show another view of the gene: observed, baseline, predicted, change, uncertainty, true change."""
        if view != self.view:
            self.view = view
            self.shown_changed.emit()

    @property
    def shown_view(self) -> View:
        """The view that is shown: a gene set has no counts of its own, and shows its change instead."""
        is_set = self.colour is not None and self.colour.kind == "set"
        return View.CHANGE if is_set and self.view not in SET_VIEWS else self.view

    def set_scaling(self, scaling: Scaling) -> None:
        """Set percentile clipping and the logarithm of changes."""
        if scaling != self.scaling:
            self.prefer(scaling=scaling)
            self.shown_changed.emit()

    @property
    def has_truth(self) -> bool:
        """Whether the current slide is simulated, so that the true answer to any what-if is known."""
        return self.slide is not None and known_truth(self.slide)

    def values(self) -> ShownValues:
        """Return what the picture shows now."""
        if self.colour == CUT_OFF:
            return show_cut_offs(self._require_slide().slide, self.reach, self.no_reach)
        current, colour = self._require_slide(), self.colour
        if colour is not None and colour.kind == "set":
            return show_gene_set(current, self.gene_sets[colour.name], self.shown_view, self.scaling)
        return show(current, self.view, self.scaling)
