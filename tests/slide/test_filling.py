"""Where new spots lie: on the slide's own lattice, apart from what was measured, inside what is to be filled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from anndata import AnnData
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from scipy.spatial import cKDTree

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata
from napari_concert.slide import Columns, Slide
from napari_concert.slide.filling import (
    Area,
    area_of_outline,
    area_of_stroke,
    areas_of_spots,
    densify,
    fill_hole,
)

PLACES = st.tuples(st.floats(-300, 1700), st.floats(-300, 1500))
TURNS, SHIFTS = st.floats(-180, 180), st.tuples(st.floats(-5e3, 5e3), st.floats(-5e3, 5e3))


def turned(points: np.ndarray, degrees: float, shift=(0.0, 0.0)) -> np.ndarray:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return points @ turn + shift


def moved(slide: Slide, degrees: float, shift=(0.0, 0.0), order=slice(None)) -> Slide:
    table = slide.adata[order].copy()
    table.obsm["spatial"] = turned(np.asarray(table.obsm["spatial"]), degrees, shift)
    return from_anndata(table, name=slide.name, columns=slide.columns)


def places(slide: Slide, *areas: Area, **options: bool) -> np.ndarray:
    return fill_hole(slide, areas, **options).table[["x", "y"]].to_numpy(dtype=float)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return len(one) == len(other) and cKDTree(one).query(other)[0].max() < 1e-5


@pytest.fixture(scope="module")
def whole() -> Slide:
    row, column = np.divmod(np.arange(14 * 14), 14)
    coords = np.column_stack([column + 0.5 * (row % 2), row * np.sqrt(3) / 2]) * 100
    counts = np.random.default_rng(0).poisson(2.0, (len(coords), 3)).astype(np.float32) + 1
    names = [f"spot{i}" for i in range(len(coords))]
    table = AnnData(sparse.csr_matrix(counts), obs=pd.DataFrame(index=names), obsm={"spatial": coords})
    return from_anndata(table, name="whole")


@pytest.fixture(scope="module")
def middle(whole) -> np.ndarray:
    return np.flatnonzero(np.linalg.norm(whole.coords - whole.coords.mean(axis=0), axis=1) < 260)


@pytest.fixture(scope="module")
def cut(whole, middle) -> Slide:
    """Return the slide with the spots of its middle cut out."""
    return from_anndata(whole.adata[np.setdiff1d(np.arange(whole.n_spots), middle)].copy(), name="cut")


def gap_of(whole: Slide, middle: np.ndarray) -> shapely.Geometry:
    return shapely.multipoints(whole.coords[middle]).convex_hull.buffer(40)


def test_a_gap_gets_back_the_places_that_were_cut_out(whole, cut, middle):
    found = fill_hole(cut, [area_of_outline(cut, 0, gap_of(whole, middle))])
    assert same(found.table.to_numpy(), whole.coords[middle])
    assert (len(found), found.anew) == (len(middle), 0)
    assert list(found.table.index[:2]) == ["new_1", "new_2"]
    assert found.slide.usable.all()


@given(degrees=TURNS, shift=SHIFTS, seed=st.integers(0, 9))
def test_it_goes_with_the_slide_whatever_the_order_of_spots(whole, cut, middle, degrees, shift, seed):
    slide = moved(cut, degrees, shift, np.random.default_rng(seed).permutation(cut.n_spots))
    outline = shapely.transform(gap_of(whole, middle), lambda points: turned(points, degrees, shift))
    found = places(slide, area_of_outline(slide, 0, outline))
    assert same(found, turned(whole.coords[middle], degrees, shift))
    assert np.array_equal(found, places(slide, area_of_outline(slide, 0, outline)))


@given(
    path=st.lists(st.tuples(st.floats(-300, 1700), st.floats(-300, 1500)), min_size=1, max_size=4),
    seed=st.integers(0, 9),
)
def test_new_spots_lie_in_the_outline_apart_from_each_other_and_from_measured_ones(whole, path, seed):
    rng = np.random.default_rng(seed)
    kept = np.sort(rng.choice(whole.n_spots, 120, replace=False))
    slide = from_anndata(whole.adata[kept].copy(), name="sparse")
    area = area_of_stroke(0, path, 150.0)
    try:
        found = places(slide, area)
    except ConcertError:
        return  # there was no room
    assert shapely.contains_xy(area.outline.buffer(1e-6), *found.T).all()
    assert cKDTree(slide.coords).query(found)[0].min() >= 0.6 * slide.pitch - 1e-6
    if len(found) > 1:
        assert cKDTree(found).query(found, k=2)[0][:, 1].min() >= 0.6 * slide.pitch - 1e-6


def test_painted_spots_are_left_out_and_predicted_anew(whole, middle):
    areas = areas_of_spots(whole, middle)
    found = fill_hole(whole, areas)
    assert list(found.table.index) == list(whole.spot_names[middle])
    assert found.anew == len(middle)
    assert set(np.flatnonzero(~found.slide.usable)) == set(middle)
    assert whole.usable.all()
    with pytest.raises(ConcertError, match="no room for a new spot"):
        fill_hole(whole, areas, gaps_only=True)


def test_a_painted_ring_takes_in_the_gap_within_it(whole, cut, middle):
    edge = np.flatnonzero(np.linalg.norm(cut.coords - whole.coords.mean(axis=0), axis=1) < 370)
    areas = areas_of_spots(cut, edge)
    assert same(places(cut, *areas, gaps_only=True), whole.coords[middle])
    assert fill_hole(cut, areas).anew == len(edge)


def test_a_painted_ring_leaves_measured_spots_within_it_alone(whole, middle):
    away = np.linalg.norm(whole.coords - whole.coords.mean(axis=0), axis=1)
    ring = np.flatnonzero((away > 260) & (away < 370))
    assert set(fill_hole(whole, areas_of_spots(whole, ring)).table.index) == set(whole.spot_names[ring])


def test_spots_without_counts_are_predicted_even_where_measured_ones_are_trusted(whole, middle):
    table = whole.adata.copy()
    counts = table.X.tolil()
    counts[middle[0]] = 0
    table.X = counts.tocsr()
    slide = from_anndata(table, name="one empty")
    found = fill_hole(slide, areas_of_spots(slide, middle), gaps_only=True)
    assert list(found.table.index) == [slide.spot_names[middle[0]]]


def test_where_spots_lie_on_no_lattice_new_ones_are_as_dense():
    rng = np.random.default_rng(4)
    points = rng.uniform(0, 2000, (900, 2))
    table = AnnData(np.ones((900, 3), np.float32), obsm={"spatial": points})
    inside = np.linalg.norm(points - 1000, axis=1) < 400
    slide = from_anndata(table[~inside].copy(), name="cells", columns=Columns())
    assert slide.lattice == "irregular"
    found = places(slide, Area(0, shapely.Point(1000, 1000).buffer(400), np.zeros(0, np.int64)))
    assert 0.6 < len(found) / inside.sum() < 1.4
    assert cKDTree(slide.coords).query(found)[0].min() >= 0.6 * slide.pitch


@pytest.mark.parametrize("times", [3, 4, 7])
def test_a_denser_lattice_lies_between_measured_spots_within_the_tissue(whole, times):
    new = densify(whole, times).table.to_numpy()
    pitch = whole.pitch / times**0.5
    together = np.vstack([whole.coords, new])
    assert cKDTree(together).query(together, k=2)[0][:, 1].min() == pytest.approx(pitch)
    inside = shapely.multipoints(whole.coords).convex_hull.buffer(0.1)
    assert shapely.contains_xy(inside, *new.T).all()
    assert len(together) / whole.n_spots == pytest.approx(times, rel=0.25)  # fewer, as the edge gets none beyond it


def test_any_number_keeps_apart_from_measured_spots(whole):
    for times in (2, 5, 6):
        new = densify(whole, times).table.to_numpy()
        assert cKDTree(whole.coords).query(new)[0].min() >= 0.6 * whole.pitch / times**0.5
        assert 0.5 * times < (len(new) + whole.n_spots) / whole.n_spots < times


def test_a_hole_in_the_tissue_is_not_made_denser(whole, cut, middle):
    new = densify(cut, 4).table.to_numpy()
    assert np.linalg.norm(new - whole.coords.mean(axis=0), axis=1).min() > 200


def test_sections_are_filled_in_their_own_plane(stack_slide):
    rows = np.flatnonzero(np.linalg.norm(stack_slide.coords - [0, 0, 150], axis=1) < 220)
    section = stack_slide.labels("section")
    found = fill_hole(stack_slide, areas_of_spots(stack_slide, rows[section[rows] == "s2"]))
    assert set(found.table["section"]) == {"s2"}
    assert set(found.table["z"]) == {150.0}
    cut = from_anndata(stack_slide.adata[np.setdiff1d(np.arange(stack_slide.n_spots), rows)].copy(), registered=True)
    plane = int(cut.planes[cut.labels("section") == "s2"][0])
    new = fill_hole(cut, [area_of_stroke(plane, [[0.0, 0.0]], 160.0)]).table
    assert set(new["z"]) == {150.0}
    assert set(new["section"]) == {"s2"}
    hidden = stack_slide.coords[rows[section[rows] == "s2"], :2]
    assert cKDTree(hidden).query(new[["x", "y"]])[0].max() < 1e-6
    dense = densify(stack_slide, 4).table
    assert set(dense["section"]) == {"s1", "s2", "s3"}
    assert all(len(set(part["z"])) == 1 for _, part in dense.groupby("section"))


def test_what_can_not_be_filled_is_said(whole):
    with pytest.raises(ConcertError, match="no hole to fill"):
        fill_hole(whole, [])
    with pytest.raises(ConcertError, match="nothing is left to predict it from"):
        fill_hole(whole, areas_of_spots(whole, np.arange(whole.n_spots)))
    with pytest.raises(ConcertError, match="in the slide's units"):
        fill_hole(whole, [area_of_stroke(0, [[0, 0], [1e9, 1e9]], 10)])
    with pytest.raises(ConcertError, match="2 times as dense or more, not 1"):
        densify(whole, 1)
    with pytest.raises(ConcertError, match="choose a smaller number"):
        densify(whole, 100_000)


def test_names_of_new_spots_are_nobody_elses(whole, middle, cut):
    table = cut.adata.copy()
    table.obs_names = ["new_1", *table.obs_names[1:]]
    slide = from_anndata(table, name="clash")
    assert fill_hole(slide, [area_of_outline(slide, 0, gap_of(whole, middle))]).table.index[0] == "_new_1"


def test_leaving_spots_out_keeps_their_rows(whole):
    less = whole.without([3, 1])
    assert less.left_out.tolist() == [1, 3]
    assert (less.n_spots, int(less.usable.sum())) == (whole.n_spots, whole.n_spots - 2)
    assert less.fingerprint == whole.fingerprint
    assert less.without([]).usable.all()
