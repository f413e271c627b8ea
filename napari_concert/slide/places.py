"""Planes and places: which spots lie in one section, and which can influence each other at all.

A *plane* is one section, in which the lattice is measured. A *place* is a set of spots in one coordinate frame; spots
in different places are infinitely far apart. Without z every section is a place of its own. With z sections share a
place only if the coordinates are registered, as the file or the user says.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEWEST_IN_PLANE = 3  # spots at one z, on average: fewer, and z is a third dimension of a cloud, not a section's height


def plane_codes(coords: Floats, sections: npt.NDArray[np.object_] | None) -> Codes:
    """Return the plane (n_spots,) of each spot: its section, or its z where no column tells sections.

    Parameters
    ----------
    coords
        (n_spots, 2 or 3) in any unit, NaN where missing.
    sections
        (n_spots,) labels, None where missing; or None.
    """
    if sections is not None:
        codes, _ = pd.factorize(pd.Series(sections, dtype=object), use_na_sentinel=False)
        return codes.astype(np.int64)
    if coords.shape[1] == 2:
        return np.zeros(len(coords), dtype=np.int64)
    heights, planes = np.unique(coords[:, 2], return_inverse=True)
    if FEWEST_IN_PLANE * np.isfinite(heights).sum() > np.isfinite(coords[:, 2]).sum():
        return np.zeros(len(coords), dtype=np.int64)
    return planes.astype(np.int64)


def coincident(coords: Floats, places: Codes) -> int:
    """Return how many spots lie exactly where an earlier one of the same place does."""
    finite = np.isfinite(coords).all(axis=1)
    return int(pd.DataFrame(coords[finite]).assign(place=places[finite]).duplicated().sum())


def notes_on_places(planes: int, places: int, has_z: bool, registered: bool) -> list[str]:
    """Return what the user should know of how sections are kept apart."""
    if has_z and places > 1:
        said = (
            f"{planes} sections have a z, but nothing says that they are registered: they are kept apart, and no effect"
        )
        return [f"{said} passes between them. If they are aligned, say so (--registered, or the Slide panel)."]
    if registered and not has_z and planes > 1:
        return [f"The coordinates have no z: each of the {planes} sections stays a place of its own."]
    return []
