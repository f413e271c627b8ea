"""Star-shaped outlines: seen from their centre, one distance in each direction. Discs, ellipses, smooth blobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.selection.outlines import turned

Floats: TypeAlias = npt.NDArray[np.float64]

_WAVES = np.arange(2, 7)  # times around; a wave of 1 would only move the centre, many more would fray the edge
_ROUGHNESS = 0.45  # of the radius: how far all waves of a blob reach together


@dataclass(frozen=True, eq=False)
class Star:
    """An outline around the origin whose area is the square of its size.

    Attributes
    ----------
    heights, phases
        (k,) of the waves that make a circle irregular, heights as a share of the radius; all 0 for an ellipse.
    ratio
        How much longer than wide.
    angle
        How far its length is turned from x towards y, in degrees.
    """

    heights: Floats
    phases: Floats
    ratio: float
    angle: float

    @property
    def farthest(self) -> float:
        """No point of the outline of size 1 is farther from the origin."""
        return float(self._mean_radius * (1 + self.heights.sum()) * np.sqrt(max(self.ratio, 1 / self.ratio)))

    @property
    def spread(self) -> float:
        """How many times as far as in another direction the outline reaches in one, at most."""
        waves = self.heights.sum()
        return float((1 + waves) / (1 - waves) * max(self.ratio, 1 / self.ratio))

    def size_at(self, points: Floats) -> Floats:
        """Give the size (n,) of the outline that passes through each point (n, 2)."""
        flat = self._unstretched(points)
        distance = np.hypot(flat[:, 0], flat[:, 1])
        if not self.heights.any():
            return np.asarray(distance / self._mean_radius, dtype=np.float64)
        return np.asarray(distance / self._radius(np.arctan2(flat[:, 1], flat[:, 0])), dtype=np.float64)

    def corners(self, n: int) -> Floats:
        """Give the corners (n, 2) of a polygon of area 1 like the outline."""
        theta = 2 * np.pi * np.arange(n) / n
        corners = self._radius(theta)[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])
        area = 0.5 * _cross(corners, np.roll(corners, -1, axis=0)).sum()
        return turned(corners / np.sqrt(area) * self._stretch, self.angle)

    def polygon_size_at(self, points: Floats, n: int) -> Floats:
        """Give the size (m,) at which the polygon of ``n`` corners passes through each point (m, 2)."""
        flat = self._unstretched(points)
        corners = self._unstretched(self.corners(n))
        side = np.floor(np.arctan2(flat[:, 1], flat[:, 0]) * n / (2 * np.pi)).astype(np.int64)
        start, end = corners[side % n], corners[(side + 1) % n]
        return (_cross(flat, end) + _cross(start, flat)) / _cross(start, end)

    @property
    def _mean_radius(self) -> float:
        # the area of r(1 + Σ h cos(kθ + p)) is π r² (1 + Σ h² / 2), whatever the phases
        return float(1 / np.sqrt(np.pi * (1 + 0.5 * (self.heights**2).sum())))

    @property
    def _stretch(self) -> Floats:
        return np.array([np.sqrt(self.ratio), 1 / np.sqrt(self.ratio)])

    def _unstretched(self, points: Floats) -> Floats:
        return turned(points, -self.angle) / self._stretch

    def _radius(self, theta: Floats) -> Floats:
        waves = np.cos(theta[:, None] * _WAVES + self.phases) @ self.heights
        return np.asarray(self._mean_radius * (1 + waves), dtype=np.float64)


def ellipse(ratio: float, angle: float) -> Star:
    """Give an ellipse; a circle where ``ratio`` is 1."""
    return Star(np.zeros(len(_WAVES)), np.zeros(len(_WAVES)), ratio, angle)


def blob(seed: int, ratio: float, angle: float) -> Star:
    """Give an irregular, smooth outline, the same for the same seed."""
    rng = np.random.default_rng(seed)
    heights = rng.uniform(0.3, 1.0, len(_WAVES)) / _WAVES
    phases = rng.uniform(0.0, 2 * np.pi, len(_WAVES))
    return Star(_ROUGHNESS * heights / heights.sum(), phases, ratio, angle)


def _cross(one: Floats, other: Floats) -> Floats:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0], dtype=np.float64)
