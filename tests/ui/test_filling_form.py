"""Holes and denser tissue in a real window: painted by mouse, predicted, ringed, hovered over, saved, removed."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import read_h5ad
from qtpy.QtWidgets import QFileDialog

from napari_concert.io import from_anndata
from napari_concert.session.shown import View
from napari_concert.ui.filled_layer import GAPS
from napari_concert.ui.filling_form import NOTHING, FillingForm, describe_hole
from napari_concert.ui.tools import Tool

MIDDLE, RADIUS = np.array([900.0, 900.0]), 260.0


@pytest.fixture
def form(window):
    """Return the unfolded form of the window's dock."""
    window.dock.step = "paint"
    window.dock.paint_panel.filling.unfold(True)
    return window.dock.paint_panel.filling


@pytest.fixture
def gap(tiny):
    """Return the slide with a gap, and where its spots were."""
    inside = np.linalg.norm(tiny.coords - MIDDLE, axis=1) < RADIUS
    return from_anndata(tiny.adata[~inside].copy(), name="gap"), tiny.coords[inside]


def layer_of(window, start="predicted: "):
    return next((layer for layer in window.viewer.layers if layer.name.startswith(start)), None)


def test_without_a_model_it_says_what_to_do(opened, show):
    form = show(FillingForm(opened))
    form.unfold(True)
    assert not form.fill.isEnabled()
    assert not form.dense.isEnabled()
    assert "train or load one" in form.says.text()
    assert form.hole.text() == NOTHING


def test_the_hole_in_words():
    assert describe_hole(0, 0, gaps_only=False) == NOTHING
    assert describe_hole(70, 0, gaps_only=False) == "The hole: 70 spots predicted anew."
    assert describe_hole(1, 58, gaps_only=True) == "The hole: 58 new places, 1 spot trusted."


def test_painted_spots_are_predicted_anew_and_ringed(painted, window, form, patch_rows, tiny):
    painted.show_gene("Cd68")
    assert form.hole.text() == f"The hole: {len(patch_rows)} spots predicted anew."
    form.fill.click()
    layer, spots = layer_of(window), window.brush.layers.scene.spots
    np.testing.assert_allclose(layer.data[:, ::-1], tiny.coords[patch_rows])
    assert (layer.border_width > 0).all()
    assert (spots.border_width == 0).all()
    assert layer._face.contrast_limits == spots._face.contrast_limits
    assert painted.view is View.PREDICTED  # what was asked for is seen
    assert "predicted,\nnot measured" in window.viewer.canvas.overlays["concert_predicted"].text
    assert window.viewer.layers.selection.active is spots
    said = spots._get_properties(layer.data[0], dims_displayed=[0, 1], world=True)
    assert said[0] == f"{tiny.spot_names[patch_rows[0]]}: predicted, not measured"
    assert said[2].startswith("95 % of such spots would count ")
    assert said[-1].endswith("(inferred)")
    painted.show_view(View.OBSERVED)
    assert not layer.shown.any()
    assert not window.viewer.canvas.overlays["concert_predicted"].visible
    assert spots._get_properties(layer.data[0], dims_displayed=[0, 1], world=True)[0].startswith("spot ")


def test_what_is_written_of_the_rings_goes_with_them(painted, window, form):
    """Other views hide the layer, and its legend would lie over their colour bar."""
    painted.show_gene("Cd68")
    form.fill.click()
    legend = window.viewer.canvas.overlays["concert_predicted"]
    assert legend.visible
    layer_of(window).visible = False
    assert not legend.visible
    painted.show_view(View.BASELINE)
    assert not legend.visible
    layer_of(window).visible = True
    assert legend.visible


def test_colours_follow_gene_view_and_column(painted, window, form):
    form.fill.click()
    layer = layer_of(window)
    genes = painted.filled.as_is.genes
    for gene, view in ((genes[2], View.PREDICTED), (genes[3], View.BASELINE), (genes[3], View.CHANGE)):
        painted.show_gene(gene)
        painted.show_view(view)
        expected = painted.filled_values(painted.values()).values
        np.testing.assert_allclose(layer.features["value"], expected)
    painted.show_view(View.UNCERTAINTY)
    assert "sd of a count" in window.viewer.canvas.overlays["concert_predicted"].text
    painted.show_column("tissue")
    assert layer.face_color_mode == "direct"
    assert layer.shown.all()
    painted.show_column("what_if")
    assert not layer.shown.any()


def test_a_brush_over_a_gap_shows_places_which_are_then_predicted(session, gap, model_folder, hand, form, qtbot):
    window, (slide, hidden) = hand.window, gap
    session.add(slide)
    session.load_model(model_folder)
    window.brush.set_tool(Tool.BRUSH)
    window.brush.set_radius(RADIUS + 60)
    window.brush.set_active(True)
    qtbot.wait(100)
    hand.drag((MIDDLE[0] - 20, MIDDLE[1]), (MIDDLE[0] + 20, MIDDLE[1]))
    qtbot.waitUntil(lambda: layer_of(window, GAPS) is not None)
    places = layer_of(window, GAPS).data[:, ::-1]
    apart = np.linalg.norm(hidden[:, None] - places[None], axis=2)
    assert apart.min(axis=0).max() < 1e-6
    assert len(places) == len(hidden)
    assert window.brush.active, "the brush stays in hand"
    form.gaps_only.setChecked(True)
    form.fill.click()
    assert layer_of(window, GAPS) is None
    assert len(layer_of(window).data) == len(hidden)
    assert window.brush.active
    assert session.filled.places.anew == 0


def test_a_denser_tissue_has_smaller_discs(trained, window, form, tiny):
    form.times.setValue(3)
    form.dense.click()
    layer, spots = layer_of(window), window.brush.layers.scene.spots
    assert layer.name == "predicted: 3 × as dense"
    assert (layer.size < spots.size[0]).all()
    assert len(layer.data) == len(trained.filled.coords)
    assert "ringed on the picture" in form.says.text()


def test_it_is_saved_and_removed_and_made_again(painted, window, form, tmp_path, monkeypatch, tiny):
    form.fill.click()
    answers = iter([str(tmp_path / "new.h5ad"), str(tmp_path / "both"), ""])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (next(answers), ""))
    form.save.click()
    form.save_both.click()
    form.save.click()  # given up
    assert read_h5ad(tmp_path / "new.h5ad").n_obs == len(painted.painted)
    assert read_h5ad(tmp_path / "both.h5ad").n_obs == tiny.n_spots
    form.remove.click()
    assert layer_of(window) is None
    assert not form.remove.isVisible()
    form.fill.click()
    assert layer_of(window) is not None


def test_positions_of_a_table(trained, window, form, tmp_path, monkeypatch):
    (tmp_path / "at.csv").write_text("x,y\n510,510\n530,700\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "at.csv"), ""))
    form.table.click()
    np.testing.assert_allclose(layer_of(window).data[:, ::-1], [[510, 510], [530, 700]])


def test_deleting_the_layer_forgets_them_and_another_slide_takes_them_off(painted, window, form, qtbot, other):
    form.fill.click()
    first = painted.current
    painted.add(other)
    assert layer_of(window) is None
    painted.choose(first)
    assert layer_of(window) is not None
    window.viewer.layers.remove(layer_of(window))
    qtbot.waitUntil(lambda: painted.filled is None)


def test_sections_of_a_stack_have_theirs_in_every_view(session, window, form, stack_slide, stack_model):
    from napari_concert.session.stack_view import StackMode

    session.add(stack_slide)
    session.load_model(stack_model)
    session.show_gene("Gene1")
    rows = np.flatnonzero(np.linalg.norm(stack_slide.coords - [0, 0, 150], axis=1) < 140)
    session.paint(rows)
    form.fill.click()
    for mode in (StackMode.ONE, StackMode.GRID, StackMode.SPACE):
        session.show_stack(mode=mode)
        scene = window.brush.layers.scene
        np.testing.assert_allclose(layer_of(window).data, scene.layout.points[rows] / scene.layout.step)
