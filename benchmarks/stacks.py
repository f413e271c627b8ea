"""Time a stack in the 3D view: turning it, and painting on it with Qt's own mouse events.

    python benchmarks/stacks.py [--spots 2400] [--sections 8] [--genes 50]

The real window on a simulated stack (``simulate.stroke``), all sections in view, no model: what a model adds to a move
is in benchmarks/live.py.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time

import numpy as np
from journey import pump, spread

STROKES, MOVES, TURNS = 2, 9, 8


def main() -> None:
    """Print frames a second and milliseconds a move."""
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
    from napari_concert.session.stacks import StackMode
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
    print(f"turning: {frames(viewer):.1f} frames a second")
    dock.brush.set_active(True)
    for depth in (Depth(), Depth("sections", 2), Depth("sphere")):
        session.set_depth(depth)
        moves, whole = paint(viewer, dock)
        print(
            f"{depth.reaches}: a move {spread(moves)}; drawn {spread(whole)} ms; {len(session.painted):,} spots painted"
        )
        session.clear()
    viewer.close()


def draw(viewer: object) -> None:
    """Draw the canvas now."""
    viewer.window._qt_viewer.canvas._scene_canvas.render()  # type: ignore[attr-defined]


def frames(viewer: object) -> float:
    """Return how many pictures a second are drawn while the view turns."""
    camera = viewer.scene.camera  # type: ignore[attr-defined]
    started = time.perf_counter()
    for _ in range(TURNS):
        first, second, third = camera.angles
        camera.angles = (first, second + 2, third)
        draw(viewer)
    return TURNS / (time.perf_counter() - started)


def paint(viewer: object, dock: object) -> tuple[np.ndarray, np.ndarray]:
    """Return milliseconds of each move, drawing left out, and drawing included."""
    from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
    from qtpy.QtGui import QMouseEvent
    from qtpy.QtTest import QTest
    from qtpy.QtWidgets import QApplication

    native = viewer.window._qt_viewer.canvas.native  # type: ignore[attr-defined]
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    took: list[float] = []
    dock.brush.move_took.connect(took.append)  # type: ignore[attr-defined]
    whole = []
    for stroke in range(STROKES):
        middle = np.array([native.width() / 2, native.height() * (0.3 + 0.4 * stroke / STROKES)])
        along = np.linspace(-90, 90, MOVES)[:, None] * [1.0, 0.3]
        path = [QPoint(*at) for at in (middle + along).round().astype(int).tolist()]
        QTest.mousePress(native, left, none, path[0])
        for at in path[1:]:
            QTest.qWait(15)
            started = time.perf_counter()
            global_at = QPointF(native.mapToGlobal(at))
            QApplication.sendEvent(native, QMouseEvent(QEvent.Type.MouseMove, QPointF(at), global_at, left, left, none))
            draw(viewer)
            whole.append(1000 * (time.perf_counter() - started))
        QTest.mouseRelease(native, left, none, path[-1])
        pump(0.05)
    dock.brush.move_took.disconnect(took.append)  # type: ignore[attr-defined]
    return 1000 * np.array(took), np.array(whole)


if __name__ == "__main__":
    main()
