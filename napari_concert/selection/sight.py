"""Which spot is seen at a point of a picture in 3D: the front one along a line of sight."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

_SLACK = 1e-9


class Sight:
    """Spots seen along one direction, each as a disc that faces the viewer, as napari draws them.

    Of all discs that a line of sight meets, the one whose centre is nearest to the viewer is in front; on its section
    the one is meant whose centre is nearest to the line.

    Parameters
    ----------
    points
        (n, 3) centres, in any one frame; rows with NaN are not seen.
    direction
        (3,) from the viewer into the picture.
    radius
        Of a spot; large enough that those of a section overlap, a section has no gaps to look through.
    sections
        (n,) which section each spot lies on; by default each is by itself.

    Raises
    ------
    ConcertError
        If the direction is not one.
    """

    def __init__(
        self, points: npt.ArrayLike, direction: npt.ArrayLike, radius: float, sections: Rows | None = None
    ) -> None:
        along = np.asarray(direction, dtype=np.float64)
        length = float(np.linalg.norm(along))
        if along.shape != (3,) or not (np.isfinite(length) and length > 0):
            raise ConcertError(f"A line of sight needs a direction x, y, z, not {along.tolist()}.")
        placed = np.asarray(points, dtype=np.float64)
        self.direction, self.radius = along / length, radius
        self._rows = np.flatnonzero(np.isfinite(placed).all(axis=1)).astype(np.int64)
        self._across = _across(self.direction)
        self._distance = placed[self._rows] @ self.direction
        self._flat = placed[self._rows] @ self._across.T
        self._section = self._rows if sections is None else sections[self._rows]
        # built anew for each pose, asked a few dozen times a move: twice as fast to build, as fast to ask
        self._tree = cKDTree(self._flat, compact_nodes=False, balanced_tree=False)
        self._slack = _SLACK * (radius + float(np.abs(self._flat).max(initial=0.0)))

    def front(self, origin: npt.ArrayLike, among: npt.NDArray[np.bool_] | None = None) -> int | None:
        """Give the row of the front spot on the line through ``origin`` (3,), or None if the line meets none.

        Parameters
        ----------
        among
            (n,) which spots count; all by default.
        """
        line = self._across @ np.asarray(origin, dtype=np.float64)
        hits = np.sort(np.asarray(self._tree.query_ball_point(line, self.radius + self._slack), dtype=np.int64))
        if among is not None:
            hits = hits[among[self._rows[hits]]]
        if not len(hits):
            return None
        front = self._section[hits[np.argmin(self._distance[hits])]]
        there = hits[self._section[hits] == front]
        away = np.linalg.norm(self._flat[there] - line, axis=1)
        return int(self._rows[there[np.argmin(away)]])


def _across(direction: Floats) -> Floats:
    """Return two unit vectors (2, 3) at right angles to a unit vector, and to each other."""
    axis = np.zeros(3)
    axis[np.argmin(np.abs(direction))] = 1.0
    first = np.cross(direction, axis)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first)])
