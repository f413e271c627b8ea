"""Units of coordinates: µm only where the file says so, or the user does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from anndata import AnnData

SPOT_DIAMETER_UM = 65.0  # Space Ranger: spot_diameter_fullres is the diameter of a 65 µm fiducial spot, in image pixels
CHOSEN = "set by the user"
_MICROMETRES = re.compile(r"^\s*(µm|μm|um|micron|microns|micrometers?|micrometres?)\b", re.IGNORECASE)
_UNIT_KEY = re.compile(r"unit|spatial|coord", re.IGNORECASE)


@dataclass(frozen=True)
class Units:
    """How many µm a coordinate unit of the file is, and how that is known.

    Attributes
    ----------
    um_per_unit
        None where nobody said.
    source
        In words.
    """

    um_per_unit: float | None
    source: str

    @property
    def name(self) -> str:
        """Return "µm" where the scale is known, else "units"."""
        return "units" if self.um_per_unit is None else "µm"

    @property
    def is_chosen(self) -> bool:
        """Whether the user said so, not the file."""
        return self.source == CHOSEN


def guess_units(adata: AnnData) -> Units:
    """Return what the file says of its units."""
    space_ranger = _space_ranger(adata.uns.get("spatial"))
    if space_ranger is not None:
        return Units(space_ranger, "Space Ranger scale factors in uns['spatial']")
    for where, text in _unit_texts(adata.uns):
        if _MICROMETRES.match(text):
            return Units(1.0, f"{where} says {re.split(r'[;,(]', text)[0].strip()!r}")
    return Units(None, "the file does not say; set the µm per unit, or the spot pitch")


def _space_ranger(spatial: object) -> float | None:
    if not isinstance(spatial, Mapping):
        return None
    for library in spatial.values():
        factors = library.get("scalefactors", {}) if isinstance(library, Mapping) else {}
        if "microns_per_pixel" in factors:
            return float(factors["microns_per_pixel"])
        if "spot_diameter_fullres" in factors:
            return SPOT_DIAMETER_UM / float(factors["spot_diameter_fullres"])
    return None


def _unit_texts(uns: Mapping[str, Any], path: str = "uns") -> Iterator[tuple[str, str]]:
    """Yield entries of ``uns`` whose name speaks of units or coordinates, with their text."""
    for key, value in uns.items():
        where = f"{path}[{key!r}]"
        if isinstance(value, Mapping):
            yield from _unit_texts(value, where)
        elif _UNIT_KEY.search(str(key)) and isinstance(value, (str, bytes, np.str_)):
            yield where, value.decode() if isinstance(value, bytes) else str(value)
