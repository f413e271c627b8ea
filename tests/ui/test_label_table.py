"""What each label means: state, control, unknown."""

from __future__ import annotations

import pytest

from napari_concert.slide import Columns
from napari_concert.ui.label_table import CONTROL, STATE, UNKNOWN, LabelTable, role_of, with_role


@pytest.fixture
def table(opened, show):
    made = show(LabelTable(opened))
    opened.columns_changed.connect(lambda: made.refresh(opened.slide))
    made.refresh(opened.slide)
    return made


def rows(table):
    return {
        table.item(row, 0).text(): (table.item(row, 1).text(), table.cellWidget(row, 2).currentText())
        for row in range(table.rowCount())
    }


def box_of(table, label):
    return next(table.cellWidget(row, 2) for row in range(table.rowCount()) if table.item(row, 0).text() == label)


def test_every_label_has_its_count_and_meaning(table, tiny):
    shown = rows(table)
    assert set(shown) == set(tiny.states)
    assert shown["control"] == (str(int((tiny.state_of == "control").sum())), CONTROL)
    assert {role for label, (_, role) in shown.items() if label != "control"} == {STATE}


@pytest.mark.parametrize(("role", "states"), [(UNKNOWN, 3), (CONTROL, 4)])
def test_choosing_a_meaning_reads_the_slide_otherwise(table, opened, choose, role, states):
    choose(box_of(table, "Jak2"), role)
    assert role_of("Jak2", opened.slide.columns) == role
    assert len(opened.slide.states) == states
    assert rows(table)["Jak2"][1] == role


def test_a_control_can_become_a_state(table, opened, choose):
    choose(box_of(table, "control"), STATE)
    assert opened.slide.columns.control == ()


def test_without_a_perturbation_there_is_no_table(table, opened):
    opened.read_as(columns=Columns())
    assert table.rowCount() == 0
    assert not table.isVisible()


def test_large_counts_are_readable(table, tiny):
    assert all("," in count or int(count) < 1000 for count, _ in rows(table).values())


def test_with_role_moves_a_label_and_leaves_the_others():
    columns = Columns("state", control=("a",), unknown=("b",))
    assert with_role(columns, "a", UNKNOWN) == Columns("state", control=(), unknown=("b", "a"))
    assert with_role(columns, "b", STATE) == Columns("state", control=("a",), unknown=())
    assert with_role(columns, "c", CONTROL) == Columns("state", control=("a", "c"), unknown=("b",))
