"""Time a what-if that follows the brush: each move of the mouse, the new values, and the redrawing, apart.

    python benchmarks/live.py [--spots 2000,20000,100000] [--genes 200]

Each size runs in a process of its own: a simulated slide and a few epochs of training (the speed of a what-if does not
depend on how good it is). First without a window: the session's own path from the rows under the brush to the new
values of the shown gene, through the background thread. Then in the real window, with Qt's own mouse events: one move
at a time, each waiting for its answer, where the canvas draws meanwhile; and moves as fast as a hand makes them, where
answers to old moves are left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from journey import pump, report_memory, spread, wait

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.ui.dock import ConcertDock

EPOCHS = 3
STROKES, MOVES = 4, 12
HAND = 0.012  # seconds between two moves of a fast hand
IN_PROCESS = "--in-process"


def main() -> None:
    """Print the figures of each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spots", default="2000,20000,100000")
    parser.add_argument("--genes", type=int, default=200)
    parser.add_argument(IN_PROCESS, action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sizes = [int(size) for size in args.spots.split(",")]
    if args.in_process:
        report(sizes[0], args.genes)
        return
    for size in sizes:
        command = [sys.executable, __file__, IN_PROCESS, "--spots", str(size), "--genes", str(args.genes)]
        subprocess.run(command, check=True)


def report(n_spots: int, n_genes: int) -> None:
    """Open, train a little, paint, and print how long each part took."""
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()
    folder = make_trained(n_spots, n_genes)
    print(f"{n_spots:,} spots × {n_genes:,} genes")
    print(
        f"  without a window, from the move to new values ready: {spread(1000 * without_window(folder))} ms", flush=True
    )
    dock, viewer = open_trained(folder)
    try:
        watch = Watch(dock, viewer)
        one_by_one = [watch.stroke(number, waits=True) for number in range(STROKES + 1)][1:]  # the first warms up
        by_hand = [watch.stroke(number, waits=False) for number in range(STROKES)]
        for name in ("painting", "values", "drawing"):
            times = [took[name] for stroke in one_by_one for took in stroke if name in took]
            print(f"  {ABOUT[name]}: {spread(1000 * np.array(times))} ms")
        moves = sum(len(stroke) for stroke in by_hand)
        answers = sum("values" in took for stroke in by_hand for took in stroke)
        print(f"  a fast hand, {1000 * HAND:.0f} ms between moves: {answers} answers to {moves} moves")
        painting = [took["painting"] for stroke in by_hand for took in stroke if "painting" in took]
        print(f"  a fast hand, {ABOUT['painting']}: {spread(1000 * np.array(painting))} ms", flush=True)
        report_memory()
    finally:
        viewer.close()


ABOUT = {
    "painting": "a move's own work in the window",
    "values": "from the move to new values ready",
    "drawing": "redrawing them",
}


class Watch:
    """Drags the mouse and notes when its moves are taken in, answered and drawn."""

    def __init__(self, dock: ConcertDock, viewer: Viewer) -> None:
        self.dock, self.viewer = dock, viewer
        self.took: list[dict[str, float]] = []
        self.moved = 0.0
        self.ready = 0.0
        # before the picture's own slot, which draws
        dock.session.live_changed.connect(self._on_values, priority=1)
        dock.brush.layers.drawn.connect(self._on_drawn)
        dock.brush.move_took.connect(lambda seconds: self._note("painting", seconds))
        dock.brush.set_active(True)

    def _note(self, name: str, seconds: float) -> None:
        if self.took:
            self.took[-1].setdefault(name, seconds)

    def _on_values(self) -> None:
        self.dock.session.values()  # the shown gene, decoded
        self.ready = time.perf_counter()
        self._note("values", self.ready - self.moved)

    def _on_drawn(self, what: str) -> None:
        if what == "values" and self.took and "values" in self.took[-1]:
            self._note("drawing", time.perf_counter() - self.ready)

    def stroke(self, number: int, waits: bool) -> list[dict[str, float]]:
        """Drag once across the slide; give the seconds of each move's parts."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        canvas = self.viewer.window._qt_viewer.canvas.native
        x, y = canvas.width() // 2 - 150, canvas.height() // 2 - 100 + 35 * number
        self.took = []
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(x, y))
        pump(0.3 if waits else HAND)
        for step in range(1, MOVES + 1):
            self.took.append({})
            self.moved = time.perf_counter()
            QTest.mouseMove(canvas, QPoint(x + 20 * step, y))
            if waits:
                self._wait_for_picture()
            else:
                pump(HAND)
        found = self.took
        self.took = []
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(x + 20 * MOVES, y))
        wait(lambda: self.dock.session.jobs.is_idle)
        pump(0.2)
        self.dock.session.undo()
        wait(lambda: self.dock.session.jobs.is_idle)
        return found

    def _wait_for_picture(self) -> None:
        end = time.perf_counter() + 2.0
        while "drawing" not in self.took[-1] and time.perf_counter() < end:
            pump(0.002)
        pump(0.05)  # the canvas paints what was set


def make_trained(n_spots: int, n_genes: int) -> Path:
    """Write a simulated slide, and a model of it that was trained for a few epochs, into a folder."""
    from napari_concert import Concert
    from napari_concert.io import from_anndata
    from napari_concert.simulate import tumour

    folder = Path(tempfile.mkdtemp())
    adata = tumour(n_spots, n_genes, seed=0)
    adata.write_h5ad(folder / "slide.h5ad")
    Concert(from_anndata(adata), n_genes=n_genes, seed=0).train(EPOCHS).save(folder / "model")
    return folder


def without_window(folder: Path) -> npt.NDArray[np.float64]:
    """Return the seconds from each move of a few strokes to the new values, of the session alone."""
    from napari_concert.jobs import Jobs
    from napari_concert.session import Session

    session = Session(Jobs())
    session.open(folder / "slide.h5ad")
    session.jobs.wait()
    session.load_model(folder / "model")
    session.jobs.wait()
    slide, model = session.slide, session.model
    assert slide is not None
    assert model is not None
    session.set_target("perturbation", "Jak2")
    session.show_gene(str(model.genes[0]))
    session.jobs.wait()
    took = [_one_stroke(session, slide.pitch * 4 * number) for number in range(STROKES + 1)][1:]  # the first warms up
    session.close()
    return np.concatenate(took)


def _one_stroke(session: Session, above: float) -> list[float]:
    """Paint a stroke somewhere above the middle; give the seconds from each move to its values."""
    current, ready = session.current, [0.0]
    assert current is not None
    index, pitch = current.index, current.slide.pitch
    middle = np.nanmean(current.slide.coords[:, :2], axis=0)

    def on_live() -> None:
        session.values()  # the shown gene, decoded
        ready[0] = time.perf_counter()

    def move(step: int) -> float:
        began = time.perf_counter()
        session.extend_stroke(index.spots_in_disc(middle + np.array([pitch * step, above]), 2.5 * pitch))
        while ready[0] < began:
            session.jobs.wait(0.002)
        session.jobs.wait()  # the autosave is not waited for by a user, but may not slow the next move
        return ready[0] - began

    session.live_changed.connect(on_live)
    session.begin_stroke()
    took = [move(step) for step in range(MOVES)]
    session.end_stroke()
    session.jobs.wait()
    session.live_changed.disconnect(on_live)
    session.undo()
    session.jobs.wait()
    return took


def open_trained(folder: Path) -> tuple[ConcertDock, Viewer]:
    """Open the app with the slide and the model of a folder."""
    from napari_concert.ui.plugin import find_dock, launch

    viewer = launch(folder / "slide.h5ad", block=False)
    dock: Any = find_dock(viewer)
    session = dock.session
    wait(lambda: dock.brush.layers.scene is not None)
    session.load_model(folder / "model")
    wait(lambda: session.model is not None and session.jobs.is_idle)
    session.set_target("perturbation", "Jak2")
    session.show_gene(str(session.model.genes[0]))
    set_brush(dock)
    pump(0.5)
    return dock, viewer


def set_brush(dock: ConcertDock) -> None:
    """Let the brush cover about 20 spots at any size of slide."""
    slide = dock.session.slide
    if slide is not None:
        dock.session.brush_radius = 2.5 * slide.pitch


if __name__ == "__main__":
    main()
