"""The lesion stamp: spots under a disc, an ellipse or an irregular blob of known size.

Where an ellipsoid reaches in a stack is in :mod:`.ellipsoid`; here, on one section, it is the ellipse of its middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.selection.star import Star, blob, ellipse
from napari_concert.selection.window import SLACK, as_point, in_box

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
Kind: TypeAlias = Literal["disc", "ellipse", "blob", "ellipsoid"]


@dataclass(frozen=True)
class Lesion:
    """A lesion to stamp on a slide.

    Attributes
    ----------
    kind
        "disc", "ellipse", "blob": an irregular, smooth outline, or "ellipsoid": it reaches through a stack.
    area
        Its area in the slide's units squared, of an ellipsoid that of its largest section; or None where the number of
        spots is given.
    spots
        How many spots it takes; or None where the area is given.
    ratio
        How much longer than wide it is; 1 for a disc.
    angle
        How far its length is turned from x towards y, in degrees.
    seed
        Which blob: the same seed gives the same outline.
    tall
        How many times as high along z as it is wide on average; of an ellipsoid only.

    Raises
    ------
    ConcertError
        If not exactly one of ``area`` and ``spots`` is given, or a value is out of its range.
    """

    kind: Kind
    area: float | None = None
    spots: int | None = None
    ratio: float = 1.0
    angle: float = 0.0
    seed: int = 0
    tall: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UnknownName("kind of lesion", str(self.kind), get_args(Kind))
        if (self.area is None) == (self.spots is None):
            raise ConcertError("A lesion has either an area or a number of spots. Give one of the two.")
        if self.area is not None and not 0 < self.area < np.inf:
            raise ConcertError(f"A lesion's area must be above 0 square units, not {self.area}.")
        if self.spots is not None and not (self.spots >= 1 and self.spots % 1 == 0):
            raise ConcertError(f"A lesion takes a whole number of spots, 1 or more, not {self.spots}.")
        if not 0 < self.ratio < np.inf or (self.kind == "disc" and self.ratio != 1):
            raise ConcertError(
                f"A {self.kind} cannot be {self.ratio} times as long as wide. "
                "A disc has ratio 1; an ellipse or a blob a ratio above 0."
            )
        if not np.isfinite(self.angle):
            raise ConcertError(f"A lesion is turned by an angle in degrees, not {self.angle}.")
        if not (self.seed >= 0 and self.seed % 1 == 0):
            raise ConcertError(f"A blob's seed is a whole number, 0 or more, not {self.seed}.")
        if not 0 < self.tall < np.inf:
            raise ConcertError(f"An ellipsoid cannot be {self.tall} times as high as wide: give a number above 0.")


def resized(lesion: Lesion, factor: float) -> Lesion:
    """Give the lesion with its length and width times ``factor``.

    A number of spots changes by one at least, so that a lesion of few spots can be resized in small steps.

    Raises
    ------
    ConcertError
        If the factor is not positive.
    """
    if not 0 < factor < np.inf:
        raise ConcertError(f"A lesion can be resized by a positive factor, not {factor}.")
    if lesion.area is not None:
        return replace(lesion, area=lesion.area * factor**2)
    assert lesion.spots is not None
    spots = round(lesion.spots * factor**2)
    if factor > 1:
        return replace(lesion, spots=max(spots, lesion.spots + 1))
    return replace(lesion, spots=lesion.spots if factor == 1 else max(1, min(spots, lesion.spots - 1)))


def spots_of(lesion: Lesion, index: SpotIndex, centre: npt.ArrayLike, place: int | None = None) -> Rows:
    """Give the spots under a lesion.

    Parameters
    ----------
    lesion
        Its shape and size.
    index
        The slide's spots. On slides with z a lesion is seen from above: only x, y count.
    centre
        Where it is stamped: x, y in the slide's units.
    place
        Only spots of this place; all places by default.

    Returns
    -------
    (m,) int64
        Sorted rows. With an area: the spots inside, the edge included. With a number: that many, those that a growing
        lesion reaches first (of those at the same distance the first rows); fewer only where the place has fewer.

    Raises
    ------
    ConcertError
        If the centre is not a point.
    """
    middle, star = as_point(centre, "The centre"), _star(lesion)
    if lesion.area is None:
        rows, first = _first(lesion, index, middle, place, star.spread)
        return np.asarray(rows[first])
    size = float(np.sqrt(lesion.area)) * (1 + SLACK)
    reach = size * star.farthest
    rows = in_box(index, middle - reach, middle + reach, place)
    return rows[star.size_at(index.coords[rows, :2] - middle) <= size]


def outline_of(
    lesion: Lesion, index: SpotIndex, centre: npt.ArrayLike, n: int = 96, place: int | None = None
) -> Floats:
    """Give the outline of a lesion, for a preview.

    Parameters
    ----------
    lesion, index, centre, place
        As for :func:`spots_of`.
    n
        How many corners; 3 or more.

    Returns
    -------
    (n, 2) float64
        Corners x, y in the slide's units; the outline closes itself. With an area: a polygon of just this area. With a
        number of spots: halfway between the last spot inside and the first outside, as closely as ``n`` straight sides
        follow the curve; where these two are equally far, it passes through both.

    Raises
    ------
    ConcertError
        If the centre is not a point, or there are fewer than 3 corners.
    """
    if n < 3:
        raise ConcertError(f"An outline has 3 corners or more, not {n}.")
    middle = as_point(centre, "The centre")
    size = _halfway(lesion, index, middle, n, place) if lesion.area is None else float(np.sqrt(lesion.area))
    return middle + size * _star(lesion).corners(n)


def _star(lesion: Lesion) -> Star:
    if lesion.kind == "blob":
        return blob(lesion.seed, lesion.ratio, lesion.angle)
    return ellipse(lesion.ratio, lesion.angle)


def _first(lesion: Lesion, index: SpotIndex, middle: Floats, place: int | None, spread: float) -> tuple[Rows, Mask]:
    """Give the spots nearby, and which of them are among the first that a growing lesion reaches.

    Nearby are all that may be among these, or be the next, if an outline reaches at most ``spread`` times as far in one
    direction as in another.
    """
    wanted = int(lesion.spots or 0)
    rows = in_box(index, np.full(2, -np.inf), np.full(2, np.inf), place)
    x, y = index.coords[rows, 0] - middle[0], index.coords[rows, 1] - middle[1]
    squared = x * x + y * y
    if len(rows) > wanted + 1:
        rows = rows[squared <= np.partition(squared, wanted)[wanted] * (spread * (1 + SLACK)) ** 2]
    size = _star(lesion).size_at(index.coords[rows, :2] - middle)
    first = np.zeros(len(rows), dtype=bool)
    first[np.argsort(_without_rounding(size), kind="stable")[:wanted]] = True
    return rows, first


def _without_rounding(sizes: Floats) -> Floats:
    """Give whole numbers in the order of the sizes, the same for sizes that differ by rounding only."""
    return np.rint(sizes / (sizes.max(initial=0.0) * SLACK or 1.0))


def _halfway(lesion: Lesion, index: SpotIndex, middle: Floats, n: int, place: int | None) -> float:
    """Give the size of the polygon between the last spot inside and the first outside."""
    star = _star(lesion)
    # a straight side comes nearer to the centre than the curve between its ends
    rows, first = _first(lesion, index, middle, place, star.spread / np.cos(np.pi / n))
    size = star.polygon_size_at(index.coords[rows, :2] - middle, n)
    last = float(size[first].max(initial=0.0))
    if first.all():
        return last * float(np.sqrt(1 + 1 / max(len(rows), 1)))  # none is outside: as if one more spot were
    return 0.5 * (last + float(size[~first].min()))
