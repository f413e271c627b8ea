"""The controls of the image in the Slide step."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_concert.ui.image_form import HINT, OTHER, STACKED, ImageForm
from napari_concert.ui.tissue_image import TissueImage


@pytest.fixture
def image(viewer, session, layers):
    made = TissueImage(viewer, session, layers)
    yield made
    made.close()


@pytest.fixture
def panel(image, show):
    return show(ImageForm(image))


@pytest.fixture
def scan(viewer):
    """Open an image in napari, as a user would."""

    def opened():
        return viewer.add_layer(Image(np.full((80, 90, 3), 9, np.uint8), rgb=True, name="scan"))

    return opened


def tick(box):
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(8, box.height() // 2))


def test_a_slide_with_an_image_has_its_controls(panel, session, space_ranger):
    session.open(space_ranger())
    assert panel.looks.isVisible()
    assert panel.shown.isChecked()
    assert panel.opacity.value() == 70
    assert not panel.place.isVisible(), "the file says where it lies"
    assert not panel.put.isVisible()
    assert panel.about.text() == ""


def test_a_slide_without_one_says_what_can_be_done(panel, opened, scan):
    assert not panel.looks.isVisible()
    assert panel.about.text() == HINT
    assert panel.put.isVisible()
    assert not panel.put.isEnabled()
    scan()
    assert panel.put.isEnabled()


def test_where_no_image_can_be_that_is_said(panel, session, new_slide, grid):
    session.add(new_slide(np.tile(grid(5), (2, 1)), {"section": ["s1"] * 25 + ["s2"] * 25}))
    assert panel.about.text() == STACKED
    assert not panel.put.isVisible()


def test_the_image_is_hidden_and_shown(panel, image, session, space_ranger):
    session.open(space_ranger())
    tick(panel.shown)
    assert not image.layer.visible
    assert not panel.opacity.isEnabled()
    tick(panel.shown)
    assert image.layer.visible
    image.layer.visible = False
    assert not panel.shown.isChecked(), "napari's own eye is followed"


def test_sliders_make_image_and_spots_fainter(panel, image, session, space_ranger, layers):
    session.open(space_ranger())
    for slider in (panel.opacity, panel.spots):
        QTest.keyClick(slider, Qt.Key.Key_PageDown)
    assert image.layer.opacity == pytest.approx(0.6)
    assert layers.scene.spots.opacity == pytest.approx(0.9)
    image.layer.opacity = 0.2
    assert panel.opacity.value() == 20


def test_an_image_is_put_under_sized_and_moved(panel, image, opened, scan, click):
    scan()
    click(panel.put)
    assert image.layer.name == "scan"
    assert panel.place.isVisible()
    assert panel.size.suffix() == " µm"
    assert panel.size.value() == pytest.approx(image.pixel_size, abs=1e-4)
    panel.size.selectAll()
    QTest.keyClicks(panel.size, "2.5")
    QTest.keyClick(panel.size, Qt.Key.Key_Return)
    assert image.pixel_size == pytest.approx(2.5)
    click(panel.move_it)
    assert image.backdrop.is_moving
    click(panel.move_it)
    assert not image.backdrop.is_moving


def test_another_image_is_offered_beside_the_files_own(panel, session, space_ranger, scan):
    session.open(space_ranger())
    scan()
    assert panel.about.text() == OTHER
    assert panel.put.isEnabled()
