"""The table with its filter and export."""

from __future__ import annotations

import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_concert.ui.rank_columns import GENES, SETS
from napari_concert.ui.rank_list import NO_MATCH, RankList


@pytest.fixture
def listed(painted, show):
    made = RankList(painted)
    made.resize(420, 300)
    show(made)
    made.show_rows(painted.result.patch_genes, GENES, "nothing")
    return made


def names(listed):
    return [listed.table.genes.name(row) for row in range(listed.table.genes.rowCount())]


def test_typing_filters_the_rows(listed, painted):
    QTest.keyClicks(listed.filter, "a 1")
    assert names(listed) == [g for g in painted.result.patch_genes.index if "a" in g.lower() and "1" in g]
    QTest.keyClick(listed.filter, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(listed.filter, "zzz")
    assert names(listed) == []
    assert listed.table.nothing == NO_MATCH
    assert not listed.export.isEnabled()


def test_only_sure_rows_are_a_tick_away(listed, painted, click):
    click(listed.only_sure, QPoint(8, listed.only_sure.height() // 2))
    table = painted.result.patch_genes
    assert names(listed) == list(table.index[table["lfsr"] < 0.025])


def test_genes_of_a_set_until_all_are_wanted(listed, painted, click):
    some = list(painted.result.patch_genes.index[:3])
    listed.list_only("SET", frozenset(some))
    listed.show_rows(painted.result.patch_genes, GENES, "")
    assert names(listed) == some
    assert "3 modelled genes of SET" in listed.among.text()
    click(listed.among)
    assert not listed.among.isVisible()
    assert names(listed) == list(painted.result.patch_genes.index)


def test_sets_are_not_filtered_by_the_genes_of_one(listed, painted):
    listed.list_only("SET", frozenset({"Vim"}))
    sets = painted.result.patch_genes.drop(columns=["baseline", "predicted"]).assign(genes=1.0, of=2.0)
    listed.show_rows(sets, SETS, "")
    assert len(names(listed)) == len(sets)
    assert not listed.among.isVisible()


def test_units_are_said_under_the_table(listed, painted):
    assert listed.units.text() == "log2 fold change; counts per spot at median depth"
    listed.show_rows(None, GENES, "Do this.")
    assert listed.units.text() == ""
    assert listed.table.nothing == "Do this."


def test_the_rows_as_listed_are_exported(listed, painted, said, tmp_path):
    QTest.keyClicks(listed.filter, "1")
    listed.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    listed.save(str(tmp_path / "some"))
    back = pd.read_csv(tmp_path / "some.csv", index_col=0)
    assert list(back.index) == names(listed)
    top = painted.result.patch_genes.loc[back.index[0]]
    assert back.iloc[0]["change (log2 fold change)"] == pytest.approx(
        top["change"] * painted.scaling.change_factor, 1e-5
    )
    assert back.iloc[0]["expected before (counts per spot at median depth)"] == pytest.approx(top["baseline"], 1e-5)
    assert said[-1] == ("info", f"Saved {len(back)} rows as {tmp_path / 'some.csv'}.")


def test_what_can_not_be_written_is_told(listed, said, tmp_path):
    listed.save(str(tmp_path / "none" / "a.csv"))
    assert said[-1][0] == "error"
    assert "can't be written" in said[-1][1]
