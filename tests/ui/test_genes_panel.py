"""Step 4: which genes and gene sets change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_concert.prediction import GeneSet
from napari_concert.session import Colour, View
from napari_concert.session.results import Region
from napari_concert.ui.gene_plots import Plot
from napari_concert.ui.gene_table import GeneTable
from napari_concert.ui.genes_panel import LIST_GENES, LIST_SETS, NO_SETS, NO_SPOTS, NOTHING_PAINTED, WAITING, GenesPanel


@pytest.fixture
def panel(session, show):
    made = GenesPanel(session)
    made.resize(420, 640)
    return show(made)


@pytest.fixture
def sets(painted, panel, click):
    """Two sets of genes, listed."""
    ranked = painted.result.patch_genes.index
    painted.add_gene_sets(GeneSet("weak", tuple(ranked[-4:])), GeneSet("strong", (*ranked[:2], "unknown")))
    click(panel.mode.buttons[LIST_SETS])
    return panel


def shown_names(table: GeneTable) -> list[str]:
    return [table.genes.name(row) for row in range(table.genes.rowCount())]


def click_row(table: GeneTable, row: int, click) -> None:
    click(table.viewport(), table.visualRect(table.model().index(row, 0)).center())


def click_point(plot, name: str, click, qtbot) -> None:
    """Click the point of a gene in a plot."""
    qtbot.wait(50)
    x, y = plot.axes.transData.transform(plot._at[list(plot._names).index(name)]) / plot.device_pixel_ratio
    click(plot, QPoint(round(x), round(plot.height() - y)))


def test_it_says_what_is_missing_step_by_step(panel, session, tiny, model_folder):
    assert panel.table.nothing == "Open a slide first."
    session.add(tiny)
    assert panel.table.nothing == WAITING
    session.load_model(model_folder)
    assert panel.table.nothing == NOTHING_PAINTED
    assert shown_names(panel.table) == []
    assert panel.summary.text() == ""


def test_genes_of_the_patch_are_ranked(panel, painted):
    assert shown_names(panel.table) == list(painted.result.patch_genes.index)
    assert f"Patch, {len(painted.painted)} spots → Jak2" in panel.summary.text()
    sure = (painted.result.patch_genes["lfsr"] < 0.025).sum()
    assert f"{sure} of {len(painted.result.patch_genes)} genes are sure" in panel.summary.text()


def test_ring_and_whole_slide_are_a_click_away(panel, painted, click):
    click(panel.region.buttons[Region.RING])
    assert shown_names(panel.table) == list(painted.result.ring_genes.index)
    assert f"Ring of 200 µm, {len(painted.result.ring)} spots" in panel.summary.text()
    click(panel.region.buttons[Region.SLIDE])
    prediction = painted.result.prediction
    assert shown_names(panel.table) == list(prediction.top_genes(prediction.rows, len(prediction.genes)).index)
    assert f"Whole slide, {len(prediction.rows)} spots" in panel.summary.text()


def test_a_ring_without_spots_says_so(panel, painted, click):
    import numpy as np

    painted.paint(np.arange(painted.slide.n_spots))
    click(panel.region.buttons[Region.RING])
    assert shown_names(panel.table) == []
    assert panel.table.nothing == NO_SPOTS


def test_a_click_on_a_row_shows_the_gene_and_its_change(panel, painted, click):
    painted.show_view(View.OBSERVED)
    click_row(panel.table, 3, click)
    assert painted.colour.name == shown_names(panel.table)[3]
    assert painted.view is View.CHANGE
    assert panel.table.currentIndex().row() == 3, "the row stays chosen"


def test_a_chosen_view_of_the_prediction_is_kept(panel, painted, click):
    painted.show_view(View.UNCERTAINTY)
    click_row(panel.table, 2, click)
    assert painted.view is View.UNCERTAINTY


def test_selected_rows_stay_selected_when_their_gene_is_shown(panel, painted, click):
    click_row(panel.table, 1, click)
    cell = panel.table.visualRect(panel.table.model().index(3, 0)).center()
    QTest.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, cell)
    assert [index.row() for index in panel.table.selectionModel().selectedRows()] == [1, 2, 3]


def test_a_gene_that_is_shown_from_elsewhere_is_marked_in_table_and_plots(panel, painted, click):
    name = painted.result.patch_genes.index[5]
    painted.show_gene(name)
    assert panel.table.chosen == name
    click(panel.plots.choice.buttons[Plot.VOLCANO])
    assert [text.get_text() for text in panel.plots.volcano.axes.texts] == [name]
    click(panel.plots.choice.buttons[Plot.FIT])
    assert [text.get_text() for text in panel.plots.fit.axes.texts] == [name]
    painted.show_column("tissue")
    assert panel.table.chosen == ""
    assert panel.plots.fit.axes.texts[:] == []


@pytest.mark.parametrize("which", [Plot.VOLCANO, Plot.FIT])
def test_a_click_on_a_point_shows_its_gene_and_selects_its_row(panel, painted, click, qtbot, which):
    click(panel.plots.choice.buttons[which])
    plot = {Plot.VOLCANO: panel.plots.volcano, Plot.FIT: panel.plots.fit}[which]
    name = painted.result.patch_genes["change"].idxmin() if which is Plot.VOLCANO else panel.table.genes.name(0)
    click_point(plot, name, click, qtbot)
    assert painted.colour.name == name
    assert panel.table.chosen == name
    assert [text.get_text() for text in plot.axes.texts] == [name]


def test_the_plots_follow_a_stroke(panel, painted, click):
    click(panel.plots.choice.buttons[Plot.VOLCANO])
    before = panel.plots.volcano._at.copy()
    painted.paint(painted.result.ring[:4])
    assert (panel.plots.volcano._at[:, 0] != before[:, 0]).any()


def test_on_a_simulated_slide_the_agreement_is_shown(panel, painted):
    assert "simulated" in panel.agreement.text()
    patch = painted.result.agreement[0]
    assert f"patch {patch.genes_pcc:.2f} (mean shift {patch.mean_shift_pcc:.2f}" in panel.agreement.text()


def test_undoing_the_only_stroke_empties_the_table(panel, painted):
    painted.undo()
    assert shown_names(panel.table) == []
    assert panel.table.nothing == NOTHING_PAINTED


def test_table_and_plots_follow_the_logarithm(panel, painted, click):
    click(panel.plots.choice.buttons[Plot.VOLCANO])
    before = panel.table.model().index(0, 1).data()
    painted.set_scaling(replace(painted.scaling, log2=False))
    top = painted.result.patch_genes.iloc[0]["change"]
    assert panel.table.model().index(0, 1).data() == f"{top:+.2f}" != before
    assert "natural log" in panel.plots.volcano.axes.get_xlabel()
    assert "natural log" in panel.list.units.text()


def test_without_sets_it_says_where_they_come_from(panel, painted, click):
    assert not panel.sets.isVisible()
    click(panel.mode.buttons[LIST_SETS])
    assert panel.sets.isVisible()
    assert panel.table.nothing == NO_SETS


def test_sets_are_ranked_and_counted(sets, painted):
    assert shown_names(sets.table) == ["strong", "weak"]
    assert sets.table.model().index(0, 1).data() == "2/3"
    assert "of 2 sets are sure" in sets.summary.text()


def test_a_click_on_a_set_plots_it_and_colours_the_slide_by_it(sets, painted, click, qtbot):
    painted.show_view(View.PREDICTED)
    click_row(sets.table, 0, click)
    assert sets.plots.distance.axes.get_title(loc="left") == "strong (2 genes): log2 fold change"
    assert painted.colour == Colour("set", "strong")
    assert painted.values().label == "strong · change"
    click(sets.plots.choice.buttons[Plot.VOLCANO])
    click_point(sets.plots.volcano, "weak", click, qtbot)
    assert sets.table.chosen == "weak"
    assert painted.colour == Colour("set", "weak")
    assert [text.get_text() for text in sets.plots.volcano.axes.texts] == ["weak"]


def test_sets_that_are_removed_are_listed_no_more(sets, painted, click):
    click_row(sets.table, 0, click)
    click(sets.sets.clear)
    assert sets.table.nothing == NO_SETS
    assert painted.colour.kind == "column"


def test_a_double_click_on_a_set_lists_its_genes(sets, painted, click):
    cell = sets.table.visualRect(sets.table.model().index(0, 0)).center()
    click(sets.table.viewport(), cell)
    QTest.mouseDClick(sets.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, cell)
    assert sets.mode.value == LIST_GENES
    assert sorted(shown_names(sets.table)) == sorted(painted.result.patch_genes.index[:2])
    assert sets.list.among.isVisible()


def test_the_genes_come_back_with_the_shown_gene_plotted(sets, painted, click):
    painted.show_gene(painted.result.patch_genes.index[0])
    click(sets.mode.buttons[LIST_GENES])
    assert sets.table.chosen == painted.colour.name
    assert sets.plots.distance.axes.get_title(loc="left").startswith(painted.colour.name)


def test_the_file_is_named_after_slide_region_and_rows(sets, click):
    click(sets.region.buttons[Region.RING])
    assert sets.list.file_name == "tiny ring gene sets.csv"


def test_a_core_as_observed_is_said_to_be(panel, painted):
    painted.perturb_surroundings(150.0)
    assert panel.summary.text().startswith(f"Patch, {len(painted.result.patch)} spots as observed: ")
