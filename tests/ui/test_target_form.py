"""What the painted spots become."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.ui.target_form import AS_OBSERVED, TargetForm


@pytest.fixture
def form(session, show):
    return show(TargetForm(session))


def offered(box):
    return [box.itemText(row) for row in range(box.count())]


def test_states_and_tissues_are_offered(form, opened, tiny):
    assert offered(form.boxes["perturbation"]) == [AS_OBSERVED, *tiny.states]
    assert offered(form.boxes["tissue"]) == [AS_OBSERVED, *tiny.tissues]
    assert form.boxes["perturbation"].currentText() == opened.target["perturbation"]
    assert form.boxes["tissue"].currentText() == AS_OBSERVED


def test_a_choice_becomes_the_target(form, opened, choose):
    choose(form.boxes["perturbation"], "Tgfbr2")
    choose(form.boxes["tissue"], "tumour")
    assert opened.target == {"perturbation": "Tgfbr2", "tissue": "tumour"}
    choose(form.boxes["tissue"], AS_OBSERVED)
    assert opened.target == {"perturbation": "Tgfbr2"}


def test_the_form_follows_the_session(form, opened):
    opened.set_target("perturbation", "Jak2")
    assert form.boxes["perturbation"].currentText() == "Jak2"


def test_it_is_off_where_what_ifs_are_off(form, session, new_slide, grid):
    session.add(new_slide(grid(4), {"note": ["x"] * 16}))
    assert not form.isEnabled()
    assert form.boxes == {}


def test_unknown_labels_are_no_targets(form, opened):
    from napari_concert.ui.label_table import UNKNOWN, with_role

    opened.read_as(columns=with_role(opened.slide.columns, "Jak2", UNKNOWN))
    assert "Jak2" not in offered(form.boxes["perturbation"])


def test_continuous_attributes_take_numbers(form, session, new_slide, grid, said):
    session.add(new_slide(grid(6), {"perturbation": ["ctrl", "b"] * 18, "time": np.linspace(0, 9, 36)}))
    field = form._numbers["time"]
    assert "time" in field.toolTip()
    QTest.keyClicks(field, "4.5")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert session.target["time"] == 4.5
    field.selectAll()
    QTest.keyClicks(field, "soon")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert session.target["time"] == 4.5, "what is no number changes nothing"
    assert said[-1] == ("error", "time needs a number; got 'soon'.")
    assert field.text() == "4.5"
    field.clear()
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "time" not in session.target
    session.set_target("time", 6.25)
    assert field.text() == "6.25", "the field follows the session"
