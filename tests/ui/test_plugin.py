"""How napari finds and opens us."""

from __future__ import annotations

import gc
from pathlib import Path

import h5py
import numpy as np
import pytest
from napari.components import ViewerModel
from npe2 import PluginManager, PluginManifest
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

import napari_concert
from napari_concert.errors import ConcertError
from napari_concert.simulate import sample_path
from napari_concert.ui import plugin
from napari_concert.ui.dock import ConcertDock
from napari_concert.ui.image_form import ImageForm

MANIFEST = Path(napari_concert.__file__).with_name("napari.yaml")


@pytest.fixture
def concert_h5(tmp_path):
    """A file as CONCERT's own scripts write it."""
    path = tmp_path / "mouse.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        file["X"] = rng.poisson(3.0, (36, 5)).astype(np.float32) + 1
        file["pos"] = 100.0 * np.column_stack(np.divmod(np.arange(36), 6))
        file["perturbation"] = np.array(["control", "Jak2"] * 18, dtype="S")
        file["gene"] = np.array([f"g{i}" for i in range(5)], dtype="S")
    return path


@pytest.fixture
def other_h5(tmp_path):
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        file["layer"] = np.zeros(3)
    return path


@pytest.fixture
def installed():
    """A plugin manager that knows our manifest, as napari's does."""
    manager = PluginManager()
    manager.register(PluginManifest.from_file(MANIFEST))
    return manager


# -- the manifest ------------------------------------------------------------------------------------------------------


def test_the_manifest_is_valid_and_all_it_names_is_there():
    manifest = PluginManifest.from_file(MANIFEST)
    manifest.validate_imports()
    assert {widget.display_name for widget in manifest.contributions.widgets} == {"CONCERT"}
    assert manifest.name == "napari-concert"


def test_the_manifest_at_the_top_is_the_same_file():
    top = MANIFEST.parents[1] / "napari.yaml"
    if not top.exists():
        pytest.skip("not a checkout")
    assert top.resolve() == MANIFEST.resolve()


def test_it_is_found_as_an_installed_plugin():
    manager = PluginManager()
    manager.discover()
    assert manager.get_manifest("napari-concert").contributions.widgets


@pytest.mark.parametrize("name", ["a.h5ad", "b.h5"])
def test_napari_offers_our_reader(installed, name):
    assert [reader.plugin_name for reader in installed.iter_compatible_readers(name)] == ["napari-concert"]


def test_the_sample_is_offered(installed):
    samples = [sample for _, contributed in installed.iter_sample_data() for sample in contributed]
    assert [sample.key for sample in samples] == ["tumour", "stroke"]
    assert [plugin.resolve(sample.uri) for sample in samples] == [sample_path(), sample_path("stroke.h5ad")]


# -- files -------------------------------------------------------------------------------------------------------------


def test_slides_are_read(concert_h5):
    assert plugin.get_reader("somewhere/slide.h5ad") is plugin.read_into_viewer
    assert plugin.get_reader("SLIDE.H5AD") is plugin.read_into_viewer
    assert plugin.get_reader(str(concert_h5)) is plugin.read_into_viewer


def test_folders_of_space_ranger_are_read(installed, space_ranger, tmp_path):
    outs = space_ranger()
    for path in (outs, outs.parent, outs / "filtered_feature_bc_matrix.h5"):
        assert plugin.get_reader(str(path)) is plugin.read_into_viewer
        assert "napari-concert" in {reader.plugin_name for reader in installed.iter_compatible_readers(str(path))}
    (tmp_path / "plain").mkdir()
    assert plugin.get_reader(str(tmp_path / "plain")) is None


def test_other_files_are_left_alone(other_h5, tmp_path):
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    for path in (str(other_h5), str(text), "absent.h5", "image.tif"):
        assert plugin.get_reader(path) is None


def test_several_files_are_read_only_if_all_are_slides(concert_h5, other_h5):
    assert plugin.get_reader(["a.h5ad", str(concert_h5)]) is plugin.read_into_viewer
    assert plugin.get_reader(["a.h5ad", str(other_h5)]) is None
    assert plugin.get_reader([]) is None


def test_without_a_window_slides_are_points(concert_h5):
    ((data, meta, kind),) = plugin.read_into_viewer(str(concert_h5))
    viewer = ViewerModel()
    viewer._add_layer_from_data(data, meta, kind)
    assert kind == "points"
    assert viewer.layers[0].data.shape == (36, 2)
    assert viewer.layers[0].name == "mouse"


# -- the window --------------------------------------------------------------------------------------------------------


@pytest.fixture
def napari_window(make_napari_viewer, qtbot):
    """A napari window; its sessions end with it."""
    made = []

    def new():
        viewer = make_napari_viewer()
        made.append(viewer)
        return viewer

    yield new
    for viewer in made:
        dock = plugin.find_dock(viewer)
        if dock is not None:
            dock.session.close()


def test_a_file_opens_in_the_viewers_session(napari_window, concert_h5, qtbot):
    viewer = napari_window()
    assert plugin.read_into_viewer(str(concert_h5)) == [(None,)], "napari itself adds no layer"
    session = plugin.find_dock(viewer).session
    qtbot.waitUntil(lambda: session.slide is not None, timeout=20_000)
    assert [layer.name for layer in viewer.layers] == ["mouse", "painted spots"]
    assert session.slide.columns.perturbation == "perturbation"


def test_a_folder_opens_with_its_image(screen, napari_window, space_ranger, qtbot):
    viewer = napari_window()
    assert plugin.read_into_viewer(str(space_ranger())) == [(None,)]
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=20_000)
    assert [layer.name for layer in viewer.layers] == ["lymph node · image", "lymph node", "painted spots"]
    plugin.find_dock(viewer).slide_panel.findChild(ImageForm).shown.click()
    assert not viewer.layers[0].visible


def test_the_sample_opens(napari_window, qtbot):
    viewer = napari_window()
    plugin.read_into_viewer(f"{plugin.SAMPLE_SCHEME}tumour.h5ad")
    session = plugin.find_dock(viewer).session
    qtbot.waitUntil(lambda: session.slide is not None, timeout=30_000)
    assert session.slide.n_spots == 1903
    assert session.has_truth


def test_the_dock_is_opened_once(napari_window):
    viewer = napari_window()
    assert plugin.find_dock(viewer) is None
    first = plugin.open_dock(viewer)
    assert isinstance(first, ConcertDock)
    assert plugin.open_dock(viewer) is first
    assert plugin.session_for(viewer) is first.session
    assert len([name for name in viewer.window.dock_widgets if name == plugin.DOCK_NAME]) == 1


def test_two_viewers_have_sessions_of_their_own(napari_window, tiny, qtbot):
    one, two = plugin.session_for(napari_window()), plugin.session_for(napari_window())
    assert one is not two
    one.add(tiny)
    qtbot.waitUntil(lambda: one.slide is not None, timeout=20_000)
    assert two.slide is None


def test_a_closed_window_ends_its_session(make_napari_viewer, tiny, qtbot):
    viewer = make_napari_viewer()
    session = plugin.session_for(viewer)
    session.add(tiny)
    qtbot.waitUntil(lambda: session.slide is not None, timeout=20_000)
    viewer.close()
    qtbot.waitUntil(lambda: session._is_closed)
    assert session.jobs.is_idle


@pytest.fixture
def with_slide(napari_window, tiny, qtbot):
    """A window whose session has a slide with painted spots."""
    viewer = napari_window()
    session = plugin.session_for(viewer)
    session.add(tiny)
    qtbot.waitUntil(lambda: session.slide is not None, timeout=20_000)
    session.paint([3, 4, 5])
    return viewer


def test_a_closed_dock_comes_back_as_it_was(with_slide, qtbot):
    viewer = with_slide
    session = plugin.session_for(viewer)
    plugin.find_dock(viewer).brush.set_active(True)
    viewer.window._wrapped_dock_widgets[plugin.DOCK_NAME].destroyOnClose()
    assert plugin.find_dock(viewer) is None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert not session._is_closed
    _, widget = viewer.window.add_plugin_dock_widget("napari-concert", "CONCERT")
    assert widget is plugin.find_dock(viewer)
    assert widget.session is session
    assert not widget.brush.active, "the camera moves while no dock can switch the brush off"
    assert session.painted.tolist() == [3, 4, 5]
    session.paint([6])
    assert len(viewer.layers["painted spots"].data) == 4, "the layers are still followed"
    assert [layer.name for layer in viewer.layers] == ["tiny", "painted spots"]


def test_a_window_whose_dock_was_closed_ends_its_session(with_slide, qtbot):
    session = plugin.session_for(with_slide)
    with_slide.window.remove_dock_widget(plugin.find_dock(with_slide))
    with_slide.close()
    qtbot.waitUntil(lambda: session._is_closed)
    assert session._is_closed


def test_without_a_viewer_it_says_what_to_do(monkeypatch):
    monkeypatch.setattr("napari.current_viewer", lambda: None)
    with pytest.raises(ConcertError, match="Open napari first"):
        plugin.make_dock()
