"""The table of genes."""

from __future__ import annotations

from io import StringIO

import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_concert.ui.gene_table import GeneTable
from napari_concert.ui.rank_columns import SETS

NAMES = ["Vim", "Fn1", "Krt8", "Postn"]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "change": [0.9, -1.2, 10.5, 0.05],
            "sd": [0.2, 0.15, 1.3, 0.1],
            "lower": [0.5, -1.5, 8.0, -0.2],
            "upper": [1.3, -0.9, 13.0, 0.3],
            "lfsr": [0.012, 0.0001, 0.5, 0.3],
            "baseline": [1.0, 2.0, 3.0, 4.0],
            "predicted": [2.5, 0.6, 9.0, 4.2],
        },
        index=NAMES,
    )


@pytest.fixture
def table(frame, show):
    made = show(GeneTable())
    made.resize(600, 300)
    made.show_rows(frame, 1.0, "natural log fold change")
    return made


@pytest.fixture
def chosen(table):
    """Genes that the table named."""
    names = []
    table.gene_chosen.connect(names.append)
    return names


def column(table, number):
    return [table.model().index(row, number).data() for row in range(table.model().rowCount())]


def click_header(table, section, click):
    header = table.horizontalHeader()
    at = header.viewport().rect().center()
    at.setX(header.sectionViewportPosition(section) + header.sectionSize(section) // 2)
    click(header.viewport(), at)


def names(table):
    return column(table, 0)


def test_rows_come_in_the_given_order_with_signs_intervals_and_counts(table):
    assert names(table) == NAMES
    assert column(table, 1) == ["+0.90", "-1.20", "+10.50", "+0.05"]
    assert column(table, 2)[0] == "0.20"
    assert column(table, 3)[1] == "-1.50 to -0.90"
    assert column(table, 4) == ["0.012", "<0.001", "0.500", "0.300"]
    assert column(table, 5)[0] == "1 → 2.5"


def test_the_first_click_puts_the_largest_change_on_top_and_the_third_gives_the_ranking(table, click):
    click_header(table, 1, click)
    assert column(table, 1) == ["+10.50", "+0.90", "+0.05", "-1.20"]
    click_header(table, 1, click)
    assert column(table, 1) == ["-1.20", "+0.05", "+0.90", "+10.50"]
    click_header(table, 1, click)
    assert names(table) == NAMES


def test_names_sort_by_alphabet(table, click):
    click_header(table, 0, click)
    assert names(table) == sorted(NAMES)


def test_the_false_sign_rate_sorts_by_value_not_by_its_text(table, click):
    click_header(table, 4, click)
    assert column(table, 4) == ["<0.001", "0.012", "0.300", "0.500"]


def test_a_click_names_the_gene_of_the_sorted_row(table, chosen, click):
    click_header(table, 1, click)
    click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    assert chosen[-1] == "Krt8"


def test_arrow_keys_name_genes_too(table, chosen, click):
    click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    QTest.keyClick(table, Qt.Key.Key_Down)
    assert chosen[-1] == "Fn1"


def test_a_click_on_the_chosen_row_names_its_gene_again(table, chosen, click):
    cell = table.visualRect(table.model().index(1, 0)).center()
    click(table.viewport(), cell)
    chosen.clear()
    click(table.viewport(), cell)
    assert chosen == ["Fn1"]


def test_a_double_click_opens(table):
    opened = []
    table.opened.connect(opened.append)
    cell = table.visualRect(table.model().index(2, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, cell)
    QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, cell)
    assert opened == ["Krt8"]


def test_the_chosen_row_stays_with_its_gene_when_sorted_and_filtered(table, chosen, click):
    click(table.viewport(), table.visualRect(table.model().index(2, 0)).center())
    chosen.clear()
    click_header(table, 4, click)
    assert table.chosen == "Krt8"
    table.set_filter("k", only_sure=False)
    assert (names(table), table.chosen) == (["Krt8"], "Krt8")
    table.set_filter("vim", only_sure=False)
    assert (names(table), table.chosen) == (["Vim"], "")
    assert chosen == [], "nobody chose a gene"


def test_choosing_by_name_marks_a_row_and_tells_nobody(table, chosen):
    table.choose("Postn")
    assert [index.row() for index in table.selectionModel().selectedRows()] == [3]
    table.choose("not here")
    assert not table.selectionModel().hasSelection()
    assert chosen == []


def test_other_rows_keep_the_sorting_unless_the_columns_change(table, frame, click):
    click_header(table, 1, click)
    table.show_rows(frame, 2.0, "log2 fold change")
    assert column(table, 1) == ["+21.00", "+1.80", "+0.10", "-2.40"]
    sets = frame.drop(columns=["baseline", "predicted"]).assign(genes=3.0, of=4.0)
    table.show_rows(sets, 1.0, "log2 fold change", SETS)
    assert names(table) == NAMES
    assert column(table, 1) == ["3/4"] * 4


def test_tooltips_give_units_and_all_of_a_row(table):
    header = table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "natural log fold change" in header
    tip = table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines()[0] == "Vim"
    assert "expected counts: 1 → 2.5" in tip


def test_ctrl_c_copies_the_selected_rows_with_units(table, click):
    click_header(table, 1, click)
    click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    cell = table.visualRect(table.model().index(2, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, cell)
    QTest.keySequence(table, QKeySequence.StandardKey.Copy)
    copied = pd.read_csv(StringIO(QApplication.clipboard().text()), sep="\t", index_col=0)
    assert list(copied.index) == ["Krt8", "Postn"]
    assert copied["change (natural log fold change)"].tolist() == [10.5, 0.05]
    assert copied["expected after (counts per spot at median depth)"].tolist() == [9.0, 4.2]


def test_an_empty_table_says_why(table):
    table.nothing = "Paint spots."
    with_rows = table.viewport().grab().toImage()
    table.show_rows(None, 1.0, "")
    said = table.viewport().grab().toImage()
    table.nothing = ""
    assert table.model().rowCount() == 0
    assert said != table.viewport().grab().toImage()
    assert said != with_rows


def test_no_genes_leave_an_empty_table(table, click):
    table.show_rows(None, 1.0, "")
    click_header(table, 1, click)
    assert names(table) == []


def test_at_the_width_of_the_dock_no_column_is_cut(table):
    table.resize(400, 300)
    header = table.horizontalHeader()
    assert sum(header.sectionSize(i) for i in range(6)) <= table.viewport().width()
    assert header.sectionSize(0) >= 50, "names are still read"
