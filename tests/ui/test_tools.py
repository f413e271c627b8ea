"""Names, keys and tooltips of the tools."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from napari.layers import Layer, Points
from napari.utils.key_bindings import coerce_keybinding
from napari.utils.shortcuts import default_shortcuts
from napari.viewer import Viewer

from napari_concert.ui.tools import ABOUT, Tool, tip


def test_every_tool_says_what_it_is():
    assert set(ABOUT) == set(Tool)
    assert len({about.name for about in ABOUT.values()}) == len(Tool)


@pytest.mark.parametrize("tool", list(Tool))
def test_a_tooltip_tells_the_key(tool):
    assert tip(tool).startswith(ABOUT[tool].tip)
    assert f"Key {ABOUT[tool].key};" in tip(tool)


def test_no_two_tools_share_a_key_and_none_is_that_of_the_next_what_if():
    keys = [about.key for about in ABOUT.values()]
    assert sorted(set(keys)) == sorted(keys)
    assert "N" not in keys


# of Labels and Shapes, which have the keyboard only while such a layer is chosen, and the tools are away
ELSEWHERE = {
    "napari:activate_labels_fill_mode",
    "napari:toggle_preserve_labels",
    "napari:move_shapes_selection_to_front",
    "napari:move_shapes_selection_to_back",
}


@pytest.mark.parametrize("tool", list(Tool))
def test_napari_leaves_the_keys_free_for_spots_and_for_the_viewer(tool):
    key = coerce_keybinding(ABOUT[tool].key)
    assert {name for name, keys in default_shortcuts.items() if key in keys} <= ELSEWHERE
    for owner in (Points, Layer, Viewer, ViewerModel):
        assert key not in owner.class_keymap
