"""Which gene sets are scored."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QDialogButtonBox, QFileDialog

from napari_concert.prediction import GeneSet
from napari_concert.ui.gene_sets_box import NOTHING, GeneSetsBox
from napari_concert.ui.set_dialog import SetDialog


@pytest.fixture
def box(session, show):
    return show(GeneSetsBox(session))


@pytest.fixture
def told(session):
    heard = []
    session.sets_changed.connect(lambda: heard.append(tuple(session.gene_sets.values())))
    return heard


def test_it_says_where_sets_come_from(box):
    assert box.says.text() == NOTHING
    assert not box.clear.isEnabled()


def test_a_file_adds_its_sets_and_they_are_counted(box, told, painted, tmp_path, monkeypatch, click):
    first, second = painted.result.prediction.genes[:2]
    path = tmp_path / "a.gmt"
    path.write_text(f"A\td\t{first.upper()}\tnope\nB\td\t{second}\nC\td\tnope\n")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_more: (str(path), ""))
    click(box.open)
    assert [each.name for each in told[-1]] == ["A", "B", "C"]
    assert box.says.text() == "2 of 3 sets have modelled genes (2 of 3 names)."


def test_one_set_is_reported_name_by_name_and_replaced_by_its_like(box, told, painted):
    box.session.add_gene_sets(GeneSet("A", ("nope",)))
    assert "0 of 1 names" in box.says.text()
    box.session.add_gene_sets(GeneSet("A", (painted.result.prediction.genes[0],)))
    assert box.says.text() == "1 of 1 names are modelled and used."
    assert len(told[-1]) == 1


def test_a_model_that_comes_later_is_taken_into_account(box, opened, model_folder):
    box.session.add_gene_sets(GeneSet("A", (opened.slide.genes[0],)))
    assert "0 of 1 names" in box.says.text()
    opened.load_model(model_folder)
    assert "1 of 1 names" in box.says.text()


def test_all_can_be_removed(box, told, click):
    box.session.add_gene_sets(GeneSet("A", ("x",)))
    click(box.clear)
    assert told[-1] == ()
    assert box.says.text() == NOTHING


def test_names_are_pasted_in_a_dialog(box, told, painted, click, qtbot):
    click(box.paste)
    dialog = box.window().findChild(SetDialog)
    dialog.genes.setPlainText(f"{painted.result.prediction.genes[0]}, Qqqq")
    qtbot.waitUntil(lambda: "1 of 2 names" in dialog.says.text())
    click(dialog.buttons.button(QDialogButtonBox.StandardButton.Ok))
    assert [each.name for each in told[-1]] == ["My genes"]
