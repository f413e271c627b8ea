"""How far a state reaches, in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_concert.concert.reach import Reach
from napari_concert.ui.reach_words import UNSURE, lines, on_picture, sentence


@pytest.fixture
def reach():
    return Reach(
        state="Jak2",
        unit="µm",
        long=(266.4, 236.6, 300.2),
        short=(253.9, 225.7, 285.5),
        angle=31.2,
        cut_off=661.5,
        passes_border=0.931,
        outline=np.zeros((3, 2)),
        cut_offs=pd.DataFrame(),
        farthest=1000.0,
        is_found=True,
    )


def test_a_reach_that_may_be_the_same_in_all_directions_is_one_number(reach):
    assert on_picture(reach) == "dotted: reach of Jak2, half strength at 266 µm"
    assert sentence(reach) == (
        "The effect of one Jak2 spot falls to half of what its neighbour gets at 266 µm (237 to 300). "
        "It ends at 662 µm (median over tissues), and 93 % of it passes a tissue border."
    )
    said = lines([reach]).splitlines()[1]
    assert said == "Jak2: 266 µm (237 to 300); ends at 662 µm; 93 % of it passes a tissue border"


def test_a_reach_that_is_surely_longer_one_way_says_which(reach):
    along = replace(reach, short=(150.0, 130.0, 170.0))
    assert on_picture(along) == "dotted: reach of Jak2, half strength at 150 to 266 µm"
    ways = "at 266 µm (237 to 300) along 31° clockwise from the horizontal, and at 150 µm (130 to 170) across."
    assert ways in sentence(along)


def test_a_reach_of_next_to_nothing_says_so(reach):
    nothing = replace(reach, is_found=False)
    assert UNSURE in on_picture(nothing)
    assert UNSURE in sentence(nothing)


def test_without_states_nothing_is_said():
    assert lines([]) == ""
