"""How the sections of a slide lie in space: their order, their heights, and how each was moved onto the others.

The positions of the file are never written over: a stack says what is done to them when they are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError, UnknownName

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Rigid:
    """A movement of a section in its plane: mirrored or not, turned around the origin, then shifted.

    ``moved = R(angle) · diag(±1, 1) · point + shift``

    Attributes
    ----------
    angle
        Degrees, from the x axis towards the y axis.
    shift
        (x, y) in the file's own units.
    mirrored
        Whether x changes its sign first: the section was mounted the other way up.
    """

    angle: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False

    @property
    def linear(self) -> Floats:
        """The turn and the mirror, as a matrix (2, 2)."""
        turn = np.deg2rad(self.angle)
        cos, sin = np.cos(turn), np.sin(turn)
        return np.array([[cos, -sin], [sin, cos]]) @ np.diag([-1.0 if self.mirrored else 1.0, 1.0])

    def apply(self, points: Floats) -> Floats:
        """Return points (n, 2) moved."""
        return np.asarray(points @ self.linear.T + self.shift, dtype=np.float64)

    def then(self, other: Rigid) -> Rigid:
        """Return the movement that does this one first, and ``other`` afterwards."""
        return Rigid.of(other.linear @ self.linear, other.linear @ np.asarray(self.shift) + other.shift)

    @property
    def inverse(self) -> Rigid:
        """The movement that takes this one back."""
        back = self.linear.T
        return Rigid.of(back, -back @ np.asarray(self.shift))

    @classmethod
    def of(cls, linear: npt.ArrayLike, shift: npt.ArrayLike) -> Self:
        """Return the movement of an orthogonal matrix (2, 2) and a shift (2,)."""
        matrix, (x, y) = np.asarray(linear, dtype=np.float64), np.asarray(shift, dtype=np.float64).tolist()
        mirrored = bool(np.linalg.det(matrix) < 0)
        # the second column is that of the turn, mirrored or not
        angle = float(np.rad2deg(np.arctan2(-matrix[0, 1], matrix[1, 1])))
        return cls(angle, (float(x), float(y)), mirrored)

    @classmethod
    def around(cls, centre: npt.ArrayLike, angle: float = 0.0, shift: npt.ArrayLike = (0.0, 0.0)) -> Self:
        """Return a turn around a point (2,) by some degrees, then a shift."""
        middle, turn = np.asarray(centre, dtype=np.float64), cls(angle).linear
        return cls.of(turn, middle - turn @ middle + np.asarray(shift, dtype=np.float64))


@dataclass(frozen=True)
class Stack:
    """Sections in order, from the lowest to the highest.

    Attributes
    ----------
    order
        Names of the sections.
    heights
        z of each, increasing, in µm where the slide's units are known and else in its units.
    moves
        How sections were moved; one without an entry lies as in the file.
    assumed
        Whether the heights are a guess that nobody confirmed.
    """

    order: tuple[str, ...]
    heights: tuple[float, ...]
    moves: Mapping[str, Rigid] = field(default_factory=dict)
    assumed: bool = False

    def __post_init__(self) -> None:
        if not self.order or len(set(self.order)) < len(self.order):
            raise ConcertError(f"A stack needs one or more different sections; got {list(self.order)}.")
        if len(self.heights) != len(self.order):
            raise ConcertError(f"A stack needs a height for each of its {len(self.order)} sections.")
        if not np.isfinite(self.heights).all() or (np.diff(self.heights) <= 0).any():
            raise ConcertError(
                f"Sections must lie above each other, lowest first; got the heights {list(self.heights)}. "
                "Give the sections in order and a spacing above 0."
            )
        for name in self.moves:
            self.position(name)

    @classmethod
    def spaced(cls, order: Iterable[str], spacing: float, *, assumed: bool = False) -> Self:
        """Return sections that lie ``spacing`` apart, the first one at 0."""
        names = tuple(order)
        return cls(names, tuple(float(spacing) * i for i in range(len(names))), assumed=assumed)

    def position(self, name: str) -> int:
        """Return the place of a section in the order.

        Raises
        ------
        UnknownName
            If the stack has no such section.
        """
        if name not in self.order:
            raise UnknownName("section", name, self.order)
        return self.order.index(name)

    @property
    def spacing(self) -> float:
        """Median distance between neighbouring sections; 0 of a single one."""
        return float(np.median(np.diff(self.heights))) if len(self.heights) > 1 else 0.0

    def move_of(self, name: str) -> Rigid:
        """Return how a section was moved."""
        return self.moves.get(name, Rigid())

    # -- other stacks -------------------------------------------------------------------------------------------------

    def moved(self, moves: Mapping[str, Rigid]) -> Self:
        """Return the stack with other movements for some sections."""
        return replace(self, moves={**self.moves, **moves})

    def reordered(self, order: Iterable[str]) -> Self:
        """Return the same sections in another order, the lowest first; the heights stay those of the stack.

        Raises
        ------
        ConcertError
            If the order does not name each section once.
        """
        names = tuple(order)
        for name in names:
            self.position(name)
        if sorted(names) != sorted(self.order):
            left = ", ".join(name for name in self.order if name not in names) or "one is named twice"
            raise ConcertError(f"The order must name each of the {len(self.order)} sections once; missing: {left}.")
        return replace(self, order=names)

    def respaced(self, spacing: float) -> Self:
        """Return the stack with its sections ``spacing`` apart."""
        spaced = Stack.spaced(self.order, spacing)
        return replace(self, heights=spaced.heights, assumed=False)

    # -- what it does -------------------------------------------------------------------------------------------------

    def place(self, points: Floats, sections: Labels, unit: float) -> Floats:
        """Return positions (n, 3) of spots in the stack.

        Parameters
        ----------
        points
            (n, 2 or more) x, y in the file's units.
        sections
            (n,) names; a spot of no section of the stack has no position (NaN).
        unit
            What a unit of the file is in the slide's unit.
        """
        placed = np.full((len(points), 3), np.nan)
        for name, height in zip(self.order, self.heights, strict=True):
            here = sections == name
            placed[here, :2] = self.move_of(name).apply(points[here, :2]) * unit
            placed[here, 2] = height
        placed[~np.isfinite(placed).all(axis=1)] = np.nan
        return placed

    # -- as plain values ----------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Return the stack as JSON values."""
        moves = {name: {**asdict(move), "shift": list(move.shift)} for name, move in self.moves.items()}
        return {"order": list(self.order), "heights": list(self.heights), "moves": moves, "assumed": self.assumed}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the stack of JSON values.

        Raises
        ------
        ConcertError
            If they are not those of a stack.
        """
        try:
            moves = {
                str(name): Rigid(float(move["angle"]), _pair(move["shift"]), bool(move["mirrored"]))
                for name, move in values.get("moves", {}).items()
            }
            order, heights = tuple(map(str, values["order"])), tuple(map(float, values["heights"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConcertError(f"These are not the values of a stack of sections: {error!r}.") from error
        return cls(order, heights, moves, bool(values.get("assumed", False)))


def _pair(values: Iterable[float]) -> tuple[float, float]:
    x, y = (float(value) for value in values)
    return x, y
