"""Verbs on the picture: which gene or column, which view, which scaling."""

from __future__ import annotations

from napari_concert.session.base import SessionBase
from napari_concert.session.showing import show
from napari_concert.session.shown import Colour, Scaling, ShownValues, View


class Views(SessionBase):
    """Verbs on the picture."""

    @property
    def colour(self) -> Colour | None:
        """What colours the spots."""
        return self.current.colour if self.current is not None else None

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
        UnknownName
            If the slide has no such column.
        """
        self._require_slide().slide.labels(name)
        self._show(Colour("column", name))

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

    def set_scaling(self, scaling: Scaling) -> None:
        """Set percentile clipping and the logarithm of changes."""
        if scaling != self.scaling:
            self.scaling = scaling
            self.shown_changed.emit()

    def values(self) -> ShownValues:
        """Return what the picture shows now."""
        return show(self._require_slide(), self.view, self.scaling)
