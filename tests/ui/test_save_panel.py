"""Step 7: save what was made; only the file dialog is replaced."""

from __future__ import annotations

import json

import anndata
import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from napari_concert.io import read, read_patches, read_spots
from napari_concert.ui.save_panel import SavePanel
from napari_concert.ui.shapes_exchange import ShapesExchange

FILES = ("prediction", "figure", "geojson", "csv", "txt", "picture", "slide")
PATCHES = {"geojson", "csv", "txt", "shapes"}


@pytest.fixture
def panel(session, viewer, layers, show):
    return show(SavePanel(session, viewer, ShapesExchange(session, viewer, layers)))


@pytest.fixture
def save_as(monkeypatch, tmp_path, click):
    """Press a button, give a file name in its dialog, and return the path."""

    def saved(button, name):
        path = tmp_path / name
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(path) if name else "", ""))
        click(button)
        return path

    return saved


def enabled(panel):
    return {name for name in (*FILES, "shapes") if getattr(panel, name).isEnabled()}


def test_only_what_exists_can_be_saved(panel, session, tiny, model_folder):
    assert enabled(panel) == set()
    session.add(tiny)
    assert enabled(panel) == {"picture", "slide"}
    session.paint([1, 2])
    assert enabled(panel) == {"picture", "slide", *PATCHES}
    session.load_model(model_folder)
    assert enabled(panel) == {*FILES, "shapes"}


def test_the_prediction_is_saved(panel, painted, save_as, said):
    table = anndata.read_h5ad(save_as(panel.prediction, "p.h5ad"))
    assert table.n_obs == painted.slide.n_spots
    assert {"baseline", "predicted", "change", "change_sd"} <= set(table.layers)
    assert np.flatnonzero(table.obs["painted"]).tolist() == painted.painted.tolist()
    gene = painted.result.prediction.genes[0]
    expected = painted.result.prediction.gene(gene).change
    assert table[:, gene].layers["change"].ravel() == pytest.approx(expected, abs=1e-5)
    assert said[-1][0] == "info"
    assert "p.h5ad" in said[-1][1]


def test_the_patch_is_saved_as_row_numbers_from_1(panel, painted, save_as):
    path = save_as(panel.txt, "patch.txt")
    numbers = [int(line) for line in path.read_text().split() if line.lstrip("-").isdigit()]
    assert numbers == (painted.painted + 1).tolist()


def test_the_patch_is_saved_as_an_outline(panel, painted, save_as):
    path = save_as(panel.geojson, "patch.geojson")
    assert json.loads(path.read_text())["type"] == "FeatureCollection"
    assert read_spots(path, painted.slide).tolist() == painted.painted.tolist()


def test_the_patches_are_saved_as_selections(panel, painted, save_as):
    painted.new_patch()
    painted.paint([3])
    path = save_as(panel.csv, "patches")  # without an ending
    found = read_patches(path.with_suffix(".csv"), painted.slide)
    assert [patch.spots.tolist() for patch in found] == [patch.spots.tolist() for patch in painted.patches]


def test_of_several_patches_the_rows_of_the_chosen_one_are_saved_and_the_button_says_so(panel, painted, save_as):
    assert panel.txt.text() == "Row numbers (.txt)…"
    painted.new_patch()
    assert not panel.txt.isEnabled(), "the chosen patch has no spot"
    painted.paint([3, 4])
    painted.restyle_patch(painted.current.painting.active, name="a name that is rather long")
    assert panel.txt.text() == "Only a name that is… (.txt)…"
    assert save_as(panel.txt, "patch.txt").read_text() == "4\n5\n"
    painted.choose_patch(painted.current.painting.keys[0])
    assert panel.txt.text() == "Only patch 1 (.txt)…"
    assert (
        read_spots(save_as(panel.txt, "other").with_suffix(".txt"), painted.slide).tolist()
        == painted.patches[0].spots.tolist()
    )


def test_patches_that_are_hidden_are_saved_but_not_drawn(panel, opened):
    opened.paint([1])
    opened.restyle_patch(opened.current.painting.active, hidden=True)
    assert enabled(panel) == {"picture", "slide", *PATCHES} - {"shapes"}


def test_patches_are_drawn_in_a_shapes_layer(panel, painted, viewer, click):
    click(panel.shapes)
    assert viewer.layers["patches of tiny"].features["name"].unique().tolist() == ["patch 1"]


def test_every_button_has_a_tooltip(panel):
    assert all(getattr(panel, name).toolTip() for name in (*FILES, "shapes"))


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_the_figure_is_saved(panel, painted, save_as, ending):
    path = save_as(panel.figure, f"figure.{ending}")
    assert path.stat().st_size > 5000


def test_the_slide_is_saved_with_its_labels(panel, opened, save_as, patch_rows):
    opened.paint(patch_rows)
    opened.label_painted("mine", "lesion", "control")
    again = read(save_as(panel.slide, "slide.h5ad"))
    assert np.flatnonzero(again.labels("mine") == "lesion").tolist() == patch_rows.tolist()
    assert (again.counts != opened.slide.counts).nnz == 0


def test_a_cancelled_dialog_saves_nothing(panel, painted, save_as, said, tmp_path):
    for name in FILES:
        save_as(getattr(panel, name), "")
    assert list(tmp_path.iterdir()) == []
    assert not said


@pytest.mark.parametrize("name", FILES)
def test_a_folder_that_is_not_there_is_explained(panel, painted, save_as, said, name):
    endings = {"prediction": "h5ad", "slide": "h5ad", "picture": "png", "figure": "png"}
    save_as(getattr(panel, name), f"absent/file.{endings.get(name, name)}")
    assert said[-1][0] == "error"
    assert "absent" in said[-1][1]


def test_a_wrong_ending_is_explained(panel, painted, save_as, said):
    path = save_as(panel.txt, "patch.png")
    assert said[-1][0] == "error"
    assert ".txt" in said[-1][1]
    assert not path.exists()


def test_the_picture_of_the_canvas_is_saved(real_window, tiny, save_as):
    from matplotlib.image import imread

    real_window.session.add(tiny)
    path = save_as(real_window.dock.save_panel.picture, "picture")
    picture = imread(path.with_suffix(".png"))
    assert picture.shape[:2] == real_window.canvas.size
    assert len(np.unique(picture.reshape(-1, picture.shape[-1]), axis=0)) > 10, "more than the background is on it"
