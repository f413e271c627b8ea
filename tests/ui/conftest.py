"""A tiny slide, a model of it, and viewers that leave no trace in anyone's settings or unsaved work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from napari.components import ViewerModel
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_double_click_callbacks,
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
    mouse_wheel_callbacks,
)
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QWidget
from scipy import sparse

from napari_concert.io import from_anndata
from napari_concert.session import Session
from napari_concert.simulate import tumour
from napari_concert.slide import Slide
from napari_concert.ui.brush_tool import BrushTool
from napari_concert.ui.layers import SlideLayers

SPOTS, GENES, SEED = 300, 40, 1


@pytest.fixture(autouse=True, scope="session")
def _own_settings(napari_settings: None) -> None:
    """Leave the user's napari settings alone."""


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep unsaved work in a folder of the test's own; return it."""
    folder = tmp_path / "state"
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setattr("napari_concert.session.autosave.default_folder", lambda: folder / "autosave")
    return folder / "autosave"


# -- slides -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def tiny() -> Slide:
    return from_anndata(tumour(SPOTS, GENES, SEED), name="tiny")


@pytest.fixture(scope="session")
def other() -> Slide:
    return from_anndata(tumour(200, GENES, SEED + 1), name="other")


def make_slide(
    coords: np.ndarray, obs: dict[str, Any], genes: list[str] | None = None, name: str = "made", **uns: Any
) -> Slide:
    """Return a slide with given coordinates and columns, and counts that differ from spot to spot."""
    genes = genes or ["Krt8", "Fn1", "Vim"]
    counts = np.random.default_rng(0).poisson(3.0, (len(coords), len(genes))) + 1
    frame = pd.DataFrame(obs, index=[f"spot{i}" for i in range(len(coords))])
    table = AnnData(
        sparse.csr_matrix(counts.astype(np.float32)),
        obs=frame,
        var=pd.DataFrame(index=genes),
        obsm={"spatial": np.asarray(coords, dtype=float)},
        uns=uns,
    )
    return from_anndata(table, name=name)


@pytest.fixture(scope="session")
def new_slide() -> Callable[..., Slide]:
    return make_slide


@pytest.fixture(scope="session")
def grid() -> Callable[[int], np.ndarray]:
    """Return the corners of a square grid, 10 apart."""
    return lambda side: 10.0 * np.column_stack(np.divmod(np.arange(side * side), side))[:, ::-1]


# -- sessions ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def model_folder(tiny: Slide, keep_model: Callable[[Slide], Path]) -> Path:
    """Return a folder with a model of the tiny slide."""
    return keep_model(tiny)


@pytest.fixture
def session() -> Iterator[Session]:
    """Return a session that does everything at once."""
    made = Session()
    yield made
    made.close()


@pytest.fixture
def said(session: Session) -> list[tuple[str, str]]:
    """Return what the session tells the user."""
    heard: list[tuple[str, str]] = []
    session.notified.connect(lambda kind, text: heard.append((kind, text)))
    return heard


@pytest.fixture
def opened(session: Session, tiny: Slide) -> Session:
    session.add(tiny)
    return session


@pytest.fixture
def trained(opened: Session, model_folder: Path) -> Session:
    opened.load_model(model_folder)
    return opened


@pytest.fixture
def patch_rows(tiny: Slide) -> np.ndarray:
    """Return the spots of a disc in control tissue."""
    centre, radius = tiny.coords.mean(axis=0) + np.array([300.0, 0.0]), 1.6 * tiny.pitch
    return np.flatnonzero(np.linalg.norm(tiny.coords - centre, axis=1) < radius)


@pytest.fixture
def painted(trained: Session, patch_rows: np.ndarray) -> Session:
    trained.set_target("perturbation", "Jak2")
    trained.paint(patch_rows)
    return trained


# -- viewers ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def viewer(qapp: QApplication) -> ViewerModel:
    """Return a viewer without a window."""
    return ViewerModel()


@pytest.fixture
def layers(viewer: ViewerModel, session: Session) -> Iterator[SlideLayers]:
    made = SlideLayers(viewer, session)
    yield made
    made.close()


@pytest.fixture
def brush(viewer: ViewerModel, layers: SlideLayers, session: Session) -> Iterator[BrushTool]:
    made = BrushTool(viewer, layers, session)
    yield made
    made.close()


@pytest.fixture
def window_of(make_napari_viewer: Callable[..., Any], qtbot: Any) -> Callable[[Session], SimpleNamespace]:
    """Show a napari window with our dock on a session: viewer, dock, session, canvas, its native widget, the brush."""
    from napari_concert.ui.plugin import open_dock

    def opened_window(session: Session) -> SimpleNamespace:
        viewer = make_napari_viewer(show=True)
        dock = open_dock(viewer, session)
        viewer.window.resize(1400, 900)
        canvas = viewer.window._qt_viewer.canvas
        qtbot.waitUntil(lambda: min(canvas.size) > 100)
        return SimpleNamespace(
            viewer=viewer, dock=dock, session=session, canvas=canvas, native=canvas.native, brush=dock.brush
        )

    return opened_window


@pytest.fixture
def window(window_of: Callable[[Session], SimpleNamespace], session: Session) -> SimpleNamespace:
    """Return a shown napari window on the session."""
    return window_of(session)


@pytest.fixture
def screen(qapp: QApplication) -> None:
    """Skip the test where Qt draws nothing."""
    if QApplication.platformName() == "offscreen":
        pytest.skip("napari's canvas finds what is under the mouse by drawing it, which Qt's offscreen platform can't")


@pytest.fixture
def real_window(screen: None, window: SimpleNamespace) -> SimpleNamespace:
    """Return a window that is really drawn, or skip."""
    return window


# -- hands ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def show(qtbot: Any) -> Callable[[QWidget], QWidget]:
    """Show a widget in a window of its own, until the test ends."""

    def shown(widget: QWidget) -> QWidget:
        qtbot.addWidget(widget)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return shown


@pytest.fixture
def click() -> Callable[..., None]:
    """Click the left button in the middle of a widget, or at a point of it."""

    def clicked(widget: QWidget, at: QPoint | None = None) -> None:
        QTest.mouseClick(
            widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at or widget.rect().center()
        )

    return clicked


@pytest.fixture
def choose() -> Callable[..., None]:
    """Choose an entry of a combo box with the keyboard, as a user would."""

    def chosen(box: Any, text: str) -> None:
        row = box.findText(text)
        assert row >= 0, f"{text!r} is not offered: {[box.itemText(i) for i in range(box.count())]}"
        while box.currentIndex() != row:
            QTest.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < row else Qt.Key.Key_Up)

    return chosen


class Strokes:
    """Mouse events as napari hands them to a viewer, in positions of the slide (x, y[, z])."""

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer

    def _event(self, kind: str, at: Any, **more: Any) -> Any:
        ndim = self.viewer.dims.ndisplay
        event = {
            "button": 1,
            "modifiers": (),
            "dims_displayed": list(range(ndim)),
            "is_dragging": kind == "mouse_move",
        }
        position = tuple(float(v) for v in at[::-1])
        made = SimpleNamespace(type=kind, position=position, pos=np.array(position), handled=False, **event | more)
        return ReadOnlyWrapper(made, exceptions=("handled",))

    def press(self, at: Any, **more: Any) -> None:
        mouse_press_callbacks(self.viewer, self._event("mouse_press", at, **more))

    def move(self, at: Any, **more: Any) -> None:
        mouse_move_callbacks(self.viewer, self._event("mouse_move", at, **more))

    def release(self, at: Any, **more: Any) -> None:
        mouse_release_callbacks(self.viewer, self._event("mouse_release", at, **more))

    def hover(self, at: Any) -> None:
        self.move(at, is_dragging=False)

    def click(self, at: Any, **more: Any) -> None:
        self.drag(at, **more)

    def double_click(self, at: Any) -> None:
        self.click(at)
        mouse_double_click_callbacks(self.viewer, self._event("mouse_double_click", at))
        self.release(at)

    def wheel(self, at: Any, notches: float, **more: Any) -> None:
        mouse_wheel_callbacks(self.viewer, self._event("mouse_wheel", at, delta=(0.0, notches), **more))

    def drag(self, *path: Any, **more: Any) -> None:
        self.press(path[0], **more)
        for at in path[1:]:
            self.move(at, **more)
        self.release(path[-1], **more)


@pytest.fixture
def stroke(viewer: ViewerModel) -> Strokes:
    return Strokes(viewer)


class Hand:
    """A mouse over napari's canvas, in positions (x, y) of the slide."""

    def __init__(self, window: SimpleNamespace) -> None:
        self.window = window

    @property
    def camera(self) -> tuple[float, ...]:
        """Return centre and zoom."""
        return (*self.window.viewer.scene.camera.center, self.window.viewer.scene.camera.zoom)

    def at(self, x: float, y: float) -> QPoint:
        """Return where on the canvas a position of the slide is drawn."""
        visual = self.window.canvas.layer_to_visual[self.window.brush.layers.scene.spots].node
        place = visual.get_transform("visual", "canvas").map([x, y, 0, 1])
        return QPoint(round(place[0] / place[3]), round(place[1] / place[3]))

    def click(self, x: float, y: float, keys: Any = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.mouseClick(self.window.native, Qt.MouseButton.LeftButton, keys, self.at(x, y))
        QApplication.processEvents()

    def double_click(self, x: float, y: float) -> None:
        """Click twice: Qt sends press, release, double click, release."""
        self.click(x, y)
        plain = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, self.at(x, y))
        QTest.mouseDClick(self.window.native, *plain)
        QTest.mouseRelease(self.window.native, *plain)
        QApplication.processEvents()

    def hover(self, x: float, y: float) -> None:
        """Move with no button held."""
        self._move(self.at(x, y), Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton)

    def wheel(self, x: float, y: float, notches: int, keys: Any = Qt.KeyboardModifier.NoModifier) -> None:
        native, at = self.window.native, QPointF(self.at(x, y))
        event = QWheelEvent(
            at,
            QPointF(native.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, 120 * notches),
            Qt.MouseButton.NoButton,
            keys,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(native, event)
        QApplication.processEvents()

    def key(self, key: Any, keys: Any = Qt.KeyboardModifier.NoModifier, widget: QWidget | None = None) -> None:
        QTest.keyClick(widget or self.window.native, key, keys)
        QApplication.processEvents()

    def drag(
        self, *path: tuple[float, float], steps: int = 8, keys: Any = Qt.KeyboardModifier.NoModifier
    ) -> list[np.ndarray]:
        """Press, move in steps, release; return what was painted after each step."""
        native, painted = self.window.native, []
        stops = [np.array((self.at(*place).x(), self.at(*place).y()), float) for place in path]
        QTest.mouseMove(native, QPoint(*map(round, stops[0])))
        QTest.mousePress(native, Qt.MouseButton.LeftButton, keys, QPoint(*map(round, stops[0])))
        for begin, end in pairwise(stops):
            for share in np.linspace(0, 1, steps + 1)[1:]:
                self._move(QPoint(*map(round, begin + share * (end - begin))), keys, Qt.MouseButton.LeftButton)
                painted.append(self.window.session.painted)
        QTest.mouseRelease(native, Qt.MouseButton.LeftButton, keys, QPoint(*map(round, stops[-1])))
        QApplication.processEvents()
        return painted

    def _move(self, at: QPoint, keys: Any, held: Any) -> None:
        """Move with a button held; QTest can't hold one."""
        native = self.window.native
        event = QMouseEvent(QEvent.Type.MouseMove, QPointF(at), QPointF(native.mapToGlobal(at)), held, held, keys)
        QTest.qWait(12)  # vispy drops moves that follow within 10 ms
        QApplication.sendEvent(native, event)
        QApplication.processEvents()


@pytest.fixture
def hand(real_window: SimpleNamespace) -> Hand:
    return Hand(real_window)


@pytest.fixture
def painting(hand: Hand, tiny: Slide) -> Hand:
    """Return a hand over a window that shows a slide, with the paint tool on."""
    hand.window.session.add(tiny)
    hand.window.brush.set_active(True)
    QTest.qWait(100)
    return hand
