"""Holes out of files: outlines, also where there is no spot, and what lies around listed spots."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_concert.errors import ConcertError
from napari_concert.io import read_areas, write_patch_geojson
from napari_concert.patches import Patch
from napari_concert.slide import Rigid, Stack

SQUARE = [[100, 100], [300, 100], [300, 300], [100, 300], [100, 100]]


@pytest.fixture
def outline(tmp_path):
    """Write an outline as GeoJSON."""

    def written(*corners, **properties):
        geometry = {"type": "Polygon", "coordinates": [list(corners or SQUARE)]}
        path = tmp_path / "hole.geojson"
        path.write_text(json.dumps({"type": "Feature", "geometry": geometry, "properties": properties}))
        return path

    return written


def test_an_outline_is_taken_as_drawn_with_the_spots_in_it(slide, outline):
    (area,) = read_areas(outline(), slide)
    assert area.outline.area == pytest.approx(200**2)
    x, y = slide.coords.T
    assert set(area.spots) == set(np.flatnonzero((x > 100) & (x < 300) & (y > 100) & (y < 300)))


def test_it_may_hold_no_spot(slide, outline):
    (area,) = read_areas(outline([9e3, 9e3], [9e3, 9.2e3], [9.2e3, 9.2e3], [9e3, 9e3]), slide)
    assert not len(area.spots)
    assert area.outline.area > 0


def test_it_is_scaled_to_the_slides_units(slide, outline):
    (area,) = read_areas(outline(), slide.with_um_per_unit(0.5))
    assert area.outline.bounds == (50, 50, 150, 150)


def test_listed_spots_count_before_the_outline(slide, tmp_path):
    write_patch_geojson(tmp_path / "patch.geojson", slide, [Patch([9, 10, 17])])
    (area,) = read_areas(tmp_path / "patch.geojson", slide)
    assert area.spots.tolist() == [9, 10, 17]


def test_columns_and_row_numbers_are_what_lies_around_their_spots(slide, tmp_path):
    (tmp_path / "rows.txt").write_text("10\n11\n")
    (area,) = read_areas(tmp_path / "rows.txt", slide)
    assert area.spots.tolist() == [9, 10]
    (half,) = read_areas("obs:perturbation=Jak2", slide)
    assert set(half.spots) == set(np.flatnonzero(slide.state_of == "Jak2"))


def test_of_several_sections_it_says_which_and_moves_with_it(stack_slide, outline):
    with pytest.raises(ConcertError, match=r"does not say in which section it lies \(s1, s2, s3\)"):
        read_areas(outline(), stack_slide)
    with pytest.raises(ConcertError, match="s2"):
        read_areas(outline(section="s22"), stack_slide)
    stack = Stack(("s1", "s2", "s3"), (0.0, 150.0, 300.0), {"s2": Rigid(0, (1000.0, 0.0))})
    (area,) = read_areas(outline(section="s2"), stack_slide.with_stack(stack))
    assert area.outline.bounds == (1100, 100, 1300, 300)
    assert set(stack_slide.planes[stack_slide.labels("section") == "s2"]) == {area.plane}


def test_points_outline_nothing(slide, tmp_path):
    (tmp_path / "point.geojson").write_text(json.dumps({"type": "Point", "coordinates": [100, 100]}))
    with pytest.raises(ConcertError, match="outlines no area"):
        read_areas(tmp_path / "point.geojson", slide)
