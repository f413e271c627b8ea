"""The table of genes."""

from __future__ import annotations

import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_concert.ui.gene_table import GeneTable

NAMES = ["Vim", "Fn1", "Krt8", "Postn"]


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "change": [0.9, -1.2, 10.5, 0.05],
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
    made.resize(500, 300)
    made.show_genes(frame, 1.0, "natural log fold change")
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


def test_rows_come_in_the_given_order_with_signs_and_intervals(table):
    assert column(table, 0) == NAMES
    assert column(table, 1) == ["+0.90", "-1.20", "+10.50", "+0.05"]
    assert column(table, 2)[1] == "-1.50 to -0.90"
    assert column(table, 3) == ["0.012", "<0.001", "0.500", "0.300"]


def test_a_click_on_the_header_sorts_by_number(table, click):
    click_header(table, 1, click)
    ascending = column(table, 1)
    click_header(table, 1, click)
    assert ascending == ["-1.20", "+0.05", "+0.90", "+10.50"]
    assert column(table, 1) == ascending[::-1]


def test_names_sort_by_alphabet(table, click):
    click_header(table, 0, click)
    assert column(table, 0) == sorted(NAMES)


def test_the_false_sign_rate_sorts_by_value_not_by_its_text(table, click):
    click_header(table, 3, click)
    assert column(table, 3) == ["<0.001", "0.012", "0.300", "0.500"]


def test_a_click_names_the_gene_of_the_sorted_row(table, chosen, click):
    click_header(table, 1, click)
    click(table.viewport(), table.visualRect(table.model().index(0, 0)).center())
    assert chosen[-1] == "Fn1"


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


def test_the_chosen_row_stays_with_its_gene_when_sorted(table, click):
    click(table.viewport(), table.visualRect(table.model().index(2, 0)).center())
    click_header(table, 1, click)
    assert table.genes.gene(table.currentIndex().row()) == "Krt8"


def test_other_genes_come_in_their_own_order_again(table, frame, click):
    click_header(table, 1, click)
    table.show_genes(frame, 2.0, "log2 fold change")
    assert column(table, 0) == NAMES
    assert column(table, 1)[0] == "+1.80"


def test_tooltips_give_units_and_levels(table):
    header = table.model().headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "natural log fold change" in header
    assert "1 → 2.5 counts" in table.model().index(0, 0).data(Qt.ItemDataRole.ToolTipRole)


def test_no_genes_leave_an_empty_table(table, click):
    table.show_genes(None, 1.0, "")
    assert table.model().rowCount() == 0
    click_header(table, 1, click)
    assert column(table, 0) == []
