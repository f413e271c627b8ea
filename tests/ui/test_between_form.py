"""The form and the layer of a section in between, in a real window."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.session.shown import View
from napari_concert.session.stack_view import StackMode
from napari_concert.ui.between_form import BetweenForm


@pytest.fixture
def stacked(session, stack_slide, stack_model):
    """Return a session with a stack, a model of it, and a gene."""
    session.add(stack_slide)
    session.load_model(stack_model)
    session.show_gene("Gene1")
    return session


@pytest.fixture
def predicted(stacked, window, qtbot):
    """Return a window that shows a predicted section, and its layer."""
    form = window.dock.slide_panel.between
    form.height.setValue(100)
    form.predict.click()
    qtbot.waitUntil(lambda: layer_of(window) is not None)
    return window


def layer_of(window):
    return next((layer for layer in window.viewer.layers if layer.name.startswith("predicted section")), None)


def test_it_is_there_for_stacks_in_one_frame_alone(session, tiny, new_stack, show):
    form = show(BetweenForm(session))
    session.add(tiny)
    assert form.isHidden()
    session.add(new_stack(registered=False))
    assert form.isHidden()
    session.read_as(registered=True)
    assert not form.isHidden()


def test_without_a_model_it_says_what_to_do(session, stack_slide, show):
    session.add(stack_slide)
    form = show(BetweenForm(session))
    assert not form.predict.isEnabled()
    assert "train or load one" in form.says.text()


def test_heights_are_those_between_sections(stacked, show):
    form = show(BetweenForm(stacked))
    assert (form.height.minimum(), form.height.maximum()) == (0, 300)
    assert form.height.value() == 75
    assert form.says.text() == "Between s1 (z 0) and s2 (z 150)."
    form.height.setValue(150)
    assert not form.predict.isEnabled()
    assert "s2 was measured" in form.says.text()
    form.height.setValue(200)
    assert form.predict.isEnabled()
    assert form.says.text() == "Between s2 (z 150) and s3 (z 300)."


def test_the_section_is_a_layer_of_its_own_and_marked(predicted, stacked):
    layer = layer_of(predicted)
    assert layer.name == "predicted section z 100 units"
    assert len(layer.data) == len(stacked.section_between.coords)
    assert set(layer.symbol.astype(str)) == {"square"}
    assert any("predicted,\nnot measured" in text for text in layer.text.values)
    spots = predicted.brush.layers.scene.spots
    assert predicted.viewer.layers.selection.active is spots
    right = stacked.slide.coords[:, 0].max()
    assert (layer.data[:, 1] > right).all()  # beside the tissue: no measured spot is under it
    assert "Predicted, not measured" in predicted.dock.slide_panel.between.says.text()


def test_its_colours_follow_gene_and_view_on_one_scale(predicted, stacked):
    layer, spots = layer_of(predicted), predicted.brush.layers.scene.spots
    for gene, view in (("Gene2", View.PREDICTED), ("Gene3", View.BASELINE), ("Gene3", View.CHANGE)):
        stacked.show_gene(gene)
        stacked.show_view(view)
        assert layer._face.contrast_limits == spots._face.contrast_limits
        expected = stacked.between_values(stacked.values()).values
        np.testing.assert_allclose(layer.features["value"], expected)
    stacked.show_view(View.UNCERTAINTY)
    assert any("sd of a count" in text for text in layer.text.values)
    stacked.show_column("perturbation")
    assert layer.face_color_mode == "direct"
    assert len(np.unique(layer.face_color, axis=0)) == 2


def test_hovering_says_that_it_is_predicted_and_the_interval(predicted, stacked):
    layer, spots = layer_of(predicted), predicted.brush.layers.scene.spots
    stacked.show_view(View.PREDICTED)
    at = (predicted.viewer.dims.point[0], *layer.data[3])
    said = spots._get_properties(at, dims_displayed=[1, 2], world=True)
    low, high = stacked.section_between.changed.interval(3, "Gene1")
    assert said[0] == "predicted section z 100 units: not measured"
    assert f"would count {low:g} to {high:g}" in said[2]
    assert said[-1].startswith("perturbation: ")
    assert spots._get_properties((at[0], -1e4, -1e4), dims_displayed=[1, 2], world=True) == []


def test_it_goes_where_the_view_of_the_stack_has_room(predicted, stacked):
    stacked.show_stack(mode=StackMode.SPACE)
    layer = layer_of(predicted)
    np.testing.assert_allclose(layer.data[:, 0], 100 * stacked.stretch)
    np.testing.assert_allclose(layer.data[:, :0:-1], stacked.section_between.coords[:, :2])
    of_words = int(np.flatnonzero(layer.text.values != "")[0])
    assert of_words == np.argmax(layer.data[:, 2]), "the names of the others are at their left"
    assert layer.text.translation[2] > 0
    stacked.show_stack(mode=StackMode.GRID)
    drawn = predicted.brush.layers.scene.seen_points[:, -2:]
    apart = np.linalg.norm(layer_of(predicted).data[:, None] - drawn[None], axis=2)
    assert apart.min() > stacked.slide.pitch


def test_it_follows_strokes_and_is_taken_away(predicted, stacked, stack_slide):
    layer = layer_of(predicted)
    stacked.show_view(View.PREDICTED)
    stacked.set_target("perturbation", "Jak2")
    before = layer.features["value"].to_numpy().copy()
    stacked.paint(np.flatnonzero(stack_slide.coords[:, 0] < 0))
    assert layer_of(predicted) is layer
    assert not np.allclose(layer.features["value"], before)
    predicted.dock.slide_panel.between.remove.click()
    assert layer_of(predicted) is None
    assert not predicted.dock.slide_panel.between.remove.isEnabled()


def test_deleting_the_layer_forgets_the_section(predicted, stacked, qtbot):
    predicted.viewer.layers.remove(layer_of(predicted))
    qtbot.waitUntil(lambda: stacked.section_between is None)
    assert layer_of(predicted) is None
    assert not predicted.dock.slide_panel.between.remove.isEnabled()


def test_another_slide_takes_it_off_the_picture_and_it_comes_back(predicted, stacked, tiny):
    stacked.add(tiny)
    assert layer_of(predicted) is None
    stacked.choose(stacked.workspaces[0])
    assert layer_of(predicted) is not None
