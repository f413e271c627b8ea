"""What is tissue: between neighbours, edge included, without wide gaps."""

from __future__ import annotations

import numpy as np
import shapely

from napari_concert.slide.tissue import in_tissue


def grid(side: int = 8) -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2).astype(float)


def test_the_edge_belongs_to_it_and_what_is_outside_does_not():
    places = np.array([[0, 0.5], [3.5, 3.5], [7, 7], [7.01, 3], [-0.1, 2], [3.3, 0]])
    assert in_tissue(places, grid(), 0.75).tolist() == [True, True, True, False, False, True]


def test_a_gap_of_missing_spots_is_no_tissue():
    spots = grid()
    left = spots[np.abs(spots - 3).max(axis=1) > 0.5]
    assert not in_tissue(np.array([[3.0, 3.0], [3.2, 2.8]]), left, 0.75).any()
    assert in_tissue(np.array([[3.0, 3.0]]), left, 1.5).all()


def test_it_is_the_union_of_narrow_triangles():
    rng = np.random.default_rng(2)
    spots, places = rng.uniform(0, 10, (60, 2)), rng.uniform(-1, 11, (400, 2))
    narrow = [each for each in _delaunay(spots) if _circumcircle(each) <= 1.2]
    expected = shapely.contains_xy(shapely.union_all(narrow).buffer(1e-9), *places.T)
    assert (in_tissue(places, spots, 1.2) == expected).mean() > 0.99


def _delaunay(spots):
    return shapely.delaunay_triangles(shapely.multipoints(spots)).geoms


def _circumcircle(triangle) -> float:
    a, b, c = (np.array(corner) for corner in triangle.exterior.coords[:3])
    lengths = np.linalg.norm([a - b, b - c, c - a], axis=1)
    return float(lengths.prod() / (4 * triangle.area))


def test_spots_without_area_make_no_tissue():
    assert not in_tissue(np.array([[0.0, 0.0], [0.5, 0.0]]), np.zeros((1, 2)), 1.0).any()
    assert not in_tissue(np.array([[0.5, 0.0]]), np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), 1.0).any()
