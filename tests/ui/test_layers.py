"""A session's slide in a viewer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_concert.session import Session, View
from napari_concert.ui.layers import SlideLayers


def shown(layers):
    return layers.viewer.canvas.overlays


def test_no_slide_no_layers(layers, viewer):
    assert list(viewer.layers) == []
    assert layers.scene is None


def test_a_slide_is_two_layers_and_a_scale_bar(layers, opened, viewer):
    assert [layer.name for layer in viewer.layers] == ["tiny", "painted spots"]
    assert viewer.canvas.overlays.scale_bar.visible
    assert viewer.layers.selection.active is layers.scene.spots


def test_the_whole_slide_is_in_view(layers, opened, viewer, tiny):
    centre = viewer.scene.camera.center[-2:]
    height, width = np.array(viewer.canvas.size) / viewer.scene.camera.zoom
    low, high = tiny.coords.min(axis=0), tiny.coords.max(axis=0)
    assert centre[1] - width / 2 < low[0] < high[0] < centre[1] + width / 2
    assert centre[0] - height / 2 < low[1] < high[1] < centre[0] + height / 2


def test_the_spots_take_the_shown_values(layers, opened):
    opened.show_gene("Fn1")
    values = opened.values()
    assert layers.scene.spots.features["value"].to_numpy() == pytest.approx(values.values)
    assert layers.scene.spots.face_contrast_limits == pytest.approx(values.limits)
    assert "Fn1" in layers.text.title.text
    assert "counts at median depth" in layers.text.title.text


def test_every_view_of_a_prediction_is_drawn(layers, painted):
    painted.show_gene(painted.result.prediction.genes[0])
    for view in View:
        painted.show_view(view)
        values = painted.values()
        assert layers.scene.spots.features["value"].to_numpy() == pytest.approx(values.values, nan_ok=True)
        assert layers.text.title.text.splitlines()[0] == values.label
    painted.show_view(View.CHANGE)
    low, high = layers.scene.spots.face_contrast_limits
    assert low == pytest.approx(-high), "a change is centred at 0"


def test_observed_baseline_and_predicted_share_their_limits(layers, painted):
    painted.show_gene(painted.result.prediction.genes[0])
    limits = set()
    for view in (View.OBSERVED, View.BASELINE, View.PREDICTED):
        painted.show_view(view)
        limits.add(layers.scene.spots.face_contrast_limits)
    assert len(limits) == 1


def test_a_column_has_a_legend_instead_of_a_title(layers, opened):
    opened.show_column("tissue")
    assert layers.text.legend.visible
    assert layers.text.legend.labels == opened.slide.categories("tissue")
    assert not layers.text.title.visible
    opened.show_gene("Fn1")
    assert not layers.text.legend.visible


def test_painting_moves_the_rings_once_for_quick_moves_and_nothing_else(layers, opened, qtbot):
    drawn = []
    layers.drawn.connect(drawn.append)
    opened.begin_stroke()
    opened.extend_stroke(np.array([3, 4]))
    opened.extend_stroke(np.array([4, 5]))
    assert not drawn
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == ["patch"]
    assert len(layers.scene.rings.data) == 3
    opened.extend_stroke(np.array([6]))
    opened.end_stroke()
    qtbot.waitUntil(lambda: len(drawn) == 2)
    assert len(layers.scene.rings.data) == 4


def test_painting_is_taken_back_on_the_picture(layers, opened):
    opened.paint([3, 4])
    assert len(layers.scene.rings.data) == 2
    opened.undo()
    assert len(layers.scene.rings.data) == 0


def test_what_is_painted_is_written_on_the_picture(layers, painted):
    assert layers.text.caption.text.startswith(f"{len(painted.painted)} spots · ")
    assert "→ Jak2" in layers.text.caption.text
    painted.set_target("perturbation", "Tgfbr2")
    assert "→ Tgfbr2" in layers.text.caption.text


def test_an_extrapolation_is_warned_of_on_the_picture(layers, opened, tiny):
    opened.set_target("perturbation", "Jak2")
    opened.paint(np.flatnonzero(tiny.tissue_of == "tumour")[:2])
    assert not layers.text.banner.visible
    opened.paint(np.flatnonzero(tiny.tissue_of == "normal lung")[:2])
    assert layers.text.banner.visible
    assert "normal lung" in layers.text.banner.text.replace("\n", " ")


def test_another_slide_takes_the_place_of_the_first(layers, opened, other, viewer):
    opened.add(other)
    assert [layer.name for layer in viewer.layers] == ["other", "painted spots"]
    opened.choose(opened.workspaces[0])
    assert [layer.name for layer in viewer.layers] == ["tiny", "painted spots"]


def test_a_slides_patch_comes_back_with_it(layers, opened, other):
    opened.paint([1, 2, 3])
    opened.add(other)
    assert len(layers.scene.rings.data) == 0
    opened.choose(opened.workspaces[0])
    assert len(layers.scene.rings.data) == 3


def test_other_columns_keep_the_layers_and_the_camera(layers, opened, viewer):
    spots, viewer.scene.camera.zoom = layers.scene.spots, 1.234
    opened.read_as(columns=replace(opened.slide.columns, tissue=None))
    assert layers.scene.spots is spots
    assert viewer.scene.camera.zoom == 1.234


def test_other_units_move_the_spots(layers, opened, tiny):
    opened.read_as(um_per_unit=2.0)
    assert layers.scene.spots.data == pytest.approx(2 * tiny.coords[:, ::-1])


@pytest.mark.parametrize("both", [False, True])
def test_deleting_the_layer_of_a_slide_closes_it(layers, painted, tiny, viewer, said, qtbot, both):
    viewer.layers.selection = {layers.scene.spots, layers.scene.rings} if both else {layers.scene.spots}
    viewer.layers.remove_selected()
    qtbot.waitUntil(lambda: painted.slide is None)
    assert list(viewer.layers) == []
    assert not layers.text.caption.visible
    assert said[-1] == ("info", "tiny was closed. Open it again in step 1.")
    painted.add(tiny)
    assert [layer.name for layer in viewer.layers] == ["tiny", "painted spots"]


def test_what_was_painted_outlives_a_deleted_layer(viewer, tiny, state_folder, qtbot):
    session, said = Session(autosave=state_folder), []
    session.notified.connect(lambda _kind, text: said.append(text))
    layers = SlideLayers(viewer, session)
    session.add(tiny)
    session.paint([3, 4])
    viewer.layers.remove(layers.scene.spots)
    qtbot.waitUntil(lambda: session.slide is None)
    assert said[-1] == "tiny was closed; what you painted is kept. Open it again in step 1."
    session.add(tiny)
    assert len(layers.scene.rings.data) == 2
    layers.close()
    session.close()


def test_a_deleted_ring_layer_comes_back(layers, painted, viewer, qtbot):
    viewer.layers.remove(layers.scene.rings)
    qtbot.waitUntil(lambda: len(viewer.layers) == 2)
    assert [layer.name for layer in viewer.layers] == ["tiny", "painted spots"]
    assert viewer.layers.selection.active is layers.scene.spots
    painted.paint([1])
    assert len(layers.scene.rings.data) == len(painted.painted)


def test_layers_of_other_plugins_stay(layers, opened, other, viewer):
    viewer.add_points(np.zeros((1, 2)), name="mine")
    opened.add(other)
    assert "mine" in [layer.name for layer in viewer.layers]


def test_greys_follow_the_canvas(layers, painted, viewer):
    painted.show_gene(painted.result.prediction.genes[0])
    painted.show_view(View.UNCERTAINTY)
    brightness = []
    for background in ((0, 0, 0, 1), (1, 1, 1, 1)):
        viewer.canvas.background_color_override = background
        brightness.append(layers.scene.spots.face_color[:, :3].mean())
    assert brightness[0] != pytest.approx(brightness[1], abs=0.05)


def test_after_closing_the_session_goes_on_alone(layers, opened, viewer):
    layers.close()
    names = [layer.name for layer in viewer.layers]
    opened.show_gene("Fn1")
    opened.paint([1])
    opened.start_afresh()
    assert [layer.name for layer in viewer.layers] == names


def test_a_stack_shows_one_section_at_a_time(layers, session, viewer, new_slide, grid):
    coords = np.concatenate([np.column_stack([grid(5), np.full(25, z)]) for z in (0.0, 20.0)])
    session.add(new_slide(coords, {"section": np.repeat(["s1", "s2"], 25)}, registered=True))
    assert viewer.dims.ndim == 3
    viewer.dims.set_current_step(0, 0)
    assert len(layers.scene.spots._view_indices) == 25


@pytest.fixture
def stack(session, new_slide, grid):
    """A session with a stack of three sections; only on the last are states known."""
    coords = np.concatenate([np.column_stack([grid(5), np.full(25, z)]) for z in (0.0, 20.0, 40.0)])
    states = np.r_[np.full(50, "unknown"), np.repeat(["control", "Jak2"], [15, 10])]
    obs = {"section": np.repeat(["s1", "s2", "s3"], 25), "perturbation": states}
    session.add(new_slide(coords, obs, registered=True))
    return session


def test_a_stack_opens_on_the_section_of_which_most_is_known(layers, stack, viewer):
    assert viewer.dims.point[0] == 40.0
    assert {stack.slide.state_of[layers.scene.rows[i]] for i in layers.scene.spots._view_indices} == {"control", "Jak2"}


def test_the_section_of_a_stack_is_named(layers, stack, viewer):
    assert layers.text.caption.text == "section s3"
    viewer.dims.set_point(0, 20.0)
    assert layers.text.caption.text == "section s2"
    stack.paint([30])
    assert layers.text.caption.text.startswith("section s2\n1 spot")
    viewer.dims.ndisplay = 3
    assert not layers.text.caption.text.startswith("section")


def test_a_flat_slide_names_no_section(layers, opened):
    assert not layers.text.caption.visible


def test_cut_offs_follow_the_target_with_a_labelled_colour_bar(layers, trained, viewer):
    trained.set_target("perturbation", "Jak2")
    trained.show_cut_offs()
    assert layers.text.title.text.startswith("cut-off of Jak2\nµm")
    assert "colours 0 to 1,000" in layers.text.title.text
    assert "for each tissue, not for each spot" in layers.text.caption.text
    assert layers.scene.spots.face_contrast_limits == pytest.approx((0, 1000))
    before = layers.scene.spots.face_color.copy()
    trained.set_target("perturbation", "Tgfbr2")
    assert layers.text.title.text.startswith("cut-off of Tgfbr2")
    trained.set_target("perturbation", "control")
    assert "control" in layers.text.caption.text
    assert not np.array_equal(layers.scene.spots.face_color, before)
