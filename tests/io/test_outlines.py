from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.io import from_anndata
from napari_concert.io.outlines import outlines_by_plane, ring_of


@given(data=st.data())
def test_polygons_hold_the_spots_and_no_other_of_their_plane(slides, patches_on, data):
    slide = data.draw(slides(missing=True))
    patch = data.draw(patches_on(slide))[0]
    located = np.isfinite(slide.raw_coords).all(axis=1)
    seen = []
    for spots, polygons in outlines_by_plane(slide, patch.spots):
        plane = np.flatnonzero(located & (slide.planes == slide.planes[spots[0]]))
        area = shapely.MultiPolygon(polygons)
        assert area.is_valid
        held = plane[shapely.contains(area, shapely.points(slide.raw_coords[plane, :2]))]
        assert held.tolist() == spots.tolist()
        seen += spots.tolist()
    assert sorted(seen) == patch.spots[located[patch.spots]].tolist()


@given(data=st.data())
def test_a_ring_encloses_its_polygon_without_the_holes(slides, patches_on, data):
    slide = data.draw(slides())
    for _, polygons in outlines_by_plane(slide, data.draw(patches_on(slide))[0].spots):
        for polygon in polygons:
            ring = ring_of(polygon)
            x, y = ring.T
            shoelace = 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
            assert shoelace == pytest.approx(polygon.area, rel=1e-6)
            holes = len(polygon.interiors)
            assert len(ring) == len(shapely.get_coordinates(polygon)) - 1 + 2 * holes


def test_a_patch_of_a_lattice_is_one_outline_that_ends_between_the_spots(slide):
    patch = np.flatnonzero((slide.coords[:, 0] > 150) & (slide.coords[:, 0] < 480) & (slide.coords[:, 1] < 300))
    ((spots, (polygon,)),) = outlines_by_plane(slide, patch)
    assert spots.tolist() == patch.tolist()
    assert not polygon.interiors
    assert polygon.distance(shapely.Point(0, 0)) > 45
    assert 0.9 < polygon.area / slide.area(patch) < 1.6


def test_a_missing_spot_is_a_hole_and_a_gap_in_the_tissue_is_none(adata, slide):
    ring = np.flatnonzero(np.isclose(np.linalg.norm(slide.coords - slide.coords[27], axis=1), 100))
    ((_, (polygon,)),) = outlines_by_plane(slide, ring)
    (hole,) = polygon.interiors
    assert shapely.Polygon(hole).contains(shapely.Point(slide.coords[27]))

    without = from_anndata(adata[np.arange(64) != 27].copy())
    around = np.flatnonzero(np.isclose(np.linalg.norm(without.coords - slide.coords[27], axis=1), 100))
    ((_, (whole,)),) = outlines_by_plane(without, around)
    assert not whole.interiors


def test_outlines_are_in_the_unit_of_the_file(slide):
    ((_, (polygon,)),) = outlines_by_plane(slide, np.array([9]))
    ((_, (other,)),) = outlines_by_plane(slide.with_um_per_unit(0.2), np.array([9]))
    assert other.equals(polygon)
    assert np.allclose(polygon.centroid.coords, slide.raw_coords[9])


def test_spots_at_one_position_are_one_cell(adata):
    adata.obsm["spatial"][1] = adata.obsm["spatial"][0]
    slide = from_anndata(adata)
    ((spots, (polygon,)),) = outlines_by_plane(slide, np.array([0]))
    assert spots.tolist() == [0]
    assert polygon.contains(shapely.Point(slide.coords[1]))
    assert not polygon.contains(shapely.Point(slide.coords[2]))


def test_no_spot_with_coordinates_has_no_outline(adata):
    adata.obsm["spatial"][4] = np.nan
    assert list(outlines_by_plane(from_anndata(adata), np.array([4]))) == []
