"""Colours of napari's theme."""

from __future__ import annotations

import pytest
from napari.settings import get_settings
from napari.utils.theme import get_theme
from qtpy.QtGui import QPalette

from napari_concert.ui.theme import CONCERNS, colour, concern_colour, contrast, popup_style


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


@pytest.mark.parametrize("kind", CONCERNS)
def test_warnings_and_errors_are_legible(theme, kind):
    assert contrast(concern_colour(kind), colour("background")) >= 4.5
    assert contrast(concern_colour(kind), colour("text")) > 1.2, "they stand out from other text"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#123456", "#123456", 1.0)],
)
def test_contrast_is_that_of_wcag(one, other, expected):
    assert contrast(one, other) == pytest.approx(expected, abs=0.005)
    assert contrast(other, one) == contrast(one, other)


def test_labels_follow_the_theme_of_the_window(window, theme):
    appearance = get_settings().appearance
    window.session.notified.emit("error", "No.")
    message = window.dock.status.message
    seen = {}
    for name in ("dark", "light", "dark"):
        appearance.theme = name
        seen.setdefault(name, []).append(message.palette().color(QPalette.ColorRole.WindowText).name())
        assert seen[name][-1] == concern_colour("error")
    assert seen["dark"][0] == seen["dark"][1] != seen["light"][0]
