"""How the app and napari meet: the dock, the file reader, the sample slide, and the app's own window.

Each viewer has one session, which lives on its dock; :func:`open_dock` gives the dock, and makes it if needed. A dock
that is closed stays with its window, and is opened again with all that is in it.
"""

from __future__ import annotations

import atexit
import gc
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from napari_concert.errors import ConcertError

if TYPE_CHECKING:
    from napari import Viewer

    from napari_concert.session import Session
    from napari_concert.slide import Columns
    from napari_concert.ui.dock import ConcertDock

Paths: TypeAlias = str | Sequence[str]
LayerTuples: TypeAlias = list[tuple[Any, ...]]

log = logging.getLogger(__name__)

# what napari calls the dock when it is opened from the Plugins menu, so that the menu finds ours
DOCK_NAME = "CONCERT (napari-concert)"
SAMPLE_SCHEME = "napari-concert://sample/"
_NOTHING: LayerTuples = [(None,)]
# milliseconds after the window is shown; the slide has then been drawn
_WARM_UP_DELAY = 1500


class Drawn(Protocol):
    """A part of the picture, which follows the session until it is closed."""

    def close(self) -> None:
        """Stop following."""


# -- the dock ---------------------------------------------------------------------------------------------------------


def make_dock(napari_viewer: Viewer | None = None, session: Session | None = None) -> ConcertDock:
    """Make the dock, with its session, layers and brush, for a viewer; one that was closed is given back.

    Parameters
    ----------
    napari_viewer
        The viewer; napari's current one by default (napari passes none to functions).
    session
        An existing session to show; a new one by default.

    Raises
    ------
    ConcertError
        If there is no viewer.
    """
    from napari_concert.ui.arranger import Arranger
    from napari_concert.ui.between_layer import BetweenLayer
    from napari_concert.ui.brush_tool import BrushTool
    from napari_concert.ui.by_hand import ByHand
    from napari_concert.ui.by_hand_form import ByHandForm
    from napari_concert.ui.compare_layers import CompareLayers
    from napari_concert.ui.dock import ConcertDock
    from napari_concert.ui.filled_layer import FilledLayer
    from napari_concert.ui.hidden_layers import HiddenLayers
    from napari_concert.ui.home import kept_dock
    from napari_concert.ui.image_form import ImageForm
    from napari_concert.ui.layers import SlideLayers
    from napari_concert.ui.reach_ring import ReachRing
    from napari_concert.ui.swept import SweptAreas
    from napari_concert.ui.tissue_image import TissueImage

    viewer = _viewer(napari_viewer)
    closed = kept_dock(viewer)
    if closed is not None:
        return closed
    session = session or make_session()
    layers = SlideLayers(viewer, session)
    brush, image = BrushTool(viewer, layers, session), TissueImage(viewer, session, layers)
    by_hand, compared = ByHand(viewer, session, layers, brush), CompareLayers(viewer, session)
    ring, dock = ReachRing(viewer, layers, session, brush), ConcertDock(session, viewer, brush)
    dock.slide_panel.add_image_form(ImageForm(image))
    dock.slide_panel.sections.nudge.add_mouse_form(ByHandForm(by_hand))
    viewer.bind_key("N", lambda _viewer: session.next_what_if(), overwrite=True)
    arranger, between = Arranger(viewer, session, layers), BetweenLayer(viewer, session, layers)
    filled, swept = FilledLayer(viewer, session, layers), SweptAreas(viewer, brush)
    hidden = HiddenLayers(viewer, session, layers, brush)
    _keep(dock, viewer, by_hand, ring, image, arranger, between, filled, swept, layers, compared, hidden)
    return dock


def make_session() -> Session:
    """Make a session whose background results arrive on Qt's main thread."""
    from napari_concert.jobs import Jobs
    from napari_concert.session import Session
    from napari_concert.session.autosave import default_folder
    from napari_concert.session.preferences import default_file
    from napari_concert.ui.threads import MainThread

    return Session(jobs=Jobs(deliver=MainThread()), autosave=default_folder(), preferences=default_file())


def open_dock(viewer: Viewer, session: Session | None = None) -> ConcertDock:
    """Give the viewer's dock, made and shown if needed."""
    dock = find_dock(viewer)
    if dock is None:
        dock = make_dock(viewer, session)
        viewer.window.add_dock_widget(dock, name=DOCK_NAME, area="right", add_vertical_stretch=False)
    return dock


def find_dock(viewer: Viewer) -> ConcertDock | None:
    """Give the viewer's dock if it has one."""
    from napari_concert.ui.dock import ConcertDock

    docks = [widget for widget in viewer.window.dock_widgets.values() if isinstance(widget, ConcertDock)]
    return docks[0] if docks else None


def session_for(viewer: Viewer) -> Session:
    """Give the viewer's session, opening the dock if needed."""
    return open_dock(viewer).session


def _viewer(proxy: Viewer | None) -> Viewer:
    """Give the viewer itself: plugins are handed a proxy that slows every mouse move down."""
    from napari import current_viewer

    viewer = getattr(proxy, "__wrapped__", proxy) or current_viewer()
    if viewer is None:
        raise ConcertError("There is no napari window. Open napari first, or use the napari-concert command.")
    return viewer


def _keep(dock: ConcertDock, viewer: Viewer, *drawn: Drawn) -> None:
    """Keep the parts until the window, or a dock without one, goes away; background work ends then or on quitting."""
    from qtpy.QtWidgets import QApplication

    from napari_concert.ui.home import Home, window_of

    session, brush = dock.session, dock.brush

    def end() -> None:
        brush.close()
        for part in drawn:
            part.close()
        session.close()

    window = window_of(viewer)
    (dock if window is None else Home(window, dock)).destroyed.connect(end)
    application = QApplication.instance()
    if application is not None:
        application.aboutToQuit.connect(session.close)


# -- files ------------------------------------------------------------------------------------------------------------


def get_reader(path: Paths) -> Callable[[Paths], LayerTuples] | None:
    """Give the function that opens a path (or several), or None if the files are not slides."""
    paths = [path] if isinstance(path, str) else list(path)
    return read_into_viewer if paths and all(is_slide_file(p) for p in paths) else None


def is_slide_file(path: str) -> bool:
    """Tell by its name (.h5ad), or by what is in it (.h5, a folder), whether a path may hold a slide."""
    from napari_concert.io.spaceranger_files import is_space_ranger

    if path.startswith(SAMPLE_SCHEME) or path.lower().endswith(".h5ad") or is_space_ranger(Path(path)):
        return True
    return path.lower().endswith(".h5") and _has_slide_keys(path)


def _has_slide_keys(path: str) -> bool:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return {"X", "pos"} <= set(file)
    except OSError:
        return False


def read_into_viewer(path: Paths) -> LayerTuples:
    """Open slides in the current viewer's session, which draws them; napari itself adds no layer.

    Without a window (a script with a bare ``ViewerModel``) the spots are returned as plain Points layers.
    """
    from napari import current_viewer

    paths = [path] if isinstance(path, str) else list(path)
    resolved = [resolve(p) for p in paths]
    viewer = current_viewer()
    if viewer is None:
        return [_as_points(p) for p in resolved]
    session = session_for(viewer)
    for slide_path in resolved:
        session.open(slide_path)
    return _NOTHING


def resolve(path: str) -> Path:
    """Give the file behind a path, or behind the name of a bundled sample."""
    if path.startswith(SAMPLE_SCHEME):
        from napari_concert.simulate import sample_path

        return sample_path(path.removeprefix(SAMPLE_SCHEME))
    return Path(path)


def _as_points(path: Path) -> tuple[Any, ...]:
    from napari_concert.io import read
    from napari_concert.ui.layout import lay_out
    from napari_concert.ui.spots import layer_units

    slide = read(path)
    layout = lay_out(slide)
    meta = {
        "name": slide.name,
        "size": slide.spot_diameter,
        "scale": layout.step,
        "units": layer_units(slide.units.name, layout.points.shape[1]),
        "border_width": 0,
    }
    return layout.data, meta, "points"


# -- the app's own window ---------------------------------------------------------------------------------------------


def launch(
    path: str | Path | None = None,
    columns: Columns | None = None,
    *,
    um_per_unit: float | None = None,
    registered: bool | None = None,
    z_spacing: float | None = None,
    block: bool = True,
) -> Viewer:
    """Open the app's window, with a slide if a path is given, and run it until it is closed.

    Parameters
    ----------
    path
        A slide's file.
    columns, um_per_unit, registered
        As in :func:`napari_concert.read`.
    z_spacing
        How far apart sections lie, in the slide's unit.
    block
        Whether to return only when the window is closed.

    Returns
    -------
    napari.Viewer
        The window's viewer.
    """
    import napari
    from napari.qt import get_qapp

    get_qapp()
    atexit.register(gc.freeze)  # Python's last collection would walk through all of torch and napari: over a second
    session = make_session()
    if path is not None:
        # reading goes on in the background while napari builds its window
        session.open(path, columns=columns, um_per_unit=um_per_unit, registered=registered, z_spacing=z_spacing)
    viewer = napari.Viewer(title="napari-concert", show=False)
    dock = open_dock(viewer, session)
    viewer.show()
    _make_room(viewer)
    _warm_up(dock, session)
    if block:
        napari.run()
    return viewer


def _make_room(viewer: Viewer) -> None:
    """Give the window a useful size, and hide napari's layer controls: the dock has what a slide needs."""
    from qtpy.QtWidgets import QApplication, QDockWidget

    screen = QApplication.primaryScreen().availableGeometry()
    viewer.window.resize(min(1600, screen.width()), min(1000, screen.height()))
    dock = find_dock(viewer)
    main_window = dock.window() if dock is not None else None
    for panel in main_window.findChildren(QDockWidget) if main_window is not None else ():
        if panel.objectName() == "layer controls":
            panel.hide()


def _warm_up(dock: ConcertDock, session: Session) -> None:
    """Load what training needs (torch takes seconds) in the background, once the window is drawn."""
    from qtpy.QtCore import QTimer

    QTimer.singleShot(_WARM_UP_DELAY, dock, session.warm_up)
