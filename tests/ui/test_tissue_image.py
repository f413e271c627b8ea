"""The picture behind the spots: which one, where, and how it is seen."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.image import imread, imsave
from napari.layers import Image
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_concert.io import read
from napari_concert.slide import Columns
from napari_concert.ui.tissue_image import TissueImage

SPOT = 40


@pytest.fixture
def image(viewer, session, layers):
    made = TissueImage(viewer, session, layers)
    yield made
    made.close()


@pytest.fixture
def outs(space_ranger):
    """A folder whose image is white, but for one red pixel where a spot lies."""
    folder = space_ranger(matrix="mex")
    path = folder / "spatial" / "tissue_hires_image.png"
    slide = read(folder)
    pixels = np.array(imread(path)[..., :3])
    column, row = np.rint((slide.raw_coords[SPOT] - slide.image.origin) / slide.image.step).astype(int)
    pixels[row, column] = (1.0, 0.0, 0.0)
    imsave(path, pixels)
    return folder


def names(viewer):
    return [layer.name for layer in viewer.layers]


def own(height=80, width=90, name="scan"):
    return Image(np.full((height, width, 3), 9, np.uint8), rgb=True, name=name)


# -- the file's own image ----------------------------------------------------------------------------------------------


def test_a_folder_brings_its_image_behind_the_spots(image, session, viewer, outs):
    session.open(outs)
    assert names(viewer) == ["lymph node · image", "lymph node", "painted spots"]
    assert viewer.layers.selection.active.name == "lymph node", "the spots stay the chosen layer"
    assert image.layer.rgb
    assert {str(unit) for unit in image.layer.units} == {"micrometer"}


def test_a_pixel_that_was_painted_at_a_spot_lies_under_it(image, session, outs):
    session.open(outs)
    slide = session.slide
    colours = np.array([image.layer.get_value(spot[::-1], world=True)[:3] for spot in slide.coords])
    assert colours[SPOT].tolist() == [255, 0, 0]
    assert (np.delete(colours, SPOT, axis=0) == 255).all()
    session.read_as(um_per_unit=3.0)
    assert image.layer.get_value(session.slide.coords[SPOT][::-1], world=True)[:3].tolist() == [255, 0, 0]


def test_it_is_drawn_under_that_spot(real_window, session, outs, hand):
    session.open(outs)
    window = real_window
    layer = window.viewer.layers["lymph node · image"]
    layer.opacity, window.viewer.layers["lymph node"].visible = 1.0, False
    QTest.qWait(200)
    QApplication.processEvents()
    at = hand.at(*session.slide.coords[SPOT])
    seen = window.viewer.screenshot(canvas_only=True, flash=False)
    ratio = seen.shape[1] / window.native.width()
    red = (seen[..., 0] > 200) & (seen[..., 1] < 100)
    rows, columns = np.nonzero(red)
    pixel = session.slide.image.step * session.slide.units.um_per_unit
    reach = 1.0 + 0.5 * pixel * window.viewer.scene.camera.zoom
    assert columns.mean() / ratio == pytest.approx(at.x(), abs=reach)
    assert rows.mean() / ratio == pytest.approx(at.y(), abs=reach)


def test_other_readings_keep_the_layer(image, session, outs, viewer):
    session.open(outs)
    before = image.layer
    session.read_as(um_per_unit=2.0)
    session.read_as(columns=Columns())
    assert image.layer is before
    assert names(viewer).index("lymph node · image") < names(viewer).index("lymph node")


def test_slides_without_an_image_have_none(image, opened, viewer):
    assert names(viewer) == ["tiny", "painted spots"]
    assert not image.has_image
    assert image.is_possible


def test_sections_that_are_not_drawn_where_they_are_have_none(image, session, new_slide, grid, viewer):
    session.add(new_slide(np.tile(grid(5), (2, 1)), {"section": ["s1"] * 25 + ["s2"] * 25}))
    assert not image.is_possible
    viewer.add_layer(own())
    image.adopt()
    assert image.layer is None


def test_a_damaged_image_is_said_and_can_be_asked_for_again(image, session, outs, said, viewer):
    path = outs / "spatial" / "tissue_hires_image.png"
    whole = path.read_bytes()
    path.write_bytes(whole[:300])
    session.open(outs)
    assert names(viewer) == ["lymph node", "painted spots"]
    assert [kind for kind, _ in said] == ["warning"]
    assert "can't be read" in said[0][1]
    assert not image.look.visible
    path.write_bytes(whole)
    image.set_visible(True)
    assert image.layer in viewer.layers


# -- how it is seen ----------------------------------------------------------------------------------------------------


def test_the_next_slide_is_opened_as_the_user_likes_images(image, session, outs):
    session.open(outs)
    image.set_opacity(0.3)
    session.close_slide()
    session.open(outs)
    assert image.layer.opacity == pytest.approx(0.3)
    image.set_visible(False)
    session.close_slide()
    session.open(outs)
    assert image.layer is None
    assert not image.look.visible


def test_its_look_is_kept_by_slide(image, session, outs, tiny, viewer):
    session.open(outs)
    image.set_opacity(0.3)
    image.set_spots_opacity(0.5)
    assert viewer.layers["lymph node · image"].opacity == pytest.approx(0.3)
    assert viewer.layers["lymph node"].opacity == pytest.approx(0.5)
    session.add(tiny)
    assert names(viewer) == ["tiny", "painted spots"]
    assert viewer.layers["tiny"].opacity == pytest.approx(1.0)
    session.choose(session.workspaces[0])
    assert image.layer.opacity == pytest.approx(0.3)
    assert viewer.layers["lymph node"].opacity == pytest.approx(0.5)


def test_what_is_changed_in_naparis_own_list_is_taken_in(image, session, outs):
    session.open(outs)
    heard = []
    image.changed.connect(lambda: heard.append(1))
    image.layer.visible, image.layer.opacity = False, 0.4
    assert (image.look.visible, image.look.opacity) == (False, pytest.approx(0.4))
    assert len(heard) == 2


def test_a_deleted_image_is_hidden_until_it_is_asked_for(image, session, outs, viewer):
    session.open(outs)
    viewer.layers.remove(image.layer)
    assert (image.layer, image.look.visible) == (None, False)
    session.read_as(um_per_unit=2.0)
    assert "lymph node · image" not in names(viewer)
    image.set_visible(True)
    assert names(viewer)[0] == "lymph node · image"


def test_a_closed_slide_takes_its_image_with_it(image, session, outs, viewer):
    session.open(outs)
    session.close_slide()
    assert names(viewer) == []
    session.open(outs)
    assert image.look.visible


def test_the_grid_of_a_comparison_has_no_cell_for_it(image, session, outs, viewer):
    session.open(outs)
    viewer.canvas.grid.enabled = True
    assert names(viewer) == ["lymph node", "painted spots"]
    assert image.look.visible
    viewer.canvas.grid.enabled = False
    assert names(viewer)[0] == "lymph node · image"


# -- an image of the user's --------------------------------------------------------------------------------------------


def test_any_image_can_be_put_under_the_spots(image, opened, viewer, said):
    viewer.add_layer(own())
    assert image.candidate.name == "scan"
    image.adopt()
    assert names(viewer) == ["scan", "tiny", "painted spots"]
    assert image.candidate is None
    assert image.has_image
    assert [kind for kind, _ in said] == ["info"]
    assert {str(unit) for unit in image.layer.units} == {"micrometer"}
    image.set_pixel_size(2.5)
    assert image.pixel_size == pytest.approx(2.5)


def test_it_takes_the_place_of_the_files_own_and_gives_it_back(image, session, outs, viewer):
    session.open(outs)
    viewer.add_layer(own())
    image.adopt()
    assert names(viewer) == ["scan", "lymph node", "painted spots"]
    viewer.layers.remove(image.layer)
    image.set_visible(True)
    assert names(viewer) == ["lymph node · image", "lymph node", "painted spots"]


def test_it_goes_and_comes_with_its_slide(image, opened, other, viewer):
    viewer.add_layer(own())
    image.adopt()
    layer = image.layer
    opened.add(other)
    assert names(viewer) == ["other", "painted spots"]
    opened.choose(opened.workspaces[0])
    assert image.layer is layer
    assert names(viewer) == ["scan", "tiny", "painted spots"]


def test_it_follows_the_units_of_the_slide(image, opened, viewer):
    viewer.add_layer(own())
    image.adopt()
    spot = opened.slide.coords[7, ::-1]
    pixel = image.layer.world_to_data(spot)
    opened.read_as(um_per_unit=3.0 * opened.slide.units.um_per_unit)
    assert image.layer.data_to_world(pixel) == pytest.approx(3.0 * spot)


def test_of_several_images_the_chosen_one_is_meant(image, opened, viewer):
    for name in ("first", "second"):
        viewer.add_layer(own(name=name))
    viewer.layers.selection.active = viewer.layers["tiny"]
    assert image.candidate is None
    viewer.layers.selection.active = viewer.layers["first"]
    assert image.candidate.name == "first"
    stack = Image(np.zeros((3, 20, 20)))
    viewer.add_layer(stack)
    viewer.layers.selection.active = stack
    assert image.candidate is None, "a stack is no picture; of the two others none was chosen"


def test_the_mouse_moves_it_while_that_is_asked_for(image, opened, viewer):
    viewer.add_layer(own())
    image.adopt()
    image.backdrop.set_moving(True)
    assert image.backdrop.is_moving
    assert viewer.layers.selection.active is image.layer
    image.backdrop.set_moving(False)
    assert not image.backdrop.is_moving
    assert viewer.layers.selection.active.name == "tiny"


def test_after_closing_nothing_is_followed(image, session, outs, viewer):
    image.close()
    session.open(outs)
    assert names(viewer) == ["lymph node", "painted spots"]


def test_an_image_that_comes_while_one_paints_leaves_the_tool_in_hand(image, session, viewer, brush, stroke, outs):
    session.open(outs)
    image.viewer.layers.remove(image.layer)
    brush.set_active(True)
    told = []
    brush.active_changed.connect(told.append)
    image.set_visible(True)
    assert names(viewer) == ["lymph node · image", "lymph node", "painted spots"]
    assert brush.active
    assert told == [], "the tool was never put away"
    assert viewer.layers.selection.active is brush.layers.scene.spots
    assert not viewer.scene.camera.mouse_pan, "a drag paints"
    stroke.drag(session.slide.coords[SPOT])
    assert SPOT in session.painted


def test_an_image_that_is_chosen_in_the_list_still_puts_the_tool_away(image, session, viewer, brush, outs):
    session.open(outs)
    brush.set_active(True)
    viewer.layers.selection.active = image.layer
    assert not brush.active
