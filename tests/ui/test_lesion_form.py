"""Size and form of the lesion."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.selection import Lesion, ellipsoid
from napari_concert.ui.lesion_form import LesionForm


@pytest.fixture
def form(session, brush, show):
    return show(LesionForm(session, brush))


def write(field, text):
    field.lineEdit().selectAll()
    QTest.keyClicks(field.lineEdit(), text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_it_starts_with_the_brushs_lesion(form, opened, brush):
    assert (form.kind.currentText(), form.size.text(), form.by.currentText()) == ("Disc", "20", "spots")
    assert not form.ratio.isEnabled()
    assert not form.other.isVisible()


def test_form_length_and_angle_are_chosen(form, opened, brush, choose):
    choose(form.kind, "Ellipse")
    write(form.ratio, "2.5")
    write(form.angle, "-30")
    assert brush.lesion == Lesion("ellipse", spots=20, ratio=2.5, angle=-30.0)
    assert form.ratio.text() == "2.50 × as long"
    assert form.angle.text() == "-30°"


def test_a_disc_is_as_long_as_wide_again(form, opened, brush, choose):
    choose(form.kind, "Ellipse")
    write(form.ratio, "3")
    choose(form.kind, "Disc")
    assert brush.lesion.kind == "disc"
    assert brush.lesion.ratio == 1.0
    assert not form.ratio.isEnabled()


def test_an_irregular_one_can_be_drawn_anew(form, opened, brush, choose, click):
    choose(form.kind, "Irregular")
    assert form.other.isVisible()
    click(form.other)
    assert brush.lesion == Lesion("blob", spots=20, seed=1)


def test_the_size_counts_at_every_press_of_an_arrow(form, opened, brush):
    form.size.setFocus()
    QTest.keyClick(form.size, Qt.Key.Key_Up)
    assert brush.lesion.spots == 25
    write(form.size, "7")
    assert brush.lesion.spots == 7


def test_spots_become_the_area_that_they_have(form, opened, brush, choose, tiny):
    write(form.size, "30")
    choose(form.by, "mm²")
    assert brush.lesion.spots is None
    assert brush.lesion.area == pytest.approx(tiny.area(np.arange(30)))
    assert form.size.value() == pytest.approx(tiny.area(np.arange(30)) / 1e6, rel=1e-3)
    assert "mm²" in form.size.toolTip()
    choose(form.by, "spots")
    assert brush.lesion == Lesion("disc", spots=30)


def test_an_area_is_written_in_mm2(form, opened, brush, choose):
    choose(form.by, "mm²")
    write(form.size, "0.5")
    assert brush.lesion.area == pytest.approx(5e5), "µm²"


def test_looking_at_an_area_does_not_change_it(form, opened, brush, choose):
    choose(form.by, "mm²")
    before = brush.lesion
    form.size.setFocus()
    form.angle.setFocus()
    QTest.keyClick(form.size, Qt.Key.Key_Return)
    assert brush.lesion == before


def test_without_a_scale_the_area_is_in_the_slides_units(form, session, brush, new_slide, grid, choose):
    session.add(new_slide(100 * grid(30), {"region": ["a", "b", "c"] * 300}))
    assert form.by.itemText(1) == "units²"
    choose(form.by, "units²")
    assert brush.lesion.area == pytest.approx(20 * 1000.0**2)
    assert form.size.value() == pytest.approx(20 * 1000.0**2), "large numbers are not cut"


def test_the_form_follows_the_brush(form, opened, brush):
    brush.set_lesion(Lesion("blob", area=2e5, ratio=1.5, angle=45.0))
    assert form.kind.currentText() == "Irregular"
    assert form.by.currentText() == "mm²"
    assert form.size.value() == pytest.approx(0.2)
    assert (form.ratio.value(), form.angle.value()) == (1.5, 45.0)


@pytest.fixture
def unscaled(new_slide, grid):
    """A slide whose unit nobody knows; its spots are 10 apart."""
    return new_slide(grid(8), {"perturbation": ["control", "Jak2"] * 32})


def test_an_area_means_nothing_where_units_are_others_and_becomes_as_many_spots(form, opened, brush, unscaled):
    cell = float(np.nanmedian(opened.slide.spot_area))
    brush.set_lesion(Lesion("disc", area=7 * cell))
    assert form.lasting() == Lesion("disc", area=7 * cell), "µm² are the same everywhere"
    opened.add(unscaled)
    assert brush.lesion == Lesion("disc", spots=7)
    brush.set_lesion(Lesion("disc", area=500.0))
    assert form.lasting() == Lesion("disc", spots=5)
    opened.choose(opened.workspaces[0])
    assert brush.lesion == Lesion("disc", spots=5)


def test_an_area_of_last_time_is_a_usual_lesion_where_the_scale_is_unknown(form, session, brush, unscaled):
    brush.set_lesion(Lesion("disc", area=80_000.0))
    session.add(unscaled)
    assert brush.lesion == Lesion("disc", spots=20)


def test_an_ellipsoid_is_offered_on_stacks_and_says_how_far_it_reaches(form, session, brush, stack_slide, tiny, choose):
    session.add(stack_slide)
    choose(form.kind, "Ellipsoid")
    form.kind.textActivated.emit("Ellipsoid")
    assert form.tall.isVisible()
    assert not form.measures.isVisible(), "a number of spots has no size before it is stamped"
    form.tall.setValue(0.5)
    brush.set_lesion(ellipsoid(300.0, 200.0, 100.0))
    assert "300" in form.measures.text()
    assert "± 100" in form.measures.text()
    session.add(tiny)
    assert brush.lesion.kind == "ellipse"
    assert form.kind.findText("Ellipsoid") < 0
    assert not form.tall.isVisible()
