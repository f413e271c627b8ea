"""The names that a model goes by."""

from __future__ import annotations

from napari_concert.model.data import Vocabulary


class Labelled:
    """Something with a vocabulary, whose names are read from it.

    Attributes
    ----------
    vocabulary
        All labels, and the scales of the continuous attributes.
    """

    vocabulary: Vocabulary

    @property
    def genes(self) -> tuple[str, ...]:
        """Modelled genes, in the order of the first slide."""
        return self.vocabulary.genes

    @property
    def states(self) -> tuple[str, ...]:
        """Perturbation states, controls first."""
        return self.vocabulary.states

    @property
    def controls(self) -> tuple[str, ...]:
        """States that propagate no field."""
        return self.vocabulary.controls

    @property
    def tissues(self) -> tuple[str, ...]:
        """Tissues or niches."""
        return self.vocabulary.tissues
