"""What the model is given: plain arrays, one row a spot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class SpotArrays:
    """One or several slides as arrays.

    Attributes
    ----------
    counts
        Raw counts of the modelled genes (N, G), sparse.
    size
        Size factors (N,): a spot's total count over *all* genes / the median total.
    coords
        Positions (N, d) in spot pitches, d = 2 or 3.
    place
        Spots of different places (N,) never influence each other.
    state, tissue, batch
        Codes (N,) into :class:`Vocabulary`; ``UNKNOWN`` (-1) where not known.
    continuous
        Standardised continuous attributes (N, C); 0 (the mean) where missing.
    """

    counts: csr_matrix
    size: NDArray[np.float64]
    coords: NDArray[np.float64]
    place: NDArray[np.int64]
    state: NDArray[np.int64]
    tissue: NDArray[np.int64]
    batch: NDArray[np.int64]
    continuous: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.size)

    def take(self, rows: NDArray[np.int64]) -> SpotArrays:
        """Return the arrays of ``rows``, in that order."""
        fields = {name: getattr(self, name)[rows] for name in self.__dataclass_fields__}
        return SpotArrays(**fields)

    def with_attributes(
        self, state: NDArray[np.int64], tissue: NDArray[np.int64], continuous: NDArray[np.float64]
    ) -> SpotArrays:
        """Return the same spots with other attributes: the intervention of a what-if."""
        return replace(self, state=state, tissue=tissue, continuous=continuous)


@dataclass(frozen=True)
class Vocabulary:
    """The labels that the codes stand for, and the scales that the numbers were given on.

    Attributes
    ----------
    genes, states, controls, tissues, batches
        Names; ``controls`` are the states that propagate no field.
    continuous, continuous_mean, continuous_sd
        Names of continuous attributes, and the mean and standard deviation they were standardised with.
    dimensions
        2 or 3.
    niches
        Pairs of propagating state and tissue whose spill-over may differ from that elsewhere.
    """

    genes: tuple[str, ...]
    states: tuple[str, ...]
    controls: tuple[str, ...]
    tissues: tuple[str, ...]
    batches: tuple[str, ...]
    continuous: tuple[str, ...]
    continuous_mean: tuple[float, ...]
    continuous_sd: tuple[float, ...]
    dimensions: int
    niches: tuple[tuple[str, str], ...] = ()

    @property
    def propagating(self) -> tuple[str, ...]:
        """States that propagate a field."""
        return tuple(state for state in self.states if state not in self.controls)

    @property
    def own(self) -> tuple[str, ...]:
        """States with an own effect: all but the reference, which is the first control."""
        return tuple(state for state in self.states if state not in self.controls[:1])

    @property
    def niche_codes(self) -> tuple[tuple[int, int], ...]:
        """Niches as positions in :attr:`propagating` and :attr:`tissues`."""
        return tuple((self.propagating.index(state), self.tissues.index(tissue)) for state, tissue in self.niches)

    @property
    def propagating_of_state(self) -> NDArray[np.int64]:
        """Index into :attr:`propagating` of every state, ``UNKNOWN`` for controls, which propagate nothing."""
        return _positions(self.states, self.propagating)

    @property
    def own_of_state(self) -> NDArray[np.int64]:
        """Index into :attr:`own` of every state, ``UNKNOWN`` for the reference."""
        return _positions(self.states, self.own)

    def to_json(self) -> dict[str, Any]:
        """Return the vocabulary as a JSON object."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Vocabulary:
        """Return the vocabulary that :meth:`to_json` stored."""
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}
        values["niches"] = tuple((pair[0], pair[1]) for pair in stored.get("niches", ()))
        return cls(**values)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _positions(names: tuple[str, ...], among: tuple[str, ...]) -> NDArray[np.int64]:
    where = {name: i for i, name in enumerate(among)}
    return np.array([where.get(name, UNKNOWN) for name in names], dtype=np.int64)
