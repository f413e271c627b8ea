"""A real window, a real mouse: xdotool moves them on the X server that the tests run on."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint
from qtpy.QtWidgets import QApplication, QWidget

WAIT = 90.0  # seconds: machines that test are slow


def screen_is_missing() -> str:
    """Return why no real window can be driven here, or nothing."""
    if not os.environ.get("DISPLAY"):
        return "there is no X display"
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        return "Qt draws off screen"
    return "" if shutil.which("xdotool") else "xdotool is not installed"


class Hand:
    """Moves the mouse and presses keys, and lets the window work meanwhile."""

    def __init__(self, viewer: Any, dock: Any) -> None:
        self.viewer, self.dock = viewer, dock

    def pump(self, seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            QApplication.processEvents()
            time.sleep(0.002)

    def until(self, condition: Callable[[], bool], timeout: float = WAIT) -> None:
        end = time.perf_counter() + timeout
        while not condition():
            assert time.perf_counter() < end, "waited too long"
            self.pump(0.01)

    def xdotool(self, *words: object) -> None:
        subprocess.run(["xdotool", *map(str, words)], check=True)
        self.pump(0.04)

    def click(self, widget: QWidget) -> None:
        spot = widget.mapToGlobal(widget.rect().center())
        self.xdotool("mousemove", spot.x(), spot.y())
        self.xdotool("click", 1)
        self.pump(0.15)

    def on_screen(self, x: float, y: float) -> tuple[int, int]:
        """Return where on the screen a place of the slide is drawn."""
        canvas = self.viewer.window._qt_viewer.canvas
        node = canvas.layer_to_visual[self.dock.brush.layers.scene.spots].node
        at = node.get_transform("visual", "canvas").map([x, y, 0, 1])
        corner = canvas.native.mapToGlobal(QPoint(0, 0))
        return round(corner.x() + at[0] / at[3]), round(corner.y() + at[1] / at[3])

    def drag(self, *places: tuple[float, float], steps: int = 14) -> None:
        """Press at the first place of the slide, move through the others, release."""
        points = np.array([self.on_screen(*place) for place in places], dtype=float)
        self.xdotool("mousemove", *points[0].astype(int))
        self.xdotool("mousedown", 1)
        for start, end in itertools.pairwise(points):
            for share in np.linspace(0, 1, steps + 1)[1:]:
                self.xdotool("mousemove", *(start + share * (end - start)).astype(int))
        self.xdotool("mouseup", 1)

    def key(self, keys: str) -> None:
        self.xdotool("key", keys)
        self.pump(0.1)


@pytest.fixture
def app(qapp: QApplication, napari_settings: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hand]:
    """Open the app on the sample in its own window, with a hand to drive it."""
    if reason := screen_is_missing():
        pytest.skip(reason)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    from napari_concert.simulate import sample_path
    from napari_concert.ui.plugin import find_dock, launch

    viewer = launch(sample_path(), block=False)
    hand = Hand(viewer, find_dock(viewer))
    hand.until(lambda: hand.dock.brush.layers.scene is not None)
    hand.pump(0.5)
    yield hand
    viewer.close()
    hand.pump(0.2)
