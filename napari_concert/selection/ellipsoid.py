"""The lesion that reaches through a stack: an ellipsoid, by its semi-axes or by how many spots it takes."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.selection.depth import SpotStack
from napari_concert.selection.lesion import Lesion
from napari_concert.selection.outlines import turned
from napari_concert.selection.star import ellipse
from napari_concert.selection.window import SLACK

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]


def ellipsoid(length: float, width: float, height: float, angle: float = 0.0) -> Lesion:
    """Give an ellipsoid by its semi-axes, in the slide's units.

    Parameters
    ----------
    length, width, height
        Half of what it measures along its length, across it in the plane of a section, and along z.
    angle
        How far its length is turned from x towards y, in degrees.

    Raises
    ------
    ConcertError
        If a semi-axis is not positive.
    """
    axes = np.array([length, width, height], dtype=np.float64)
    if not (np.isfinite(axes).all() and (axes > 0).all()):
        raise ConcertError(f"An ellipsoid's semi-axes must be above 0, not {axes.tolist()}.")
    mean = np.sqrt(length * width)
    return Lesion("ellipsoid", np.pi * length * width, ratio=length / width, angle=angle, tall=height / mean)


def semi_axes(lesion: Lesion, size: float | None = None) -> tuple[float, float, float]:
    """Give half of length, width and height of an ellipsoid.

    Parameters
    ----------
    size
        The square root of its largest section's area; that of its ``area`` by default.

    Raises
    ------
    ConcertError
        If it has neither.
    """
    if size is None and lesion.area is None:
        raise ConcertError("An ellipsoid of so many spots has its semi-axes only where it is stamped.")
    mean = float((np.sqrt(lesion.area or 0.0) if size is None else size) / np.sqrt(np.pi))
    return mean * lesion.ratio**0.5, mean / lesion.ratio**0.5, mean * lesion.tall


def spots_in_ellipsoid(lesion: Lesion, stack: SpotStack, centre: npt.ArrayLike, level: int) -> Rows:
    """Give the spots in an ellipsoid; only sections in the place of ``level`` are reached.

    Parameters
    ----------
    centre
        x, y, z of its middle, in the slide's units.

    Returns
    -------
    (m,) int64
        Sorted rows. With an area: the spots inside, the edge included. With a number: that many, those that a growing
        ellipsoid reaches first (of those at the same distance the first rows); fewer only where there are fewer.
    """
    rows, sizes = _sizes(lesion, stack, centre, level)
    if lesion.area is not None:
        return np.asarray(rows[sizes <= np.sqrt(lesion.area) * (1 + SLACK)], dtype=np.int64)
    # whole numbers: sizes that differ by rounding only are the same
    order = np.argsort(np.rint(sizes / (sizes.max(initial=0.0) * SLACK or 1.0)), kind="stable")
    return np.sort(rows[order[: lesion.spots]])


def ellipsoid_outline(lesion: Lesion, stack: SpotStack, centre: npt.ArrayLike, level: int, n: int = 96) -> Floats:
    """Give the outline (n, 2) of its largest section, for a preview: x, y in the slide's units.

    With a number of spots it passes halfway between the last spot inside and the first outside.
    """
    middle = np.asarray(centre, dtype=np.float64)[:2]
    return middle + _size(lesion, stack, centre, level) * ellipse(lesion.ratio, lesion.angle).corners(n)


def ellipsoid_rings(lesion: Lesion, stack: SpotStack, centre: npt.ArrayLike, level: int, n: int = 64) -> Floats:
    """Give three closed lines (3, n, 3) on its surface, for a preview in space: x, y, z in the slide's units.

    The first is the outline of its largest section; the others stand upright, along its length and across it.
    """
    length, width, height = semi_axes(lesion, _size(lesion, stack, centre, level))
    (x, y), theta = turned(np.array([[1.0, 0.0]]), lesion.angle)[0], np.linspace(0.0, 2 * np.pi, n)
    along, across, up = length * np.array([x, y, 0.0]), width * np.array([-y, x, 0.0]), np.array([0.0, 0.0, height])
    cos, sin = np.cos(theta)[:, None], np.sin(theta)[:, None]
    rings = np.stack([cos * one + sin * other for one, other in ((along, across), (along, up), (across, up))])
    return np.asarray(np.asarray(centre, dtype=np.float64) + rings, dtype=np.float64)


def _size(lesion: Lesion, stack: SpotStack, centre: npt.ArrayLike, level: int) -> float:
    """Give the square root of its largest section's area."""
    return float(np.sqrt(lesion.area)) if lesion.area is not None else _halfway(lesion, stack, centre, level)


def _halfway(lesion: Lesion, stack: SpotStack, centre: npt.ArrayLike, level: int) -> float:
    sizes = np.sort(_sizes(lesion, stack, centre, level)[1])
    last = int(lesion.spots or 0)
    if not len(sizes):
        return 0.0
    return float(np.mean(sizes[last - 1 : last + 1])) if last <= len(sizes) else float(sizes[-1])


def _sizes(lesion: Lesion, stack: SpotStack, centre: npt.ArrayLike, level: int) -> tuple[Rows, Floats]:
    """Give the spots around, and the size of the ellipsoid that passes through each."""
    middle = np.asarray(centre, dtype=np.float64)
    if middle.shape != (3,) or not np.isfinite(middle).all():
        raise ConcertError(f"The centre must be x, y, z in the slide's units, not {middle.tolist()}.")
    rows = stack.in_place_of(level)
    offset = stack.coords[rows] - middle
    flat = ellipse(lesion.ratio, lesion.angle).size_at(offset[:, :2])
    return rows, np.hypot(flat, offset[:, 2] * np.sqrt(np.pi) / lesion.tall)
