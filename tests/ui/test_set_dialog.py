"""Pasting a list of genes."""

from __future__ import annotations

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QDialogButtonBox, QWidget

from napari_concert.ui.set_dialog import DEFAULT_NAME, SetDialog


@pytest.fixture
def parent(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def dialog(parent, qtbot):
    made = SetDialog(parent, lambda gene_set: f"report of {len(gene_set.genes)}", frozenset({"taken", DEFAULT_NAME}))
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def ok(dialog):
    return dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)


def test_it_begins_with_a_name_that_is_free_and_cannot_be_added_yet(dialog, ok):
    assert dialog.name.text() == f"{DEFAULT_NAME} 2"
    assert not ok.isEnabled()


def test_pasted_names_are_reported_and_added(dialog, ok, qtbot, click):
    dialog.genes.setPlainText("Vim, Krt8\nFn1; Vim")
    qtbot.waitUntil(lambda: dialog.says.text() == "report of 3")
    with qtbot.waitSignal(dialog.accepted):
        click(ok)
    assert dialog.gene_set.genes == ("Vim", "Krt8", "Fn1")


def test_a_taken_or_missing_name_is_refused_and_said(dialog, ok, qtbot):
    dialog.genes.setPlainText("Vim")
    dialog.name.clear()
    QTest.keyClicks(dialog.name, "taken")
    assert not ok.isEnabled()
    qtbot.waitUntil(lambda: "already" in dialog.says.text())
    QTest.keyClicks(dialog.name, " not")
    assert ok.isEnabled()
    dialog.name.clear()
    assert not ok.isEnabled()
