"""What the mouse does with each tool: generators that napari resumes at every move and at the release.

Moves that follow each other fast are dropped on the way, so that the release may lie farther on than the last of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from napari_concert.selection import Lesion, Mode, in_rectangle, resized, same_region, simplified
from napari_concert.ui.pointing import aim, away_from, is_in_space, spot_at, trail_of
from napari_concert.ui.tools import ABOUT, Tool

if TYPE_CHECKING:
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.scene import SlideScene

Gesture: TypeAlias = "Callable[[BrushTool, SlideScene, Any, Mode], Iterator[None]]"

CONNECTED = 1.5  # pitches between neighbours of a region
DETAIL = 0.05  # pitches that a lasso's outline may be off
LEAST_DRAG = 0.5  # pitches: less is a click
# in the 3D view; the others draw an outline, which lies in a plane
IN_SPACE = frozenset({Tool.BRUSH, Tool.SPOT, Tool.REGION, Tool.LESION})


def stroke(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Paint or erase spots within the brush's radius of the path, while it goes on."""
    session = tool.session
    at_once = mode in (Mode.ADD, Mode.SUBTRACT)
    if at_once:
        session.begin_stroke(mode is Mode.SUBTRACT)
    trail, found = trail_of(scene, event, tool.radius, session.depth), []

    def extend() -> None:
        rows = trail.extend(event)
        found.append(rows)
        if at_once and len(rows):
            session.extend_stroke(rows)

    try:
        extend()
        yield
        while event.type == "mouse_move":
            started = time.perf_counter()
            extend()
            if not at_once:  # nothing is painted before the release: show at least where the brush has been
                trail.show()
            tool.move_took.emit(time.perf_counter() - started)
            yield
        extend()
    finally:
        tool.stroke_ended.emit(time.perf_counter())
        if at_once:
            session.end_stroke()
    if not at_once:
        scene.draw_outline(None)
        session.select(np.concatenate(found), mode)


def lasso(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Select what a line drawn with the button held down encloses."""
    plane = scene.plane_at(event.position)
    path = [scene.locate(event.position, plane)]
    yield
    while event.type == "mouse_move":
        path.append(scene.locate(event.position, plane))
        scene.draw_outline(np.stack([*path, path[0]]), plane)
        yield
    scene.draw_outline(None)
    path.append(scene.locate(event.position, plane))
    corners = simplified(np.stack(path)[:, :2], DETAIL * scene.slide.pitch)
    if len(corners) < 3:
        return  # a click encloses nothing, and must not empty the patch where spots are intersected
    tool.session.select(scene.index.spots_in_polygon(corners, plane), mode)


def rectangle(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Select what lies between two corners."""
    plane = scene.plane_at(event.position)
    start = scene.locate(event.position, plane)
    yield
    while event.type == "mouse_move":
        (x0, y0), (x1, y1) = start[:2], scene.locate(event.position, plane)[:2]
        scene.draw_outline(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]), plane)
        yield
    scene.draw_outline(None)
    end = scene.locate(event.position, plane)
    if np.array_equal(start, end):
        return
    tool.session.select(in_rectangle(scene.index, start[:2], end[:2], plane), mode)


def polygon(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Add a corner to the polygon; a double click or Enter closes it."""
    if not tool.corners:
        tool.polygon_plane = scene.plane_at(event.position)
    tool.polygon_mode = mode
    tool.corners.append(scene.locate(event.position, tool.polygon_plane))
    scene.draw_outline(np.stack([*tool.corners, tool.corners[0]]), tool.polygon_plane)
    yield


def one_spot(tool: BrushTool, scene: SlideScene, event: Any, _mode: Mode) -> Iterator[None]:
    """Add the spot under the cursor, or take it away."""
    row = spot_at(scene, event)
    if row is not None:
        tool.session.select([row], Mode.INVERT)
    yield


def region(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Select all spots that are connected to the one under the cursor and have its label."""
    row = spot_at(scene, event)
    if row is not None:
        step = CONNECTED * scene.slide.pitch
        tool.session.select(same_region(scene.index, tool.session.region_labels(), row, step), mode)
    yield


def lesion(tool: BrushTool, scene: SlideScene, event: Any, mode: Mode) -> Iterator[None]:
    """Stamp a lesion; dragging away from its centre sizes it."""
    place = aim(scene, event)
    if place is None:
        return
    (centre, plane), made = place, tool.lesion
    size = scene.size_of(made, centre, plane)
    scene.draw_lesion(made, centre, plane)
    yield

    def dragged() -> Lesion:
        length = away_from(scene, event, centre, plane)
        return made if length < LEAST_DRAG * scene.slide.pitch else resized(made, length / size)

    while event.type == "mouse_move":
        scene.draw_lesion(dragged(), centre, plane)
        yield
    scene.draw_outline(None)
    tool.session.select(scene.spots_of_lesion(dragged(), centre, plane), mode)


def look_ahead(tool: BrushTool, scene: SlideScene, event: Any) -> None:
    """Show where a polygon's next side, or a lesion, would lie."""
    if tool.tool is Tool.LESION:
        place = aim(scene, event)
        if place is None:
            scene.draw_outline(None)
        else:
            scene.draw_lesion(tool.lesion, *place)
    elif tool.tool is Tool.POLYGON and tool.corners and not is_in_space(event):
        here = scene.locate(event.position, tool.polygon_plane)
        scene.draw_outline(np.stack([*tool.corners, here, tool.corners[0]]), tool.polygon_plane)


GESTURES: dict[Tool, Gesture] = {
    Tool.BRUSH: stroke,
    Tool.LASSO: lasso,
    Tool.POLYGON: polygon,
    Tool.RECTANGLE: rectangle,
    Tool.SPOT: one_spot,
    Tool.REGION: region,
    Tool.LESION: lesion,
}


def problem_in_space(scene: SlideScene, tool: Tool) -> str:
    """Say why a tool does nothing in the 3D view, and what to do; "" if it works there."""
    if scene.stack is None:
        return "Painting works in the 2D view. Switch 3D off (Ctrl+Y)."
    if tool in IN_SPACE:
        return ""
    names = ", ".join(ABOUT[each].name for each in Tool if each in IN_SPACE)
    return f"{ABOUT[tool].name} draws in a plane: use it on one section, or side by side. In 3D there are: {names}."
