"""Sections above each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from napari_concert.io import from_anndata
from napari_concert.slide.levels import levels_of

GRID = 10.0 * np.column_stack(np.divmod(np.arange(25), 5))


def slide_of(coords, section=None, registered=True):
    counts = sparse.csr_matrix(np.ones((len(coords), 3), np.float32))
    obs = pd.DataFrame({"section": section} if section is not None else {}, index=[f"s{i}" for i in range(len(coords))])
    table = AnnData(counts, obs=obs, var=pd.DataFrame(index=["a", "b", "c"]), obsm={"spatial": np.asarray(coords)})
    return from_anndata(table, registered=registered)


def at(*heights):
    return np.concatenate([np.column_stack([GRID, np.full(25, z)]) for z in heights])


def test_a_flat_slide_has_none():
    assert levels_of(slide_of(GRID)) is None


def test_sections_are_ordered_by_their_height_not_by_their_name():
    levels = levels_of(slide_of(at(40.0, 0.0, 20.0), np.repeat(["a", "b", "c"], 25)))
    assert levels.names == ("b", "c", "a")
    assert levels.heights.tolist() == [0.0, 20.0, 40.0]
    assert levels.of.tolist() == [2] * 25 + [0] * 25 + [1] * 25


def test_two_sections_at_one_height_stay_two():
    levels = levels_of(slide_of(at(0.0, 0.0, 20.0), np.repeat(["a", "b", "c"], 25)))
    assert levels.names == ("a", "b", "c")
    assert levels.heights.tolist() == [0.0, 0.0, 20.0]


def test_a_section_that_is_not_quite_level_is_one():
    coords = at(0.0, 20.0)
    coords[:, 2] += np.tile(np.linspace(-2, 2, 25), 2)
    levels = levels_of(slide_of(coords, np.repeat(["a", "b"], 25)))
    assert len(levels) == 2
    assert levels.heights == pytest.approx([0.0, 20.0])


def test_heights_tell_sections_where_no_column_does():
    levels = levels_of(slide_of(at(0.0, 20.0)))
    assert levels.names[1].startswith("z 20")
    assert levels.of.tolist() == [0] * 25 + [1] * 25


def test_a_cloud_is_cut_into_slabs():
    coords = np.column_stack([np.tile(GRID, (4, 1)), np.linspace(0, 40, 100)])
    slide = slide_of(coords)
    levels = levels_of(slide)
    assert 1 < len(levels) < 50
    assert all(np.ptp(coords[levels.of == level, 2]) <= slide.pitch for level in range(len(levels)))
    assert (np.diff(levels.heights) > 0).all()


def test_spots_without_coordinates_are_on_no_section():
    coords = at(0.0, 20.0)
    coords[3] = np.nan
    assert levels_of(slide_of(coords, np.repeat(["a", "b"], 25))).of[3] == -1


def test_spots_of_no_section_are_a_section_of_their_own():
    levels = levels_of(slide_of(at(0.0, 20.0), ["a"] * 25 + [None] * 25))
    assert levels.names == ("a", "no section")


def test_neighbours_end_with_the_stack():
    levels = levels_of(slide_of(at(0.0, 20.0, 40.0, 60.0), np.repeat(list("abcd"), 25)))
    assert levels.near(1, 1).tolist() == [0, 1, 2]
    assert levels.near(0, 2).tolist() == [0, 1, 2]
    assert levels.near(3, 9).tolist() == [0, 1, 2, 3]
    assert not levels.are_apart


def test_sections_that_are_not_registered_have_no_neighbours():
    levels = levels_of(slide_of(at(0.0, 20.0), np.repeat(["a", "b"], 25), registered=False))
    assert levels.are_apart
    assert levels.near(0, 3).tolist() == [0]
