"""Units of coordinates: µm only where the file says so, or the user does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_concert.slide.geometry import Geometry

# Space Ranger's ``spot_diameter_fullres`` is the diameter, in pixels of the full image, of a circle of 65 µm,
# though a Visium spot captures over 55 µm: its files have fiducial_diameter_fullres / spot_diameter_fullres = 105 / 65
# (fiducials measure 105 µm), and the spots' pitch, 100 µm, is 100 / 65 of it. Taking 55 µm would shrink all by 15 %.
SPOT_DIAMETER_UM = 65.0
PITCH_UM = 100.0
FITS = 0.12  # of the pitch: how far scale factors and positions may disagree

CHOSEN = "set by the user"
NOT_SAID = "the file does not say; set the µm per unit, or the spot pitch"

# "uM" is micromolar, "um/px" a scale
_LENGTHS = (
    (1.0, re.compile(r"^\s*(in\s+)?(µm|μm|um|(?i:microns?|micromet(er|re)s?))\b(?!\s*(/|per\b))")),
    (1000.0, re.compile(r"^\s*(in\s+)?(mm|(?i:millimet(er|re)s?))\b(?!\s*(/|per\b))")),
    (0.001, re.compile(r"^\s*(in\s+)?(nm|(?i:nanomet(er|re)s?))\b(?!\s*(/|per\b))")),
)
_TEXT_KEY = re.compile(r"^units?$|spatial|coord|position", re.IGNORECASE)
_SCALE_KEY = re.compile(r"^(um|µm|microns?)_per_(units?|pixels?|px)$", re.IGNORECASE)


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
    def factor(self) -> float:
        """What a unit of the file is in the slide's unit: µm where that is known, else 1."""
        return self.um_per_unit or 1.0

    @property
    def is_chosen(self) -> bool:
        """Whether the user said so, not the file."""
        return self.source == CHOSEN


def guess_units(uns: Mapping[str, Any], lattice: Callable[[], Geometry]) -> Units:
    """Return what a file says of its units.

    Parameters
    ----------
    uns
        Of the file: Space Ranger's scale factors in ``uns['spatial']``, a number such as ``uns['um_per_unit']``, or a
        text such as ``uns['spatial_units']``, at any depth.
    lattice
        Measures the spots in the file's own unit; asked only where Space Ranger's scale factors need a check.

    Returns
    -------
    Units
        Scale factors count only if they fit the positions: a file may carry factors of image pixels and positions
        that were since converted.
    """
    space_ranger = _space_ranger(uns.get("spatial"), lattice)
    if space_ranger is not None and space_ranger.um_per_unit is not None:
        return space_ranger
    return _said(uns) or space_ranger or Units(None, NOT_SAID)


def _said(uns: Mapping[str, Any]) -> Units | None:
    for where, key, value in _entries(uns):
        number = _positive(value)
        # the scales of single libraries are weighed in _space_ranger
        if number is not None and _SCALE_KEY.search(key) and not where.startswith("uns['spatial']"):
            return Units(number, f"{where} is {number:g}")
        if isinstance(value, str) and _TEXT_KEY.search(key):
            for um, pattern in _LENGTHS:
                if pattern.match(value):
                    return Units(um, f"{where} says {re.split(r'[;,(]', value)[0].strip()!r}")
    return None


def _entries(uns: Mapping[str, Any], path: str = "uns") -> Iterator[tuple[str, str, Any]]:
    """Yield where an entry stands, its key and its value (text as str), at any depth."""
    for key, value in uns.items():
        where = f"{path}[{key!r}]"
        if isinstance(value, Mapping):
            yield from _entries(value, where)
        else:
            yield where, str(key), value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _positive(value: Any) -> float | None:
    if isinstance(value, str) or np.size(value) != 1:
        return None
    try:
        number = float(np.asarray(value).ravel()[0])
    except (TypeError, ValueError):
        return None
    return number if np.isfinite(number) and number > 0 else None


def _space_ranger(spatial: object, lattice: Callable[[], Geometry]) -> Units | None:
    """Return the scale that Space Ranger's factors give, without a number where they can't be relied on."""
    libraries = list(spatial.values()) if isinstance(spatial, Mapping) else []
    factors = [library.get("scalefactors") for library in libraries if isinstance(library, Mapping)]
    scales = [scale for scale in map(_scale, factors) if scale is not None]
    if not scales:
        return None
    smallest, largest = min(um for um, _ in scales), max(um for um, _ in scales)
    if largest > 1.01 * smallest:
        said = f"uns['spatial'] has libraries of {smallest:.3g} to {largest:.3g} µm per pixel"
        return Units(None, f"{said}; save one slide a file, or set the µm per unit")
    um, expected = scales[0]
    if expected is not None and abs(um * lattice().pitch - expected) > FITS * expected:
        said = f"scale factors in uns['spatial'] put the spots {um * lattice().pitch:.3g} µm apart, not {expected:g} µm"
        return Units(None, f"{said} as on such a slide; set the µm per unit, or the spot pitch")
    return Units(um, "Space Ranger scale factors in uns['spatial']")


def _scale(factors: object) -> tuple[float, float | None] | None:
    """Return µm per pixel, and the pitch (µm) that the spots must then have; None for what is not said."""
    if not isinstance(factors, Mapping):
        return None
    direct = _positive(factors.get("microns_per_pixel"))  # Visium HD
    if direct is not None:
        return direct, _positive(factors.get("bin_size_um"))
    diameter = _positive(factors.get("spot_diameter_fullres"))
    return None if diameter is None else (SPOT_DIAMETER_UM / diameter, PITCH_UM)
