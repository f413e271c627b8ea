"""Step 4: which genes change."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint

from napari_concert.session import View
from napari_concert.ui.gene_table import GeneTable
from napari_concert.ui.genes_panel import NOTHING_PAINTED, WAITING, GenesPanel


@pytest.fixture
def panel(session, show):
    return show(GenesPanel(session))


def shown_genes(table: GeneTable) -> list[str]:
    return [table.genes.gene(row) for row in range(table.genes.rowCount())]


def test_it_says_what_is_missing_step_by_step(panel, session, tiny, model_folder):
    assert panel.summary.text() == "Open a slide first."
    session.add(tiny)
    assert panel.summary.text() == WAITING
    session.load_model(model_folder)
    assert panel.summary.text() == NOTHING_PAINTED
    assert shown_genes(panel.table) == []


def test_genes_of_the_patch_are_ranked(panel, painted):
    assert shown_genes(panel.table) == list(painted.result.patch_genes.index)
    assert f"{len(painted.painted)} spots → Jak2" in panel.summary.text()
    assert "within 200 µm" in panel.summary.text()


def test_genes_around_the_patch_are_a_click_away(panel, painted, click):
    click(panel.around, QPoint(8, panel.around.height() // 2))
    assert panel.around.isChecked()
    assert shown_genes(panel.table) == list(painted.result.ring_genes.index)


def test_a_click_on_a_row_shows_the_gene_and_its_change(panel, painted, click):
    painted.show_view(View.OBSERVED)
    cell = panel.table.visualRect(panel.table.model().index(3, 0)).center()
    click(panel.table.viewport(), cell)
    assert painted.colour.name == shown_genes(panel.table)[3]
    assert painted.view is View.CHANGE
    assert panel.table.currentIndex().row() == 3, "the row stays chosen"


def test_a_chosen_view_of_the_prediction_is_kept(panel, painted, click):
    painted.show_view(View.UNCERTAINTY)
    click(panel.table.viewport(), panel.table.visualRect(panel.table.model().index(2, 0)).center())
    assert painted.view is View.UNCERTAINTY


def test_on_a_simulated_slide_the_agreement_is_shown(panel, painted):
    assert "simulated" in panel.agreement.text()
    patch = painted.result.agreement[0]
    assert f"patch {patch.genes_pcc:.2f} (mean shift {patch.mean_shift_pcc:.2f}" in panel.agreement.text()


def test_undoing_the_only_stroke_empties_the_table(panel, painted):
    painted.undo()
    assert shown_genes(panel.table) == []
    assert panel.summary.text() == NOTHING_PAINTED


def test_the_table_follows_the_logarithm(panel, painted):
    from dataclasses import replace

    before = panel.table.model().index(0, 1).data()
    painted.set_scaling(replace(painted.scaling, log2=False))
    top = painted.result.patch_genes.iloc[0]["change"]
    assert panel.table.model().index(0, 1).data() == f"{top:+.2f}" != before
