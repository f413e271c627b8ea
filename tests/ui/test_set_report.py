"""What becomes of the names in a gene set."""

from __future__ import annotations

from napari_concert.prediction import GeneSet
from napari_concert.ui.set_report import MOST_NAMES, report, summary

MEASURED = ("Krt8", "Krt18", "Vim", "Fn1", "Epcam")
MODELLED = ("Krt8", "Vim")


def test_all_names_used_is_one_line():
    assert report(GeneSet("x", ("VIM", "Krt8")), MODELLED, MEASURED) == "2 of 2 names are modelled and used."


def test_unmodelled_names_say_how_to_model_them():
    said = report(GeneSet("x", ("Vim", "Fn1")), MODELLED, MEASURED)
    assert "1 of 2" in said
    assert "1 measured but not modelled: Fn1." in said
    assert "“Also these”" in said


def test_unknown_names_come_with_the_nearest():
    said = report(GeneSet("x", ("Vim", "Krt81", "Qqqqq")), MODELLED, MEASURED)
    assert "2 not on this slide: Krt81 (like Krt8" in said
    assert said.endswith("Qqqqq.")


def test_long_lists_are_cut():
    said = report(GeneSet("x", tuple(f"Q{i}" for i in range(MOST_NAMES + 3))), MODELLED, ())
    assert said.endswith("and 3 more.")


def test_many_sets_are_counted():
    sets = [GeneSet("a", ("vim", "x")), GeneSet("b", ("y", "x")), GeneSet("c", ("Krt8", "vim"))]
    assert summary(sets, MODELLED) == "2 of 3 sets have modelled genes (2 of 4 names)."
