"""What hidden spots show of a gene: observed, predicted and error on one scale, or z."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_concert.session.shown import LEVEL_UNIT, Scaling, ShownValues, percentiles

if TYPE_CHECKING:
    from napari_concert.concert.withholding import GeneCheck
    from napari_concert.evaluate.quality import Check

Floats = npt.NDArray[np.float64]

FARTHEST_Z = 3.0  # at both ends of the colour scale
Z_UNIT = "(count − expected) / sd"
RIGHT = "where the intervals are right, 95 % lie within ±2"


class Look(StrEnum):
    """How the hidden spots of a quality check are seen."""

    SLIDE = "slide"  # not at all
    MAPS = "maps"
    Z = "z"


@dataclass(frozen=True, eq=False)
class HiddenSpots:
    """One gene of the spots that a check hid.

    Attributes
    ----------
    gene
        Its name.
    rows
        Of the hidden spots (n,).
    found
        Raw counts, and what was expected of them.
    size
        Size factors (n,) of the spots.
    n_spots
        Of the slide.
    """

    gene: str
    rows: npt.NDArray[np.int64]
    found: GeneCheck
    size: Floats
    n_spots: int

    @classmethod
    def of(cls, check: Check, gene: str) -> HiddenSpots:
        """Return one gene of a check."""
        hidden = check.quality.hidden
        return cls(gene, hidden.rows, hidden.gene(gene), hidden.size, check.slide.n_spots)

    @property
    def z(self) -> Floats:
        """Return (count - expected) / sd of the hidden spots."""
        return np.asarray((self.found.observed - self.found.expected) / np.maximum(self.found.sd, 1e-12))

    def maps(self, scaling: Scaling) -> tuple[tuple[str, ShownValues], ...]:
        """Return observed, predicted and error: levels on one scale, and the error's reaches as far."""
        observed, expected = self.found.observed / self.size, self.found.expected / self.size
        limits = percentiles([observed, expected], scaling.clip)
        error = ShownValues("error", "diverging", self._all(observed - expected), (-limits[1], limits[1]), LEVEL_UNIT)
        levels = (("observed", observed), ("predicted", expected))
        shown = [(name, ShownValues(name, "continuous", self._all(part), limits, LEVEL_UNIT)) for name, part in levels]
        return (*shown, ("error", error))

    def scores(self) -> tuple[tuple[str, ShownValues], ...]:
        """Return z."""
        limits = (-FARTHEST_Z, FARTHEST_Z)
        return (("z", ShownValues("z", "diverging", self._all(self.z), limits, Z_UNIT, RIGHT)),)

    def _all(self, values: Floats) -> Floats:
        """Return values of all spots of the slide: NaN where none was hidden."""
        every = np.full(self.n_spots, np.nan)
        every[self.rows] = values
        return every

    def describe(self, row: int) -> Iterator[str]:
        """Yield what is to be said of a spot."""
        at = int(np.searchsorted(self.rows, row))
        if at == len(self.rows) or self.rows[at] != row:
            yield "not hidden"
            return
        found = self.found
        yield f"{self.gene}: {found.observed[at]:.0f} counted, {found.expected[at]:.3g} expected"
        yield f"95 % interval {found.lower[at]:.0f} to {found.upper[at]:.0f}"
        yield f"z {self.z[at]:+.2f}"
