from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.slide.area import MARGIN, REACH, voronoi_areas
from napari_concert.slide.geometry import geometry_of
from napari_concert.slide.places import plane_codes


def grid(kind: str, side: int = 12) -> np.ndarray:
    row, column = np.divmod(np.arange(side * side), side)
    if kind == "hex":
        return np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2])
    return np.column_stack([column, row]).astype(float)


def one_plane(points):
    return geometry_of(points, np.zeros(len(points), dtype=np.int64))


@pytest.mark.parametrize("kind", ["hex", "square"])
@given(st.floats(0.01, 1000), st.floats(0, 360), st.floats(0.5, 1.0), st.integers(0, 99))
def test_lattices_are_told_at_any_scale_turn_and_with_holes(kind, pitch, turn, kept, seed):
    angle = np.radians(turn)
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = grid(kind) @ rotation * pitch
    points = points[np.random.default_rng(seed).uniform(size=len(points)) < kept]
    found = one_plane(points)
    assert found.lattice == kind
    assert found.pitch == pytest.approx(pitch, rel=1e-6)
    cell = np.sqrt(3) / 2 if kind == "hex" else 1.0
    assert np.allclose(found.area, cell * pitch**2)


@pytest.mark.parametrize("kind", ["hex", "square"])
def test_pitch_is_the_lattice_step_where_spots_jitter(kind):
    points = grid(kind, 30) + np.random.default_rng(0).normal(0, 0.03, (900, 2))
    found = one_plane(points)
    assert found.lattice == kind
    assert found.pitch == pytest.approx(1.0, rel=0.01)


def test_sections_on_top_of_each_other_are_measured_apart():
    points = np.vstack([grid("hex"), grid("hex") + 0.13])
    found = geometry_of(points, np.repeat([0, 1], 144))
    assert (found.lattice, found.pitch) == ("hex", pytest.approx(1.0))


def test_scattered_spots_are_no_lattice():
    points = np.random.default_rng(1).uniform(0, 10, (400, 2))
    found = one_plane(points)
    assert found.lattice == "irregular"
    inside = shapely.convex_hull(shapely.multipoints(points)).buffer(MARGIN * found.pitch).area
    assert 0.5 * inside < found.area.sum() <= inside * (1 + 1e-9)


@given(st.integers(0, 10**6), st.integers(1, 25))
def test_voronoi_areas_against_the_share_of_random_places(seed, n):
    rng = np.random.default_rng(seed)
    points, pitch = rng.uniform(0, 4, (n, 2)), 0.7
    tissue = shapely.convex_hull(shapely.multipoints(points)).buffer(MARGIN * pitch)
    low, high = np.array(tissue.bounds[:2]), np.array(tissue.bounds[2:])
    tried = low + rng.uniform(size=(20_000, 2)) * (high - low)
    distance = np.linalg.norm(tried[:, None] - points, axis=2)
    nearest = distance.argmin(axis=1)
    counted = shapely.contains_xy(tissue, tried) & (distance.min(axis=1) <= REACH * pitch)
    expected = np.bincount(nearest[counted], minlength=n) / len(tried) * np.prod(high - low)
    tolerance = 5 * np.prod(high - low) * np.sqrt(np.maximum(expected, 1e-3) / np.prod(high - low) / len(tried)) + 0.02
    assert np.all(np.abs(voronoi_areas(points, pitch) - expected) < tolerance)


def test_spots_at_one_position_share_their_cell_and_lines_have_areas():
    areas = voronoi_areas(np.array([[0.0, 0], [0, 0], [1, 0], [2, 0]]), 1.0)
    assert areas[0] == areas[1] == pytest.approx(areas[3] / 2)
    assert areas[2] == pytest.approx(1.0, rel=1e-3)


def test_spots_without_coordinates_have_no_area():
    points = grid("hex")
    points[3] = np.nan
    found = one_plane(points)
    assert np.flatnonzero(np.isnan(found.area)).tolist() == [3]


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.zeros((4, 2)), np.full((2, 2), np.nan)])
def test_spots_that_have_no_neighbour_have_a_pitch_all_the_same(points):
    found = one_plane(points)
    assert (found.pitch, found.lattice) == (1.0, "irregular")
    assert found.area.shape == (len(points),)


def test_planes_follow_the_section_column_even_where_it_is_missing():
    sections = np.array(["b", "a", None, "b"], dtype=object)
    assert plane_codes(np.zeros((4, 2)), sections).tolist() == [0, 1, 2, 0]


def test_100000_spots_are_measured_within_seconds():
    points = grid("hex", 317)
    start = perf_counter()
    assert one_plane(points).lattice == "hex"
    assert perf_counter() - start < 5
