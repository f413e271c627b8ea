"""Step 1: which slide, and what its columns mean."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog, QPushButton

from napari_concert.slide import Columns
from napari_concert.ui.slide_panel import NONE, WELCOME, SlidePanel, summary, with_column


@pytest.fixture
def panel(session, show):
    return show(SlidePanel(session))


def offered(box):
    return [box.itemText(row) for row in range(box.count())]


def test_at_first_it_says_what_can_be_opened(panel):
    assert panel.summary.text() == WELCOME
    assert not panel.details.isVisible()


def test_open_asks_for_files_and_opens_all_of_them(panel, session, tiny, other, tmp_path, monkeypatch, click):
    paths = [str(tmp_path / f"{slide.name}.h5ad") for slide in (tiny, other)]
    for slide, path in zip((tiny, other), paths, strict=True):
        slide.adata.write_h5ad(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_args: (paths, ""))
    click(next(made for made in panel.findChildren(QPushButton) if made.text() == "Open…"))
    assert [workspace.slide.name for workspace in session.workspaces] == ["tiny", "other"]
    assert panel.choice.isVisible()
    assert panel.choice.currentText() == "other"


def test_open_folder_asks_for_one_and_opens_it(panel, session, space_ranger, monkeypatch, click):
    outs = space_ranger()
    answers = iter(["", str(outs)])
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_args: next(answers))
    button = next(made for made in panel.findChildren(QPushButton) if made.text() == "Open folder…")
    click(button)
    assert session.slide is None, "the dialog was left"
    click(button)
    assert session.slide.path == outs


def test_a_file_that_is_no_slide_is_explained(panel, session, said, tmp_path, monkeypatch):
    path = tmp_path / "broken.h5ad"
    path.write_bytes(b"not a slide")
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_args: ([str(path)], ""))
    panel.ask_and_open()
    assert session.slide is None
    assert [kind for kind, _ in said] == ["error"]
    assert "broken.h5ad" in said[0][1]


def test_the_guesses_are_shown(panel, opened):
    assert panel.details.isVisible()
    assert {role: box.currentText() for role, box in panel.roles.items()} == {
        "perturbation": "perturbation",
        "tissue": "tissue",
        "section": NONE,
    }
    assert "300 spots × 40 genes" in panel.summary.text()
    assert "hexagonal grid, 100 µm apart" in panel.summary.text()
    assert panel.blocker.text() == ""


def test_another_perturbation_is_read_and_shown(panel, opened, choose):
    choose(panel.roles["perturbation"], "tissue")
    assert opened.slide.columns.perturbation == "tissue"
    assert opened.slide.columns.tissue is None, "one column can't be both"
    assert opened.slide.states[0] == "normal lung", "its controls are guessed anew"
    assert opened.colour.name == "tissue"


def test_without_a_perturbation_the_panel_says_what_is_off(panel, opened, choose):
    choose(panel.roles["perturbation"], NONE)
    assert "What-ifs are off" in panel.blocker.text()
    assert panel.labels.rowCount() == 0


def test_a_tissue_can_be_left_out(panel, opened, choose):
    choose(panel.roles["tissue"], NONE)
    assert opened.slide.columns.tissue is None
    assert opened.slide.columns.perturbation == "perturbation"


def test_another_slide_can_be_chosen(panel, opened, other, choose):
    opened.add(other)
    choose(panel.choice, "tiny")
    assert opened.slide.name == "tiny"


def test_registration_is_asked_only_where_sections_have_z(panel, session, tiny, new_slide, grid, click):
    session.add(tiny)
    assert not panel.registered.isVisible()
    flat = grid(4)
    stack = np.concatenate([np.column_stack([flat, np.full(16, z)]) for z in (0.0, 20.0)])
    session.add(new_slide(stack, {"section": ["s1"] * 16 + ["s2"] * 16, "region": ["a", "b"] * 16}, name="stack"))
    assert panel.registered.isVisible()
    assert not panel.registered.isChecked()
    assert panel.roles["section"].currentText() == "section"
    click(panel.registered, QPoint(8, panel.registered.height() // 2))
    assert session.slide.registered


def test_start_afresh_forgets_what_was_done(panel, painted, click):
    assert len(painted.painted)
    click(panel.afresh)
    assert len(painted.painted) == 0
    assert painted.model is None
    assert painted.slide.columns.perturbation == "perturbation"


def test_what_is_odd_about_a_slide_is_said(panel, session, new_slide, grid):
    coords = grid(6)
    coords[1] = coords[0]
    session.add(new_slide(coords, {"region": ["a", "b", "c"] * 12}))
    assert "exactly where another one" in panel.notes.text()


def test_summary_names_plain_units(new_slide, grid):
    assert "square grid, 10 units apart" in summary(new_slide(grid(6), {"region": ["a", "b", "c"] * 12}))


def test_with_column_sets_one_role(tiny):
    assert with_column(tiny, "section", "tissue").section == "tissue"
    assert with_column(tiny, "tissue", None) == Columns("perturbation", ("control",), (), None)
    assert with_column(tiny, "perturbation", None).control == ()


def test_boxes_offer_all_label_columns(panel, opened, tiny):
    assert offered(panel.roles["tissue"]) == [NONE, *tiny.categorical_columns]
    assert panel.roles["tissue"].focusPolicy() != Qt.FocusPolicy.NoFocus
