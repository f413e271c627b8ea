"""Time the main journey in the real window: open, train, paint, see the change.

Run with ``make bench`` (or ``python benchmarks/journey.py`` where there is a display). The mouse is Qt's own events on
the canvas. Each figure is printed with its unit; compare figures of one run only, machines differ.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.ui.dock import ConcertDock

OPEN_ONLY = "--open-only"
STROKES, MOVES = 8, 16


def main() -> None:
    """Print all figures; with ``--open-only`` just the time to the first picture, for the parent process."""
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()
    if OPEN_ONLY in sys.argv:
        started = float(sys.argv[-1])
        open_sample()
        print(f"{time.time() - started:.2f}")
        return
    report_opening()
    dock, viewer = open_sample()
    try:
        report_training(dock)
        report_painting(dock, viewer, "idle")
        report_lateness(dock, viewer)
        report_keystrokes()
    finally:
        report_memory()
        viewer.close()


def report_opening() -> None:
    """Open the app three times in a process of its own; the first run warms the disk."""
    command = [sys.executable, __file__, OPEN_ONLY]
    runs = [_seconds_to_picture(command) for _ in range(4)][1:]
    print(f"start to slide shown, warm: {np.median(runs):.1f} s (median of {len(runs)}; whole process)")


def _seconds_to_picture(command: list[str]) -> float:
    done = subprocess.run([*command, str(time.time())], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def open_sample() -> tuple[ConcertDock, Viewer]:
    """Open the app with the sample and wait until it is drawn."""
    from napari_concert.simulate import sample_path
    from napari_concert.ui.plugin import find_dock, launch

    viewer = launch(sample_path(), block=False)
    dock = find_dock(viewer)
    if dock is None:
        raise RuntimeError("The dock did not open.")
    wait(lambda: dock.brush.layers.scene is not None)
    pump(0.05)
    return dock, viewer


def report_training(dock: ConcertDock) -> None:
    """Train with the defaults and time it."""
    dock.session.warm_up()
    wait(lambda: dock.session.jobs.is_idle)
    started = time.perf_counter()
    dock.session.train()
    wait(lambda: not dock.session.training.is_running)
    state = dock.session.training
    print(f"training the sample: {time.perf_counter() - started:.1f} s, {len(state.epochs)} epochs, {state.device}")
    wait(lambda: dock.session.jobs.is_idle)


def report_painting(dock: ConcertDock, viewer: Viewer, when: str) -> None:
    """Paint strokes; time each move, and from the release of the mouse to the new values."""
    moves: list[float] = []
    released: list[float] = []
    shown: list[float] = []
    layers, brush = dock.brush.layers, dock.brush

    def on_drawn(what: str) -> None:
        if what == "values" and len(shown) < len(released):
            shown.append(time.perf_counter())

    brush.move_took.connect(moves.append)
    brush.stroke_ended.connect(released.append)
    layers.drawn.connect(on_drawn)
    brush.set_active(True)
    dock.session.set_target("perturbation", "Jak2")
    for number in range(STROKES):
        stroke(viewer, number)
        wait(lambda: len(shown) == len(released) and dock.session.jobs.is_idle, 20)
    for signal, slot in ((brush.move_took, moves.append), (brush.stroke_ended, released.append)):
        signal.disconnect(slot, missing_ok=True)
    layers.drawn.disconnect(on_drawn)
    delays = 1000 * (np.array(shown) - np.array(released))[1:]  # the first one also infers the cell state
    print(f"mouse release to overlay ({when}): {spread(delays)} ms")
    print(f"one mouse move, drawing apart ({when}): {spread(1000 * np.array(moves))} ms")


def stroke(viewer: Viewer, number: int) -> None:
    """Drag the mouse over the canvas."""
    from qtpy.QtCore import QPoint, Qt
    from qtpy.QtTest import QTest

    canvas = viewer.window._qt_viewer.canvas.native
    x, y = canvas.width() // 2 - 120 + 20 * number, canvas.height() // 2 - 80 + 15 * number
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
    for step in range(MOVES):
        QTest.mouseMove(canvas, QPoint(x + 5 * step, y + 2 * step))
        pump(0.03)
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(x + 5 * MOVES, y + 2 * MOVES))


def report_lateness(dock: ConcertDock, viewer: Viewer) -> None:
    """Measure how late a 10 ms timer is: idle, training, training and painting at once."""
    print(f"event loop lateness, idle: {lateness(lambda: pump(3))} ms")
    print(f"event loop lateness, painting: {lateness(lambda: _paint_a_while(viewer))} ms")
    dock.session.train()
    print(f"event loop lateness, training: {lateness(lambda: pump(5))} ms")
    if not dock.session.training.is_running:
        dock.session.train()
    print(f"event loop lateness, training and painting: {lateness(lambda: _paint_a_while(viewer))} ms")
    dock.session.stop_training()
    wait(lambda: dock.session.jobs.is_idle)


def _paint_a_while(viewer: Viewer) -> None:
    for number in range(STROKES):
        stroke(viewer, number)
        pump(0.1)


def lateness(work: Callable[[], Any]) -> str:
    """Return how late a 10 ms timer fires while ``work`` runs the event loop."""
    from qtpy.QtCore import Qt, QTimer

    ticks: list[float] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start(10)
    work()
    timer.stop()
    return spread(1000 * np.diff(ticks) - 10)


def report_keystrokes() -> None:
    """Time one keystroke's search among 30,000 gene names."""
    from napari_concert.errors import match_names

    names = tuple(f"Gene{i:05d}" for i in range(30_000))
    match_names("g", names)
    took = []
    for query in ("g", "ge", "gene1", "gene12", "gene123x", "gnee1234", "zzz"):
        started = time.perf_counter()
        match_names(query, names)
        took.append(1000 * (time.perf_counter() - started))
    print(f"search among 30,000 genes, a keystroke: {spread(np.array(took))} ms")


def report_memory() -> None:
    """Print the process's peak memory."""
    from napari_concert.model import runtime

    print(f"peak memory: {runtime.peak_memory_bytes() / 2**20:,.0f} MiB")


def spread(values: np.ndarray) -> str:
    """Return median, 95th percentile and worst."""
    p50, p95, worst = np.percentile(values, [50, 95, 100])
    return f"p50 {p50:.1f}, p95 {p95:.1f}, worst {worst:.1f}"


def pump(seconds: float) -> None:
    """Run the event loop for a while."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()


def wait(condition: Callable[[], bool], timeout: float = 120.0) -> None:
    """Run the event loop until a condition holds."""
    end = time.perf_counter() + timeout
    while not condition():
        if time.perf_counter() > end:
            raise TimeoutError("Waited too long.")
        pump(0.005)


if __name__ == "__main__":
    main()
