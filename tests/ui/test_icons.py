"""Small icons."""

from __future__ import annotations

from collections import Counter

import pytest
from qtpy.QtCore import QSize
from qtpy.QtGui import QColor, QIcon

from napari_concert.ui.icons import swatch, theme_icon
from napari_concert.ui.theme import colour


def middle(icon, mode=QIcon.Mode.Normal):
    return QColor(icon.pixmap(QSize(16, 16), mode).toImage().pixel(8, 8)).name()


def opacities(icon):
    image = icon.pixmap(QSize(16, 16)).toImage()
    return [image.pixelColor(x, y).alpha() for x in range(image.width()) for y in range(image.height())]


@pytest.mark.parametrize("mode", [QIcon.Mode.Normal, QIcon.Mode.Selected])
def test_a_swatch_has_its_colour_in_a_selected_row_too(qapp, mode):
    assert middle(swatch("#cc79a7"), mode) == "#cc79a7"


@pytest.mark.parametrize("name", ["visibility", "visibility_off", "lock", "lock_open"])
def test_signs_are_drawn_and_have_the_colour_of_the_themes_text(qapp, name):
    image = theme_icon(name).pixmap(QSize(32, 32)).toImage()
    solid = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255]
    assert len(solid) > 20
    assert Counter(pixel.name() for pixel in solid).most_common(1)[0][0] == QColor(colour("text")).name()


def test_a_faded_sign_is_paler(qapp):
    assert 0 < sum(opacities(theme_icon("lock_open", 0.35))) < 0.5 * sum(opacities(theme_icon("lock_open")))
