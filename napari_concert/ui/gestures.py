"""What the mouse does with each tool: generators that napari resumes at every move and at the release.

Moves that follow each other fast are dropped on the way, so that the release may lie farther on than the last of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from napari_concert.selection import (
    Lesion,
    Mode,
    in_rectangle,
    outline_of,
    resized,
    same_region,
    simplified,
    spots_of,
)
from napari_concert.ui.tools import Tool

if TYPE_CHECKING:
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.scene import SlideScene

Floats: TypeAlias = npt.NDArray[np.float64]
Gesture: TypeAlias = "Callable[[BrushTool, SlideScene, Any, Mode], Iterator[None]]"

CONNECTED = 1.5  # pitches between neighbours of a region
CLICK = 1.5  # pitches from a click to the spot it means
DETAIL = 0.05  # pitches that a lasso's outline may be off
LEAST_DRAG = 0.5  # pitches: less is a click


def stroke(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Paint or erase spots within the brush's radius of the path, while it goes on."""
    session = tool.session
    at_once = mode in (Mode.ADD, Mode.SUBTRACT)
    if at_once:
        session.begin_stroke(mode is Mode.SUBTRACT)
    start = scene.locate(event.position)
    plane, found, walked = scene.plane_at(start), [], [start]

    def extend(path: list[Floats]) -> None:
        rows = scene.index.spots_in_stroke(np.stack(path), tool.radius, plane)
        found.append(rows)
        walked.append(path[-1])
        if at_once and len(rows):
            session.extend_stroke(rows)

    try:
        extend([start])
        yield
        while event.type == "mouse_move":
            started = time.perf_counter()
            extend([walked[-1], scene.locate(event.position)])
            if not at_once:  # nothing is painted before the release: show at least where the brush has been
                scene.draw_outline(np.stack(walked))
            tool.move_took.emit(time.perf_counter() - started)
            yield
        extend([walked[-1], scene.locate(event.position)])
    finally:
        tool.stroke_ended.emit(time.perf_counter())
        if at_once:
            session.end_stroke()
    if not at_once:
        scene.draw_outline(None)
        session.select(np.concatenate(found), mode)


def lasso(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Select what a line drawn with the button held down encloses."""
    path = [scene.locate(event.position)]
    yield
    while event.type == "mouse_move":
        path.append(scene.locate(event.position))
        scene.draw_outline(np.stack([*path, path[0]]))
        yield
    scene.draw_outline(None)
    path.append(scene.locate(event.position))
    corners = simplified(np.stack(path)[:, :2], DETAIL * scene.slide.pitch)
    if len(corners) < 3:
        return  # a click encloses nothing, and must not empty the patch where spots are intersected
    tool.session.select(scene.index.spots_in_polygon(corners, scene.plane_at(path[0])), mode)


def rectangle(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Select what lies between two corners."""
    start = scene.locate(event.position)
    yield
    while event.type == "mouse_move":
        (x0, y0), (x1, y1) = start[:2], scene.locate(event.position)[:2]
        scene.draw_outline(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]))
        yield
    scene.draw_outline(None)
    end = scene.locate(event.position)
    if np.array_equal(start, end):
        return
    tool.session.select(in_rectangle(scene.index, start[:2], end[:2], scene.plane_at(start)), mode)


def polygon(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Add a corner to the polygon; a double click or Enter closes it."""
    tool.polygon_mode = mode
    tool.corners.append(scene.locate(event.position))
    scene.draw_outline(np.stack([*tool.corners, tool.corners[0]]))
    yield


def one_spot(tool: BrushTool, scene: SlideScene, event: Any, _mode: Mode) -> Iterator[None]:
    """Add the spot under the cursor, or take it away."""
    row = _spot_at(scene, event)
    if row is not None:
        tool.session.select([row], Mode.INVERT)
    yield


def region(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Select all spots that are connected to the one under the cursor and have its label."""
    row = _spot_at(scene, event)
    if row is not None:
        step = CONNECTED * scene.slide.pitch
        tool.session.select(same_region(scene.index, tool.session.region_labels(), row, step), mode)
    yield


def lesion(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Stamp a lesion; dragging away from its centre sizes it."""
    centre, made = scene.locate(event.position), tool.lesion
    plane = scene.plane_at(centre)
    plain = outline_of(made, scene.index, centre[:2], place=plane)
    size = max(float(np.linalg.norm(plain - centre[:2], axis=1).mean()), 1e-9)
    scene.draw_outline(plain)
    yield

    def dragged() -> Lesion:
        length = float(np.linalg.norm((scene.locate(event.position) - centre)[:2]))
        return made if length < LEAST_DRAG * scene.slide.pitch else resized(made, length / size)

    while event.type == "mouse_move":
        scene.draw_outline(outline_of(dragged(), scene.index, centre[:2], place=plane))
        yield
    scene.draw_outline(None)
    tool.session.select(spots_of(dragged(), scene.index, centre[:2], plane), mode)


def _spot_at(scene: SlideScene, event: Any) -> int | None:
    point = scene.locate(event.position)
    return scene.index.nearest(point, scene.plane_at(point), CLICK * scene.slide.pitch)


GESTURES: dict[Tool, Gesture] = {
    Tool.BRUSH: stroke,
    Tool.LASSO: lasso,
    Tool.POLYGON: polygon,
    Tool.RECTANGLE: rectangle,
    Tool.SPOT: one_spot,
    Tool.REGION: region,
    Tool.LESION: lesion,
}
