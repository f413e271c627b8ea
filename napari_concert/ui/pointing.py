"""Where the mouse points on a slide: a point of the section in the 2D view, the front spot in the 3D view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_concert.selection import Depth
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]

CLICK = 1.5  # pitches from a click to the spot it means
STRIDE = 0.5  # pitches between two lines of sight of a stroke
FLAT = 0.05  # sine of the angle between a line of sight and sections below which it goes along them
MOST_STEPS = 60  # lines of sight between two moves of the mouse


def is_in_space(event: Any) -> bool:
    """Give whether an event is of the 3D view."""
    return len(event.dims_displayed) == 3


def spot_at(scene: SlideScene, event: Any) -> int | None:
    """Give the row of the spot that is meant by a click; None where there is none."""
    if is_in_space(event):
        return scene.sight(event.view_direction).front(_origin(event))
    plane = scene.plane_at(event.position)
    return scene.index.nearest(scene.locate(event.position, plane)[:2], plane, CLICK * scene.slide.pitch)


def aim(scene: SlideScene, event: Any) -> tuple[Floats, int | None] | None:
    """Give the point of the slide under the mouse, and its section; in the 3D view those of the front spot, or None."""
    if not is_in_space(event):
        plane = scene.plane_at(event.position)
        return scene.locate(event.position, plane), plane
    row = spot_at(scene, event) if scene.stack is not None else None
    return None if row is None else (scene.slide.coords[row], int(scene.layout.planes[row]))


def away_from(scene: SlideScene, event: Any, point: Floats, plane: int | None) -> float:
    """Give how far the mouse is from a point of the slide: on its section, in the 3D view across the line of sight."""
    if not is_in_space(event):
        return float(np.linalg.norm((scene.locate(event.position, plane) - point)[:2]))
    stack, along = scene.layout.stack, np.asarray(event.view_direction, dtype=np.float64)[-3:][::-1]
    drawn = point * (1.0, 1.0, 1.0 if stack is None else stack.stretch)
    return float(np.linalg.norm(np.cross(_origin(event) - drawn, along)) / np.linalg.norm(along))


def trail_of(scene: SlideScene, event: Any, radius: float, depth: Depth) -> FlatTrail | SpaceTrail:
    """Begin to follow a stroke, in the 2D or the 3D view."""
    kind = SpaceTrail if scene.stack is not None and is_in_space(event) else FlatTrail
    return kind(scene, event, radius, depth)


class FlatTrail:
    """A stroke in the 2D view; on a stack it keeps to the section where it began, and reaches from there.

    Attributes
    ----------
    plane, path
        The section, and where the stroke has been.
    """

    def __init__(self, scene: SlideScene, event: Any, radius: float, depth: Depth) -> None:
        self.scene, self.radius, self.depth = scene, radius, depth
        self.plane = scene.plane_at(event.position)
        self.path: list[Floats] = []

    def extend(self, event: Any) -> Rows:
        """Give the spots between here and where the stroke was before."""
        self.path.append(self.scene.locate(event.position, self.plane))
        step, stack = np.stack(self.path[-2:]), self.scene.stack
        if stack is None or self.plane is None:
            return self.scene.index.spots_in_stroke(step, self.radius)
        return stack.in_stroke(step, self.radius, self.depth, self.plane)

    def show(self) -> None:
        """Draw where the stroke has been."""
        self.scene.draw_outline(np.stack(self.path), self.plane)


class SpaceTrail:
    """A stroke in the 3D view, over the front spots that it meets.

    A sphere goes wherever the eye leads it; other strokes keep to the section where they began.
    """

    def __init__(self, scene: SlideScene, event: Any, radius: float, depth: Depth) -> None:
        self.scene, self.radius, self.depth = scene, radius, depth
        self._sight = scene.sight(event.view_direction)
        self._among: npt.NDArray[np.bool_] | None = None
        self._origin = _origin(event)
        self._row: int | None = None
        self._point: Floats = np.zeros(3)

    def extend(self, event: Any) -> Rows:
        """Give the spots between here and where the stroke was before."""
        here, self._sight = _origin(event), self.scene.sight(event.view_direction)
        found = [self._look(origin) for origin in self._between(self._origin, here)]
        self._origin = here
        return np.unique(np.concatenate(found))

    def show(self) -> None:
        """Draw nothing: outlines lie in a plane."""

    def _between(self, start: Floats, end: Floats) -> Floats:
        """Return lines of sight, close enough that a stroke misses no section on its way."""
        away = float(np.linalg.norm(np.cross(end - start, self._sight.direction)))
        steps = int(np.clip(np.ceil(away / (STRIDE * self.scene.slide.pitch)), 1, MOST_STEPS))
        return np.linspace(start, end, steps + 1)[1:]

    def _look(self, origin: Floats) -> Rows:
        row, before, stack = self._sight.front(origin, self._among), self._row, self.scene.stack
        self._row = row
        if row is None or stack is None:
            return np.zeros(0, np.int64)
        last, self._point = self._point, stack.coords[row] + self._beside(origin, row)
        of, level = stack.levels.of, int(stack.levels.of[row])
        if self._among is None and self.depth.reaches != "sphere":
            self._among = of == level
        # from one section to another the eye jumps: there is no way between that was painted
        way = [self._point] if before is None or of[before] != level else [last, self._point]
        return stack.in_stroke(np.stack(way), self.radius, self.depth, level)

    def _beside(self, origin: Floats, row: int) -> Floats:
        """Return how far from a spot (3,), in its section, a line of sight goes; 0 where it goes along the section."""
        spot, along = self.scene.layout.points[row, ::-1], self._sight.direction
        if abs(along[2]) < FLAT:
            return np.zeros(3)
        away = origin + along * (spot[2] - origin[2]) / along[2] - spot
        return away if np.linalg.norm(away) <= CLICK * self.scene.slide.pitch else np.zeros(3)


def _origin(event: Any) -> Floats:
    return np.asarray(event.position, dtype=np.float64)[-3:][::-1]
