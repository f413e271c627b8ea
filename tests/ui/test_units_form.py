"""What a coordinate unit is, as the user says it."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QPushButton

from napari_concert.ui.units_form import PITCH, UNIT, UnitsForm


@pytest.fixture
def plain(session, new_slide, grid):
    """A session with a slide whose file says nothing of units; its spots are 10 units apart."""
    session.add(new_slide(grid(6), {"region": ["a", "b", "c"] * 12}))
    return session


@pytest.fixture
def form(session, show):
    return show(UnitsForm(session))


def enter(form, way, value, click, choose):
    choose(form.way, way)
    form.number.setFocus()
    form.number.selectAll()
    QTest.keyClicks(form.number, value)
    QTest.keyClick(form.number, Qt.Key.Key_Tab)
    click(form.findChild(QPushButton))


def test_unknown_units_are_never_called_um(form, plain):
    assert "Units are not known" in form.source.text()
    assert plain.slide.units.name == "units"


def test_the_pitch_sets_the_unit(form, plain, click, choose):
    enter(form, PITCH, "100", click, choose)
    assert plain.slide.pitch == pytest.approx(100.0)
    assert plain.slide.units.um_per_unit == pytest.approx(10.0)
    assert "1 unit = 10 µm: set by the user" in form.source.text()


def test_the_unit_can_be_given_itself(form, plain, click, choose):
    enter(form, UNIT, "0.5", click, choose)
    assert plain.slide.units.um_per_unit == pytest.approx(0.5)
    assert plain.slide.pitch == pytest.approx(5.0)


def test_where_the_file_says_so_the_source_is_shown(form, opened):
    assert "1 unit = 1 µm" in form.source.text()
    assert "spatial_units" in form.source.text()


def test_it_begins_with_what_holds_and_sets_only_what_differs(form, plain, opened, tiny, click, choose):
    assert form.number.value() == pytest.approx(tiny.pitch, abs=0.005)
    assert form.number.decimals() == 2
    assert not form.apply.isEnabled()
    choose(form.way, UNIT)
    assert form.number.value() == 1.0
    assert not form.apply.isEnabled()
    form.number.setValue(2.0)
    assert form.apply.isEnabled()
    click(form.apply)
    assert opened.slide.units.um_per_unit == 2.0
    assert not form.apply.isEnabled()


def test_unknown_units_begin_with_a_likely_number(form, plain):
    assert form.number.value() == 100.0
    assert form.apply.isEnabled()
