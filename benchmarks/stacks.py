"""Time a stack in the 3D view: turning it, and painting on it with Qt's own mouse events.

    python benchmarks/stacks.py [--spots 2400] [--sections 8] [--genes 50]

The real window on a simulated stack (``simulate.stroke``), all sections in view, no model: what a model adds to a move
is in benchmarks/live.py. Pictures are counted as they come into the window.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from typing import Any

import numpy as np
from journey import pump, spread

STROKES, MOVES, TURNS = 3, 24, 16
LONG = 180  # pixels of a stroke
HAND = 0.012  # seconds between two moves of a fast hand


def main() -> None:
    """Print pictures a second and milliseconds a move."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("spots", 2400), ("sections", 8), ("genes", 50)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()
    report(args.spots, args.sections, args.genes)


def report(spots: int, sections: int, genes: int) -> None:
    """Open a stack in 3D, turn it, paint on it."""
    from napari_concert.io import from_anndata
    from napari_concert.selection import Depth
    from napari_concert.session.stack_view import StackMode
    from napari_concert.simulate import stroke
    from napari_concert.ui.plugin import find_dock, launch

    viewer = launch(block=False)
    dock = find_dock(viewer)
    assert dock is not None
    session = dock.session
    session.add(from_anndata(stroke(sections, spots, genes), registered=True))
    while session.current is None:
        pump(0.1)
    pump(1.0)
    started = time.perf_counter()
    session.show_stack(mode=StackMode.SPACE)
    draw(viewer)
    print(f"{session.current.painting.n_spots:,} spots on {sections} sections; to 3D and drawn in", end=" ")
    print(f"{1000 * (time.perf_counter() - started):.0f} ms")
    print(f"turning: {turning(viewer):.1f} pictures a second")
    dock.brush.set_active(True)
    for depth in (Depth(), Depth("sections", 2), Depth("sphere")):
        session.set_depth(depth)
        presses, moves, rate = paint(viewer, dock)
        print(f"{depth.reaches}: a press {spread(presses)} ms; a move {spread(moves)} ms", end="; ")
        print(f"{rate:.1f} pictures a second; {len(session.painted):,} spots painted")
        session.clear()
    viewer.close()


def draw(viewer: Any) -> None:
    """Draw the canvas into the window now, and the window onto the screen."""
    from qtpy.QtWidgets import QApplication

    viewer.window._qt_viewer.canvas.native.repaint()
    QApplication.processEvents()


def turn(viewer: Any) -> None:
    """Look from a little farther round."""
    camera = viewer.scene.camera
    first, second, third = camera.angles
    camera.angles = (first, second + 2, third)


def turning(viewer: Any) -> float:
    """Return how many pictures a second are drawn while the view turns."""
    started = time.perf_counter()
    for _ in range(TURNS):
        turn(viewer)
        draw(viewer)
    return TURNS / (time.perf_counter() - started)


def paint(viewer: Any, dock: Any) -> tuple[np.ndarray, np.ndarray, float]:
    """Return milliseconds of each press and of each move, drawing left out, and pictures a second meanwhile."""
    moves: list[float] = []
    dock.brush.move_took.connect(moves.append)
    done = []
    for number in range(STROKES):
        turn(viewer)  # as users do: which spots lie behind each other is found anew
        draw(viewer)
        done.append(stroke(viewer, 0.3 + 0.4 * number / STROKES))
    dock.brush.move_took.disconnect(moves.append)
    presses, pictures, seconds = np.array(done).T
    return 1000 * presses, 1000 * np.array(moves), float(pictures.sum() / seconds.sum())


def stroke(viewer: Any, down: float) -> tuple[float, int, float]:
    """Paint across the canvas, some way down; give the seconds of the press, and pictures and seconds of the moves."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    canvas = viewer.window._qt_viewer.canvas
    native, left, pictures = canvas.native, Qt.MouseButton.LeftButton, [0]

    def count(_event: object) -> None:
        pictures[0] += 1

    along = np.linspace(-LONG / 2, LONG / 2, MOVES)[:, None] * [1.0, 0.3]
    points = np.array([native.width() / 2, native.height() * down]) + along
    path = [QPoint(*at) for at in points.round().astype(int).tolist()]
    began = time.perf_counter()
    QTest.mousePress(native, left, Qt.KeyboardModifier.NoModifier, path[0])
    pressed = time.perf_counter() - began
    pump(0.3)
    canvas._scene_canvas.events.draw.connect(count)
    began = time.perf_counter()
    for at in path[1:]:
        drag(native, at)
        pump(HAND)
    seconds = time.perf_counter() - began
    canvas._scene_canvas.events.draw.disconnect(count)
    QTest.mouseRelease(native, left, Qt.KeyboardModifier.NoModifier, path[-1])
    pump(0.3)
    return pressed, pictures[0], seconds


def drag(native: Any, at: Any) -> None:
    """Move the mouse with its button held down; QTest's own moves hold none."""
    from qtpy.QtCore import QEvent, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtWidgets import QApplication

    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    where = QPointF(native.mapToGlobal(at))
    QApplication.sendEvent(native, QMouseEvent(QEvent.Type.MouseMove, QPointF(at), where, left, left, none))


if __name__ == "__main__":
    main()
