"""Colours of napari's theme."""

from __future__ import annotations

import pytest
from napari.settings import get_settings
from napari.utils.theme import get_theme

from napari_concert.ui.theme import colour, popup_style


@pytest.fixture(params=["dark", "light"])
def theme(request):
    appearance = get_settings().appearance
    before, appearance.theme = appearance.theme, request.param
    yield get_theme(request.param)
    appearance.theme = before


def test_colours_are_those_of_the_current_theme(theme):
    assert colour("background") == theme.background.as_hex()
    assert colour("text") == theme.text.as_hex()


def test_lists_that_pop_up_are_legible(theme):
    style = popup_style()
    assert f"background: {colour('foreground')}; color: {colour('text')}" in style
    assert colour("foreground") != colour("text")
    assert colour("current") != colour("foreground"), "the chosen row stands out"
