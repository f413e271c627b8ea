"""What hovering over a spot says."""

from __future__ import annotations

import numpy as np
import pytest

from napari_concert.session import ShownValues
from napari_concert.ui.hover import describe_spot

NOTHING = np.zeros(0, np.int64)


@pytest.fixture
def shown(tiny):
    values = np.arange(tiny.n_spots, dtype=float)
    values[5] = np.nan
    return ShownValues("Fn1", "continuous", values, unit="counts at median depth")


def test_a_spot_has_its_name_value_state_and_tissue(tiny, shown):
    assert describe_spot(tiny, 3, shown, NOTHING) == [
        f"spot {tiny.spot_names[3]}",
        "Fn1: 3 counts at median depth",
        f"perturbation: {tiny.state_of[3]}",
        f"tissue: {tiny.tissue_of[3]}",
    ]


def test_a_painted_spot_says_so(tiny, shown):
    painted = np.array([2, 3, 9])
    assert describe_spot(tiny, 3, shown, painted)[-1] == "in the patch"
    assert "in the patch" not in describe_spot(tiny, 4, shown, painted)
    assert "in the patch" not in describe_spot(tiny, 10, shown, painted)


def test_a_missing_value_says_so(tiny, shown):
    assert describe_spot(tiny, 5, shown, NOTHING)[1] == "Fn1: no value"


def test_a_shown_column_is_not_said_twice(tiny):
    labels = ShownValues("tissue", "categorical", tiny.labels("tissue"))
    lines = describe_spot(tiny, 0, labels, NOTHING)
    assert lines.count(f"tissue: {tiny.tissue_of[0]}") == 1


def test_an_unlabelled_spot_is_unknown(new_slide, grid):
    slide = new_slide(grid(4), {"region": ["a", "b", None, "a"] * 4})
    lines = describe_spot(slide, 2, ShownValues("region", "categorical", slide.labels("region")), NOTHING)
    assert "region: no value" in lines


def test_sections_are_named(new_slide, grid):
    slide = new_slide(np.tile(grid(4), (2, 1)), {"section": ["s1"] * 16 + ["s2"] * 16})
    assert describe_spot(slide, 20, None, NOTHING)[-1] == "section: s2"


def test_values_of_another_slide_are_left_out(tiny):
    few = ShownValues("Fn1", "continuous", np.zeros(3))
    assert len(describe_spot(tiny, 3, few, NOTHING)) == 3


def test_napari_shows_these_lines(layers, opened, viewer, tiny):
    spots = layers.scene.spots
    at = tuple(tiny.coords[7, ::-1])
    lines = spots._get_properties(at, view_direction=None, dims_displayed=[0, 1], world=True)
    assert lines[0] == f"spot {tiny.spot_names[7]}"
    nowhere = spots._get_properties((-1e5, -1e5), view_direction=None, dims_displayed=[0, 1], world=True)
    assert nowhere == []
