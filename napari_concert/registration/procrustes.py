"""The movement that puts points on points: by matches of any weight, or by landmarks that a user sets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_concert.errors import ConcertError
from napari_concert.slide import Rigid

Floats = npt.NDArray[np.float64]

APART = 1e-9  # of the largest coordinate: landmarks nearer than this are one


def fit(points_a: Floats, points_b: Floats, matches: Floats, *, mirrored: bool) -> Rigid:
    """Return the movement of b onto a that least squares give (Kabsch, Acta Cryst. A32, 1976).

    Parameters
    ----------
    points_a, points_b
        (n, 2) and (m, 2).
    matches
        (n, m) weights: how much a spot of one is a spot of the other.
    mirrored
        Whether the movement is mirrored, or not.
    """
    weight = matches.sum()
    centre_a, centre_b = matches.sum(axis=1) @ points_a / weight, matches.sum(axis=0) @ points_b / weight
    left, _, right = np.linalg.svd((points_a - centre_a).T @ matches @ (points_b - centre_b))
    flipped = (np.linalg.det(left @ right) < 0) != mirrored
    turn = left @ np.diag([1.0, -1.0 if flipped else 1.0]) @ right
    return Rigid.of(turn, centre_a - turn @ centre_b)


def landmarks(points_a: npt.ArrayLike, points_b: npt.ArrayLike, *, mirror: bool = False) -> Rigid:
    """Return the movement that puts points of one section on the same points of another, by least squares.

    Parameters
    ----------
    points_a
        (n, 2) places in the section that stays; two or more.
    points_b
        (n, 2) the same places in the section that is moved, in the same order.
    mirror
        Whether the section may be mirrored where that fits better; takes three places.

    Returns
    -------
    Rigid
        Moves ``points_b`` onto ``points_a``; :func:`residual` tells how well.

    Raises
    ------
    ConcertError
        If there are too few places, they lie on each other, or their numbers differ.
    """
    a, b = _checked(points_a, points_b, fewest=3 if mirror else 2)
    plain = fit(a, b, np.eye(len(a)), mirrored=False)
    if not mirror:
        return plain
    flipped = fit(a, b, np.eye(len(a)), mirrored=True)
    # places on one line fit either way; they say nothing for a mirror
    gained = residual(flipped, a, b) < residual(plain, a, b) - APART * np.abs(a).max()
    return flipped if gained else plain


def residual(move: Rigid, points_a: npt.ArrayLike, points_b: npt.ArrayLike) -> float:
    """Return how far a movement leaves landmarks from each other: root mean square, in their unit."""
    apart = move.apply(np.asarray(points_b, dtype=np.float64)) - np.asarray(points_a, dtype=np.float64)
    return float(np.sqrt((apart**2).sum(axis=1).mean()))


def _checked(points_a: npt.ArrayLike, points_b: npt.ArrayLike, fewest: int) -> tuple[Floats, Floats]:
    a, b = np.asarray(points_a, dtype=np.float64), np.asarray(points_b, dtype=np.float64)
    if a.ndim != 2 or a.shape[1] != 2 or a.shape != b.shape:
        raise ConcertError(
            f"Landmarks are x, y in both sections, in one order; got arrays of shape {a.shape} and {b.shape}."
        )
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ConcertError("Landmarks must be finite numbers; leave out those that are missing.")
    if len(a) < fewest:
        wanted = "three pairs of landmarks to tell a mirrored section" if fewest == 3 else "two pairs of landmarks"
        raise ConcertError(f"It takes at least {wanted}; got {len(a)}. Set more.")
    for points in (a, b):
        if np.ptp(points, axis=0).max() <= APART * max(1.0, np.abs(points).max()):
            raise ConcertError("All landmarks of a section lie on one place; set them far apart.")
    return a, b
