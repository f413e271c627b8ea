"""Selecting by label and value; growing, shrinking, smoothing."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.selection import Mode
from napari_concert.ui.select_form import TITLE, SelectForm


@pytest.fixture
def form(session, brush, show):
    made = show(SelectForm(session, brush))
    made.unfold(True)
    return made


def rows(mask):
    return np.flatnonzero(mask).tolist()


def test_it_is_folded_until_it_is_wanted(session, brush, show, click):
    form = show(SelectForm(session, brush))
    assert not form.body.isVisible()
    click(form.fold)
    assert form.body.isVisible()
    assert form.fold.text() == f"▾ {TITLE}"
    click(form.fold)
    assert not form.body.isVisible()
    assert form.fold.text() == f"▸ {TITLE}"


def test_labels_of_the_chosen_column_are_offered(form, opened, tiny, choose):
    for column in ("tissue", "perturbation"):
        choose(form.column, column)
        assert [form.label.itemText(i) for i in range(form.label.count())] == list(tiny.categories(column))


def test_a_label_is_selected_in_the_mode_of_the_tools(form, opened, brush, tiny, choose, click):
    choose(form.column, "tissue")
    choose(form.label, "tumour")
    click(form.by_label)
    tumour = tiny.tissue_of == "tumour"
    assert opened.painted.tolist() == rows(tumour)
    brush.set_mode(Mode.INTERSECT)
    choose(form.column, "perturbation")
    choose(form.label, "Jak2")
    click(form.by_label)
    assert opened.painted.tolist() == rows(tumour & (tiny.state_of == "Jak2"))


def test_a_range_of_a_gene_is_selected(form, opened, tiny, click):
    QTest.keyClicks(form.value, "Fn1")
    QTest.keyClicks(form.low, "2")
    click(form.by_value)
    values = tiny.normalised("Fn1")
    assert opened.painted.tolist() == rows(values >= 2)
    QTest.keyClicks(form.high, "4")
    opened.clear()
    QTest.keyClick(form.high, Qt.Key.Key_Return)
    assert opened.painted.tolist() == rows((values >= 2) & (values <= 4))


def test_the_shown_gene_is_filled_in(form, opened):
    opened.show_gene("Vim")
    assert form.value.text() == "Vim"
    opened.show_column("tissue")
    assert form.value.text() == "Vim"


@pytest.mark.parametrize(
    ("name", "low", "said_so"),
    [("Fn1", "", "lowest or a highest"), ("Fn1", "much", "'much' is not a number"), ("Fn0", "1", "Fn1")],
)
def test_what_can_not_be_selected_is_said(form, opened, said, click, name, low, said_so):
    QTest.keyClicks(form.value, name)
    QTest.keyClicks(form.low, low)
    click(form.by_value)
    kind, text = said[-1]
    assert kind == "error"
    assert said_so in text
    assert len(opened.painted) == 0


def test_the_patch_grows_shrinks_and_becomes_its_surroundings(form, opened, tiny, click):
    row = int(np.argmin(np.linalg.norm(tiny.coords - tiny.coords.mean(axis=0), axis=1)))
    opened.paint([row])
    distance = np.linalg.norm(tiny.coords - tiny.coords[row], axis=1)
    click(form.grow)
    assert opened.painted.tolist() == rows(distance <= 105), "one ring of neighbours"
    click(form.shrink)
    assert opened.painted.tolist() == [row]
    form.by.setValue(210.0)
    click(form.ring)
    assert opened.painted.tolist() == rows((distance > 0) & (distance <= 210))


def test_smoothing_closes_a_hole(form, opened, tiny, click):
    row = int(np.argmin(np.linalg.norm(tiny.coords - tiny.coords.mean(axis=0), axis=1)))
    near = np.linalg.norm(tiny.coords - tiny.coords[row], axis=1) < 350
    opened.paint(np.setdiff1d(np.flatnonzero(near), [row]))
    click(form.smooth)
    assert row in opened.painted


def test_the_distance_is_in_the_slides_unit(form, opened, new_slide, grid):
    assert form.by.text() == "105 µm"
    opened.add(new_slide(grid(6), {"region": ["a", "b", "c"] * 12}))
    assert form.by.text() == "10.5 units"
