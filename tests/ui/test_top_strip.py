"""The strip that stays: views, clipping, logarithm."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_concert.prediction import GeneSet
from napari_concert.session import View
from napari_concert.ui.tooltips import TIPS
from napari_concert.ui.top_strip import NO_GENE, NO_LEVEL, NO_MODEL, TopStrip


@pytest.fixture
def strip(session, show):
    return show(TopStrip(session))


def enabled(strip):
    return {view for view, made in strip.views.buttons.items() if made.isEnabled()}


def test_without_a_slide_no_view_can_be_chosen(strip):
    assert enabled(strip) == set()


def test_a_column_has_no_views_and_says_why(strip, opened):
    assert opened.colour.kind == "column"
    assert enabled(strip) == set()
    assert NO_GENE in strip.views.buttons[View.CHANGE].toolTip()


def test_a_gene_without_a_model_is_only_observed(strip, opened):
    opened.show_gene("Fn1")
    assert enabled(strip) == {View.OBSERVED}
    assert NO_MODEL in strip.views.buttons[View.CHANGE].toolTip()
    assert NO_MODEL not in strip.views.buttons[View.OBSERVED].toolTip()


def test_with_a_model_every_view_can_be_chosen(strip, trained):
    trained.show_gene("Fn1")
    assert enabled(strip) == set(View)
    assert strip.views.buttons[View.CHANGE].toolTip() == TIPS["change"]


def test_a_gene_set_has_only_views_of_its_change(strip, painted):
    painted.add_gene_sets(GeneSet("A", painted.result.prediction.genes[:3]))
    painted.show_view(View.PREDICTED)
    painted.show_set("A")
    assert enabled(strip) == {View.CHANGE, View.UNCERTAINTY, View.TRUTH}
    assert NO_LEVEL in strip.views.buttons[View.OBSERVED].toolTip()
    assert strip.views.buttons[View.CHANGE].isChecked()
    assert strip.gene_box.text() == "A"


@pytest.mark.parametrize("view", list(View))
def test_a_click_shows_the_view(strip, painted, click, view):
    painted.show_gene("Fn1")
    painted.show_view(View.BASELINE if view is View.OBSERVED else View.OBSERVED)
    click(strip.views.buttons[view])
    assert painted.view is view
    checked = [name for name, made in strip.views.buttons.items() if made.isChecked()]
    assert checked == [view]


def test_a_second_click_keeps_the_view(strip, painted, click):
    painted.show_gene("Fn1")
    button = strip.views.buttons[View.BASELINE]
    click(button)
    click(button)
    assert painted.view is View.BASELINE
    assert button.isChecked()


def test_truth_is_offered_on_simulated_slides_only(strip, opened, new_slide, grid):
    assert strip.views.buttons[View.TRUTH].isVisible()
    opened.add(new_slide(grid(4), {"region": ["a", "b"] * 8}))
    assert not strip.views.buttons[View.TRUTH].isVisible()


def test_the_clip_slider_sets_the_colour_limits(strip, opened):
    opened.show_gene("Fn1")
    strip.clip.slider.setValue((100, 800))
    assert opened.scaling.clip == (10.0, 80.0)
    values = opened.values()
    assert values.limits == pytest.approx(np.percentile(values.values, [10.0, 80.0]))
    assert (strip.clip.low.text(), strip.clip.high.text()) == ("p10", "p80")


def test_the_clip_slider_follows_the_mouse(strip, opened):
    slider, (low, high) = strip.clip.slider, opened.scaling.clip
    start = slider._handleRect(0).center()
    end = start + QPoint(slider.width() // 4, 0)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(slider, end)
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert low + 10 < opened.scaling.clip[0] < high
    assert opened.scaling.clip[1] == high


def test_both_ends_at_one_percentile_leave_a_range(strip, opened):
    opened.show_gene("Fn1")
    strip.clip.slider.setValue((500, 500))
    low, high = opened.scaling.clip
    assert low < high
    assert opened.values().limits[0] < opened.values().limits[1]


def test_log2_and_ln_differ_by_their_factor(strip, painted, choose):
    painted.show_gene(painted.result.prediction.genes[0])
    painted.show_view(View.CHANGE)
    in_log2 = painted.values()
    choose(strip.log, "ln")
    in_ln = painted.values()
    assert in_log2.unit == "log2 fold change"
    assert in_ln.unit == "natural log fold change"
    assert in_ln.values == pytest.approx(in_log2.values * np.log(2))
