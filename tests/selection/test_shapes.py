from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_concert.brush import SpotIndex
from napari_concert.errors import ConcertError
from napari_concert.selection import holes_filled, located, smoothed
from napari_concert.selection.outlines import turned

steps = st.sampled_from([0.25, 0.75, 1.5, 3.0])


def squares(side):
    return np.argwhere(np.ones((side, side))).astype(float)


def masks(index):
    return hnp.arrays(bool, index.n_spots)


def between(index):
    """All distances; infinite between places and without coordinates."""
    apart = np.linalg.norm(index.coords[:, None] - index.coords, axis=2)
    apart[(index.places[:, None] != index.places) | np.isnan(apart)] = np.inf
    return apart


@given(data=st.data(), step=steps)
def test_a_spot_becomes_what_most_of_its_neighbourhood_is(slides, data, step):
    index = data.draw(slides())
    inside = data.draw(masks(index))
    found = smoothed(index, inside, step)
    expected = []
    for row, near in enumerate(between(index) <= step * (1 + 1e-9)):
        if near[row] and 2 * inside[near].sum() + inside[row] > near.sum():
            expected.append(row)
    assert found.tolist() == expected
    assert found.dtype == np.int64


@pytest.mark.parametrize("lattice", ["square", "hex"])
@given(angle=st.floats(0, 360), offset=st.floats(-3, 3))
def test_a_straight_edge_stays(hexagons, lattice, angle, offset):
    points = (hexagons if lattice == "hex" else squares)(15)
    middle = points - points.mean(axis=0)
    inside = middle @ (np.cos(np.radians(angle)), np.sin(np.radians(angle))) <= offset
    changed = np.setxor1d(smoothed(SpotIndex(points), inside, 1.5), np.flatnonzero(inside))
    # where the edge meets that of the tissue the neighbourhood is lopsided
    assert np.abs(middle[changed]).max(axis=1, initial=0).min(initial=9) > 5


def test_bumps_go_and_holes_close(hexagons):
    points = hexagons(21)
    index = SpotIndex(points)
    middle = patch = np.array([index.nearest(points.mean(axis=0))])
    for _ in range(5):
        patch = index.grow(patch, 1.1)  # a hexagon
    bump = index.ring(patch, 1.1)[:1]
    assert smoothed(index, patch, 1.5).tolist() == patch.tolist()
    assert smoothed(index, np.union1d(np.setdiff1d(patch, middle), bump), 1.5).tolist() == patch.tolist()


def test_smoothing_again_changes_next_to_nothing(hexagons):
    rng = np.random.default_rng(1)
    index = SpotIndex(hexagons(80) + rng.normal(0, 0.15, (6400, 2)))
    painted = index.spots_in_stroke(rng.uniform(10, 60, (6, 2)), 5.0)
    once = smoothed(index, np.setxor1d(painted, rng.choice(6400, 60, replace=False)), 1.5)
    again = smoothed(index, once, 1.5)
    assert len(np.setxor1d(once, painted)) < 0.03 * len(painted)
    assert len(np.setxor1d(again, once)) < 0.005 * len(painted)


@given(hnp.arrays(bool, (9, 9)), st.sampled_from([0, 30, 45]))
def test_holes_of_a_grid_are_those_of_an_image_however_it_is_turned(painted, angle):
    index = SpotIndex(turned(squares(9), angle))
    filled = ndimage.binary_fill_holes(painted, structure=np.ones((3, 3)))
    assert holes_filled(index, painted.ravel(), 1.5).tolist() == np.flatnonzero(filled).tolist()


def test_a_hole_that_is_open_at_its_corners_is_none_even_at_the_end_of_the_patch():
    index = SpotIndex(turned(squares(5), 45))
    cross = [7, 11, 13, 17]
    assert holes_filled(index, cross, 1.5).tolist() == cross
    assert holes_filled(index, cross, 1.0).tolist() == cross


@given(data=st.data(), step=steps)
def test_what_is_filled_lies_within_a_closed_chain_of_the_patch(slides, data, step):
    index = data.draw(slides(least=8))
    assume(index.coords.shape[1] == 2)
    inside = data.draw(masks(index))
    rows = located(index, inside)
    filled = holes_filled(index, inside, step)
    assert set(rows) <= set(filled)
    assert holes_filled(index, filled, step).tolist() == filled.tolist()
    for row in np.setdiff1d(filled, rows):
        patch = rows[index.places[rows] == index.places[row]]
        one, other = np.nonzero(np.triu(between(index)[np.ix_(patch, patch)] <= step * (1 + 1e-9), 1))
        chains = shapely.linestrings(np.stack([index.coords[patch[one]], index.coords[patch[other]]], axis=1))
        faces = shapely.polygonize([shapely.union_all(chains)])
        assert shapely.union_all(faces).buffer(1e-9).covers(shapely.Point(index.coords[row]))


def test_a_ring_is_filled_and_a_horseshoe_is_not(hexagons):
    points = hexagons(21)
    index, away = SpotIndex(points), np.linalg.norm(points - points.mean(axis=0), axis=1)
    ring, disc = (away > 3) & (away < 5), away < 5
    assert holes_filled(index, ring, 1.5).tolist() == np.flatnonzero(disc).tolist()
    horseshoe = np.flatnonzero(ring & (points[:, 0] < points[:, 0].mean() + 1))
    assert holes_filled(index, horseshoe, 1.5).tolist() == horseshoe.tolist()


def test_what_a_patch_cuts_off_at_the_tissue_edge_is_no_hole():
    points = squares(9)
    strip = np.flatnonzero(np.isin(points.sum(axis=1), (3, 4)))
    assert holes_filled(SpotIndex(points), strip, 1.5).tolist() == strip.tolist()


def test_places_are_filled_and_smoothed_apart(hexagons):
    points = hexagons(9)
    index = SpotIndex(np.concatenate([points, points]), np.repeat([0, 1], 81))
    patch = index.grow([40], 2.1)
    ring = np.setdiff1d(patch, [40])
    assert holes_filled(index, ring, 1.5).tolist() == patch.tolist()
    assert smoothed(index, ring, 1.5).tolist() == smoothed(index, patch, 1.5).tolist()
    assert smoothed(index, np.arange(81), 1.5).tolist() == list(range(81))


@given(data=st.data(), by=st.floats(0.05, 6))
def test_ring_grow_and_shrink_in_2d_and_3d_with_missing_coordinates(slides, data, by):
    index = data.draw(slides())
    inside = data.draw(masks(index)) & np.isfinite(index.coords).all(axis=1)
    apart = between(index)
    assume(np.all(np.abs(apart - by) > 1e-6))
    to_patch, to_rest = (apart[:, part].min(axis=1, initial=np.inf) for part in (inside, ~inside))
    assert index.ring(inside, by).tolist() == np.flatnonzero((to_patch <= by) & ~inside).tolist()
    assert index.grow(inside, by).tolist() == np.flatnonzero((to_patch <= by) | inside).tolist()
    assert index.shrink(inside, by).tolist() == np.flatnonzero(inside & (to_rest > by)).tolist()


@pytest.mark.parametrize("make", [smoothed, holes_filled])
def test_nothing_stays_nothing_and_what_does_not_fit_is_refused(make):
    index = SpotIndex([[0.0, 0], [np.nan, 0]])
    assert make(index, [], 1.0).tolist() == []
    assert make(index, [1], 1.0).tolist() == []
    with pytest.raises(ConcertError, match="beyond the slide's 2 spots"):
        make(index, [2], 1.0)
    with pytest.raises(ConcertError, match="positive length"):
        make(index, [0], -1.0)
