"""Painting observed labels into a column of one's own."""

from __future__ import annotations

import pytest
from qtpy.QtTest import QTest

from napari_concert.ui.label_painter import LabelPainter


@pytest.fixture
def bare(session, new_slide, grid):
    """A session with a slide that has no column to switch."""
    session.add(new_slide(grid(6), {"batch_note": ["x"] * 36}))
    return session


@pytest.fixture
def painter(session, show):
    return show(LabelPainter(session))


def test_there_must_be_painted_spots_and_a_label(painter, bare):
    assert not painter.write.isEnabled()
    bare.paint([1, 2, 3])
    assert painter.write.text() == "Label 3 painted spots"
    assert not painter.write.isEnabled()
    QTest.keyClicks(painter.label, "lesion")
    assert painter.write.isEnabled()
    bare.undo()
    assert not painter.write.isEnabled()


def test_labels_become_a_perturbation_with_a_control(painter, bare, click):
    assert bare.whatif_blocker
    bare.paint([1, 2, 3])
    QTest.keyClicks(painter.label, "lesion")
    click(painter.write)
    assert bare.slide.columns.perturbation == "painted"
    assert bare.slide.columns.control == ("control",)
    assert bare.slide.state_of[[0, 1, 2, 3]].tolist() == ["control", "lesion", "lesion", "lesion"]
    assert bare.whatif_blocker == ""
    assert len(bare.painted) == 0


def test_a_column_of_the_file_is_never_overwritten(painter, bare, click, said):
    bare.paint([1])
    painter.name.clear()
    QTest.keyClicks(painter.name, "batch_note")
    QTest.keyClicks(painter.label, "lesion")
    click(painter.write)
    assert said[-1][0] == "error"
    assert "never changed" in said[-1][1]
    assert len(bare.painted) == 1, "the painted spots are still there"


def test_unlabelled_spots_can_stay_unknown(painter, bare, click):
    bare.paint([4])
    painter.others.clear()
    QTest.keyClicks(painter.label, "lesion")
    click(painter.write)
    assert bare.slide.states == ("lesion",)
    assert bare.slide.state_of[0] is None
