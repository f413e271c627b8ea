"""The main journey, driven by mouse and keys in the real window: open, train, paint, see, undo, save."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from anndata import read_h5ad
from matplotlib.image import imread
from qtpy.QtWidgets import QFileDialog

from napari_concert.session import View
from napari_concert.ui.tools import Tool


def saving_as(monkeypatch, folder, name):
    """Answer the next file dialog with a path; return it."""
    path = folder / name
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_kwargs: (str(path), ""))
    return path


def shown(app) -> np.ndarray:
    """Return the numbers that colour the spots of the layer."""
    return app.dock.brush.layers.scene.spots.features["value"].to_numpy().copy()


def train(app) -> None:
    """Train a few epochs with the Train button."""
    dock, session = app.dock, app.dock.session
    dock.show_step(dock.model_panel)
    dock.model_panel.settings.epochs.value = 8
    app.pump(0.3)
    app.click(dock.model_panel.train)
    assert session.training is not None, "Train was pressed"
    app.until(lambda: not session.training.is_running)
    app.until(lambda: session.result is not None)
    assert session.training.status == "done"
    assert len(session.training.epochs) == 8


def choose(app, box, text) -> None:
    """Open a combo box with the mouse and choose by arrow keys."""
    app.click(box)
    steps = box.findText(text) - box.currentIndex()
    for _ in range(abs(steps)):
        app.key("Down" if steps > 0 else "Up")
    app.key("Return")


def paint(app) -> np.ndarray:
    """Paint over the example patch with the Paint button and a drag; return its centre."""
    dock, session = app.dock, app.dock.session
    dock.show_step(dock.paint_panel)
    app.pump(0.3)
    choose(app, dock.paint_panel.target.boxes["perturbation"], "Jak2")
    assert session.target == {"perturbation": "Jak2"}
    app.click(dock.paint_panel.tools.tools[Tool.BRUSH])
    assert dock.brush.active
    x, y = centre = session.slide.coords[np.flatnonzero(session.slide.adata.obs["what_if"])].mean(axis=0)
    camera = app.viewer.scene.camera
    before = (*camera.center, camera.zoom)
    app.drag((x - 150, y), (x, y), (x, y + 150))
    app.until(lambda: session.jobs.is_idle)
    assert (*camera.center, camera.zoom) == before, "the camera stayed still"
    return centre


def save_all(app, monkeypatch, folder) -> dict[str, Path]:
    """Press every button that saves the what-if; return the files."""
    panel, session = app.dock.save_panel, app.dock.session
    app.dock.show_step(panel)
    app.pump(0.3)
    buttons = {
        "prediction.h5ad": panel.prediction,
        "patch.txt": panel.txt,
        "patch.geojson": panel.geojson,
        "picture.png": panel.picture,
    }
    saved = {}
    for name, button in buttons.items():
        saved[name] = saving_as(monkeypatch, folder, name)
        app.click(button)
        app.until(lambda path=saved[name]: path.exists() and session.jobs.is_idle)
    return saved


def test_open_train_paint_see_undo_save(app, tmp_path, monkeypatch):
    session = app.dock.session
    slide = session.slide
    assert slide.n_spots == 1903
    assert len(app.viewer.layers) == 2
    picture = app.viewer.screenshot(canvas_only=True, flash=False)
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) > 10, "the canvas is not blank"

    train(app)
    centre = paint(app)
    painted, change = session.painted, shown(app)
    distance = np.linalg.norm(slide.coords - centre, axis=1)
    assert 8 <= len(painted) <= 60
    assert distance[painted].max() < 150 + session.brush_radius + 30
    assert session.view is View.CHANGE, "the first answer is shown unasked"
    assert (change[painted] != 0).all()
    outside = np.setdiff1d(np.arange(slide.n_spots), painted)
    assert (change[outside] != 0).sum() > 20, "the change goes beyond the patch"
    assert (change[distance > 1500] == 0).all(), "and not everywhere"

    app.key("ctrl+z")
    app.until(lambda: session.jobs.is_idle)
    assert len(session.painted) == 0
    assert (shown(app) == 0).all(), "undo takes the change back"
    app.key("ctrl+shift+z")
    app.until(lambda: session.jobs.is_idle)
    assert session.painted.tolist() == painted.tolist()
    np.testing.assert_allclose(shown(app), change)

    saved = save_all(app, monkeypatch, tmp_path)
    prediction = read_h5ad(saved["prediction.h5ad"])
    assert np.flatnonzero(prediction.obs["painted"]).tolist() == painted.tolist()
    on_disk = np.asarray(prediction[:, session.colour.name].layers["change"]).ravel() / np.log(2)
    np.testing.assert_allclose(on_disk, change, atol=1e-5)
    rows = [int(line) for line in saved["patch.txt"].read_text().split()]
    assert rows == (painted + 1).tolist()
    assert json.loads(saved["patch.geojson"].read_text())["features"][0]["properties"]["spots"] == rows
    assert imread(saved["picture.png"]).shape[0] > 300


def test_a_gene_is_found_by_typing(app):
    box = app.dock.strip.gene_box
    app.click(box)
    app.xdotool("type", "--delay", "40", "cxcl10")
    app.pump(0.3)
    app.key("Return")
    app.until(lambda: app.dock.session.colour.name == "Cxcl10", 10)
    expected = app.dock.session.slide.normalised("Cxcl10")
    np.testing.assert_allclose(shown(app), expected)
    app.click(box)
    app.xdotool("type", "--delay", "40", "cxcl1o0")
    app.pump(0.3)
    assert "Cxcl10" in box.matches.stringList()[:5], "a misspelling suggests the nearest names"


@pytest.mark.parametrize("keys", ["bracketright", "bracketleft"])
def test_keys_size_the_brush(app, keys):
    dock = app.dock
    dock.show_step(dock.paint_panel)
    app.pump(0.2)
    app.click(dock.paint_panel.tools.tools[Tool.BRUSH])
    radius = dock.session.brush_radius
    app.xdotool("mousemove", *app.on_screen(*dock.session.slide.coords.mean(axis=0)))
    app.key(keys)
    assert (dock.session.brush_radius > radius) == (keys == "bracketright")
