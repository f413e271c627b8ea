"""Patches from a Shapes layer of the viewer, and to a new one."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Shapes

from napari_concert.ui import shapes_exchange
from napari_concert.ui.load_menu import LoadMenu
from napari_concert.ui.shapes_exchange import NO_LAYER, NO_PATCH, ShapesExchange


@pytest.fixture
def exchange(session, viewer, layers):
    return ShapesExchange(session, viewer, layers)


@pytest.fixture
def menu(session, exchange, show):
    made = show(LoadMenu(session, exchange))
    made.refresh()
    return made


def entries(menu):
    menu.choices.aboutToShow.emit()
    return [action.text() for action in menu.choices.actions()]


def test_without_a_layer_the_menu_says_how_to_get_one(menu, opened, said):
    assert entries(menu) == ["From a file…", "From a Shapes layer"]
    menu.choices.actions()[1].trigger()
    assert said == [("info", NO_LAYER)]
    assert all(action.toolTip() for action in menu.choices.actions())


def test_patches_go_to_a_layer_and_come_back_as_one_edit(menu, exchange, opened, viewer, said, patch_rows):
    opened.paint(patch_rows)
    opened.set_target("perturbation", "Jak2")
    opened.new_patch()
    opened.paint([3, 4])
    opened.new_patch()  # without a spot
    before = [patch.to_json() for patch in opened.patches[:2]]
    exchange.put()
    layer = viewer.layers.selection.active
    assert isinstance(layer, Shapes)
    assert layer.name == "patches of tiny"
    assert sorted(set(layer.features["name"])) == ["patch 1", "patch 2"]
    assert set(layer.features["target"]) == {"Jak2"}
    assert layer.name in said[-1][1]
    opened.remove_patches(opened.current.painting.keys)
    assert entries(menu) == ["From a file…", "From the Shapes layer “patches of tiny”"]
    menu.choices.actions()[1].trigger()
    assert [patch.to_json() for patch in opened.patches] == before
    assert said[-1] == ("info", f"Added 2 patches from {len(layer.data)} shapes.")
    opened.undo()
    assert opened.patches == ()
    opened.redo()
    assert len(opened.patches) == 2


def test_drawn_shapes_get_colours_of_their_own_and_the_current_target(exchange, opened, viewer, tiny):
    opened.set_target("perturbation", "Jak2")
    opened.paint([0])
    at = [tiny.coords[row, ::-1] for row in (40, 80)]
    square = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * 0.6 * tiny.pitch
    exchange.take(viewer.add_shapes([square + point for point in at], shape_type="polygon"))
    first, *added = opened.patches
    assert [patch.spots.tolist() for patch in added] == [[40], [80]]
    assert len({first.color, *(patch.color for patch in added)}) == 3
    assert [dict(patch.target) for patch in added] == [{"perturbation": "Jak2"}] * 2


def test_a_layer_beside_the_slide_is_refused_with_a_remedy(exchange, opened, viewer, said):
    exchange.take(viewer.add_shapes([[[1e6, 1e6], [1e6, 2e6], [2e6, 2e6]]], shape_type="polygon"))
    assert said[-1][0] == "error"
    assert "lie outside tiny" in said[-1][1]
    assert "Move or scale" in said[-1][1]
    exchange.take(viewer.add_shapes(ndim=2))
    assert "no shape yet" in said[-1][1]
    assert opened.patches == ()


def test_a_wrong_target_is_refused_with_the_nearest_name(exchange, opened, viewer, said):
    layer = viewer.add_shapes([[[0, 0], [0, 9e3], [9e3, 9e3]]], shape_type="polygon", features={"target": ["jak"]})
    exchange.take(layer)
    assert said[-1][0] == "error"
    assert "Jak2" in said[-1][1]


def test_hidden_patches_and_none_are_not_drawn(exchange, opened, viewer, said):
    exchange.put()
    opened.paint([3])
    opened.restyle_patch(opened.current.painting.active, hidden=True)
    exchange.put()
    assert said == [("info", NO_PATCH)] * 2
    assert not exchange.drawn


def test_outlines_too_fine_for_napari_are_refused(exchange, opened, said, monkeypatch):
    opened.paint([3])
    monkeypatch.setattr(shapes_exchange, "MOST_CORNERS", 3)
    exchange.put()
    assert said[-1][0] == "error"
    assert "geojson" in said[-1][1]
    assert not exchange.drawn


def test_nothing_is_drawn_on_another_slide(exchange, opened, other, viewer):
    opened.paint([3])
    scene = exchange.layers.scene
    opened.add(other)
    exchange._show(scene, Shapes(ndim=2))
    assert not exchange.drawn
