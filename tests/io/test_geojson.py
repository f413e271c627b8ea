from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata, read_patches, read_spots, write_patch_geojson
from napari_concert.patches import DEFAULT_COLOR, Patch
from napari_concert.slide import Columns

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)


def square(x, y, size):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def written(path, document):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


# -- round trips ------------------------------------------------------------------------------------------------------


@same_folder
@given(data=st.data())
def test_all_of_a_patch_comes_back(slides, patches_on, tmp_path, data):
    slide = data.draw(slides(missing=True))
    targets = st.dictionaries(st.sampled_from(["perturbation", "dose"]), st.text(max_size=5) | st.floats(0, 9))
    made = [
        Patch(p.spots, data.draw(targets), p.name, p.color, data.draw(st.booleans()), data.draw(st.booleans()))
        for p in data.draw(patches_on(slide, st.text(min_size=1, max_size=8)))
    ]
    path = tmp_path / "patches.geojson"
    write_patch_geojson(path, slide, made)
    assert [patch.to_json() for patch in read_patches(path, slide)] == [patch.to_json() for patch in made]


@same_folder
@given(data=st.data())
def test_the_outlines_alone_give_the_same_spots(slides, patches_on, tmp_path, data):
    slide = data.draw(slides())
    in_one = [
        Patch(patch.spots[slide.planes[patch.spots] == slide.planes[patch.spots[0]]])
        for patch in data.draw(patches_on(slide))
    ]
    path = tmp_path / "patches.geojson"
    write_patch_geojson(path, slide, in_one)
    document = json.loads(path.read_text())
    for feature in document["features"]:
        del feature["properties"]["spot_names"]
    back = read_patches(written(path, document), slide)
    assert [patch.spots.tolist() for patch in back] == [patch.spots.tolist() for patch in in_one]


def test_it_is_read_by_name_on_a_slide_of_other_order_and_units(slide, adata, tmp_path):
    path = tmp_path / "patch.geojson"
    write_patch_geojson(path, slide, [Patch([3, 10], {"perturbation": "Jak2"})])
    turned = from_anndata(adata[::-1].copy()).with_um_per_unit(5.0)
    assert [turned.spot_names[row] for row in read_spots(path, turned)] == ["spot10", "spot3"]


def test_spots_without_coordinates_survive(adata, tmp_path):
    adata.obsm["spatial"][4] = np.nan
    slide = from_anndata(adata)
    write_patch_geojson(tmp_path / "p.geojson", slide, [Patch([4]), Patch([3, 4])])
    assert [patch.spots.tolist() for patch in read_patches(tmp_path / "p.geojson", slide)] == [[4], [3, 4]]
    assert json.loads((tmp_path / "p.geojson").read_text())["features"][0]["geometry"] is None


# -- what other tools find --------------------------------------------------------------------------------------------


def test_qupath_finds_annotations_in_pixels(adata, tmp_path):
    adata.uns = {"um_per_unit": 0.5}
    adata.obs["section"] = "s1"
    slide = from_anndata(adata).with_columns(Columns(section="section"))
    write_patch_geojson(tmp_path / "p.geojson", slide, [Patch([9], name="lesion", color="#0a141e", locked=True)])
    (feature,) = json.loads((tmp_path / "p.geojson").read_text())["features"]
    said = feature["properties"]
    assert said["objectType"] == "annotation"
    assert (said["name"], said["color"], said["isLocked"]) == ("lesion", [10, 20, 30], True)
    assert said["classification"] == {"name": "lesion", "color": [10, 20, 30]}
    assert (said["spots"], said["spot_names"], said["section"]) == ([10], ["spot9"], "s1")
    outline = shapely.geometry.shape(feature["geometry"])
    assert np.allclose(outline.centroid.coords, adata.obsm["spatial"][9])
    assert outline.is_valid


def test_a_patch_in_two_parts_is_one_feature(slide, tmp_path):
    write_patch_geojson(tmp_path / "p.geojson", slide, [Patch([0, 7])])
    shapes = shapely.from_geojson((tmp_path / "p.geojson").read_text())
    assert [part.geom_type for part in shapes.geoms] == ["MultiPolygon"]
    assert shapes.is_valid


def test_an_outline_that_was_changed_counts_once_the_list_of_spots_is_gone(slide, tmp_path):
    write_patch_geojson(tmp_path / "p.geojson", slide, [Patch([0], name="a", color="#102030")])
    document = json.loads((tmp_path / "p.geojson").read_text())
    (feature,) = document["features"]
    known = ("objectType", "name", "color", "classification", "isLocked")  # what QuPath keeps
    feature["properties"] = {key: said for key, said in feature["properties"].items() if key in known}
    feature["geometry"] = FIRST
    (patch,) = read_patches(written(tmp_path / "p.geojson", document["features"]), slide)
    assert (patch.spots.tolist(), patch.name, patch.color) == ([0, 1, 8], "a", "#102030")


# -- files of other tools ---------------------------------------------------------------------------------------------

# spots 0 to 7 lie at x = 0, 100 … 700, y = 0; spots 8 to 15 at x = 50 …, y = 86.6
FIRST = {"type": "Polygon", "coordinates": [square(-10, -10, 120)]}
HOLED = {"type": "Polygon", "coordinates": [square(-10, -10, 320), square(95, -5, 10)]}
BOTH = {"type": "MultiPolygon", "coordinates": [[square(-10, -10, 20)], [square(690, -10, 20)]]}
POINTS = {"type": "MultiPoint", "coordinates": [[95, 5], [300, 0], [300, 1], [-101, 0]]}
QUPATH = {"type": "Feature", "id": "1", "geometry": FIRST, "properties": {"objectType": "annotation"}}
BARE = {"type": "Feature", "geometry": BOTH}
GEOPANDAS = {"type": "Feature", "id": "0", "properties": None, "bbox": [0, 0, 1, 1], "geometry": BOTH}


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (FIRST, [0, 1, 8]),
        (BOTH, [0, 7]),
        (QUPATH, [0, 1, 8]),
        ([QUPATH], [0, 1, 8]),
        ({"type": "FeatureCollection", "features": [QUPATH, BARE]}, [0, 1, 7, 8]),
        ({"type": "FeatureCollection", "bbox": [0, 0, 1, 1], "features": [GEOPANDAS]}, [0, 7]),
        ({"type": "GeometryCollection", "geometries": [FIRST, BOTH]}, [0, 1, 7, 8]),
        ({"type": "GeometryCollection", "geometries": [FIRST, POINTS]}, [0, 1, 3, 8]),
        (POINTS, [1, 3]),
        ({"type": "Point", "coordinates": [0, 0]}, [0]),
        ({"type": "Polygon", "coordinates": [[[0, 0], [100, 0], [100, 1], [0, 1], [0, 0]]]}, [0, 1]),
        # a bow tie
        ({"type": "Polygon", "coordinates": [[[-9, -9], [229, 9], [229, -9], [-9, 9], [-9, -9]]]}, [0, 1, 2]),
        ({"type": "Polygon", "coordinates": [[[x, y, 3.0] for x, y in square(-10, -10, 120)]]}, [0, 1, 8]),
        (HOLED, [0, 2, 3, 8, 9, 10, 16, 17, 18, 19, 24, 25, 26]),
    ],
)
def test_geometries_of_other_tools(slide, tmp_path, document, rows):
    patches = read_patches(written(tmp_path / "other.geojson", document), slide)
    assert sorted({int(row) for patch in patches for row in patch.spots}) == rows
    assert {patch.color for patch in patches} == {DEFAULT_COLOR}
    assert {patch.name for patch in patches} == {"patch"}


@pytest.mark.parametrize(
    ("said", "name", "colour", "locked"),
    [
        ({"classification": {"name": "Tumor", "color": [200, 0, 0]}}, "Tumor", "#c80000", False),
        ({"classification": {"name": "Tumor", "colorRGB": -3670016}}, "Tumor", "#c80000", False),
        ({"classification": {"names": ["Tumor", "Edge"], "color": [0, 1, 2]}}, "Tumor: Edge", "#000102", False),
        ({"classification": "Stroma"}, "Stroma", DEFAULT_COLOR, False),
        ({"name": "mine", "color": [1, 2, 3], "classification": {"name": "Tumor"}}, "mine", "#010203", False),
        ({"name": None, "isLocked": True, "measurements": []}, "patch", DEFAULT_COLOR, True),
        ({"name": "n", "isLocked": 1.0}, "n", DEFAULT_COLOR, True),
        ({"name": 7, "color": "#a0b0c0"}, "7", "#a0b0c0", False),
        ({"name": "n", "color": "red", "target": None, "hidden": 0, "isLocked": "no"}, "n", DEFAULT_COLOR, False),
        ({"name": "n", "color": [0.5, 300, 1], "spots": "x", "spot_names": "spot3"}, "n", DEFAULT_COLOR, False),
        ({"name": "n", "color": [1, 2], "spot_names": ["of another slide"]}, "n", DEFAULT_COLOR, False),
    ],
)
def test_name_colour_and_lock_of_other_tools(slide, tmp_path, said, name, colour, locked):
    (patch,) = read_patches(written(tmp_path / "a.geojson", QUPATH | {"properties": said}), slide)
    assert (patch.name, patch.color, patch.locked, patch.hidden) == (name, colour, locked, False)
    assert patch.spots.tolist() == [0, 1, 8]
    assert not patch.target


def test_features_around_no_spot_are_left_out(slide, tmp_path):
    away = {"type": "Polygon", "coordinates": [square(9e6, 9e6, 1)]}
    document = [QUPATH, QUPATH | {"geometry": away}]
    assert len(read_patches(written(tmp_path / "a.geojson", document), slide)) == 1


@same_folder
@given(um=st.floats(0.01, 50), start=st.integers(0, 63), end=st.integers(0, 63), other=st.integers(0, 63))
def test_spots_on_the_edge_count_in_any_unit(slide, tmp_path, um, start, end, other):
    corners = slide.raw_coords[[start, end, other, start]]
    document = {"type": "Polygon", "coordinates": [corners.tolist()]}
    edge = shapely.LineString(corners)
    on_edge = [row for row in range(64) if edge.distance(shapely.Point(slide.raw_coords[row])) < 1e-6]
    path = written(tmp_path / "edge.geojson", document)
    assert set(on_edge) <= set(read_spots(path, slide.with_um_per_unit(um)).tolist())


def test_polygons_of_other_tools_are_in_the_units_of_the_file(adata, tmp_path):
    adata.uns = {"um_per_unit": 0.5}
    slide = from_anndata(adata)
    path = written(tmp_path / "pixels.geojson", FIRST)
    assert read_spots(path, slide).tolist() == [0, 1, 8]
    in_um = {"type": "FeatureCollection", "coordinate_unit": "µm", "features": [QUPATH]}
    assert read_spots(written(path, in_um), slide).tolist() == [0, 1, 2, 8, 9, 16, 17, 18]


def test_a_polygon_in_um_needs_a_slide_in_um(new_adata, tmp_path):
    slide = from_anndata(new_adata())
    document = {"type": "FeatureCollection", "coordinate_unit": "µm", "features": [QUPATH]}
    with pytest.raises(ConcertError, match=r"is in µm, but the µm per unit of slide is not known"):
        read_spots(written(tmp_path / "a.geojson", document), slide)


def test_a_polygon_may_name_its_section(adata, tmp_path):
    adata.obs["section"] = ["s1", "s2"] * 32
    slide = from_anndata(adata)
    path = written(tmp_path / "a.geojson", QUPATH | {"properties": {"section": "s2"}})
    assert read_spots(path, slide).tolist() == [1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "a.geojson is not a GeoJSON .line 1, character 2: Expecting"),
        ('{"type":\n"Feature",\n}', "a.geojson is not a GeoJSON .line 3"),
        ("", "is not a GeoJSON .line 1"),
        ("[1]", "a.geojson is not a GeoJSON: 1 has no type"),
        ("3", "is not a GeoJSON"),
        ('{"spots": [1]}', "has no type"),
        ('{"type": "FeatureCollection"}', "is not a GeoJSON"),
        ('{"type": "Feature"}', "a.geojson, feature 1 is not a GeoJSON"),
        ('{"type": "Feature", "geometry": null}', "is not a GeoJSON"),
        ('{"type": "Feature", "geometry": {"type": "Circle"}}', "is not a GeoJSON"),
        (json.dumps([QUPATH, QUPATH | {"properties": [1]}]), "a.geojson, feature 2 is not a GeoJSON"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}', "is not a GeoJSON"),
        ('{"type": "LineString", "coordinates": [[0, 0], [1, 1]]}', "a.geojson, feature 1 is a LineString, which"),
        ('{"type": "FeatureCollection", "features": []}', "names no spot"),
        (json.dumps({"type": "Polygon", "coordinates": [square(9e6, 9e6, 1)]}), "names no spot of small"),
        ('{"type": "Feature", "geometry": null, "properties": {"spot_names": []}}', "names no spot"),
        ('{"type": "Polygon", "coordinates": []}', "names no spot"),
    ],
)
def test_what_is_no_geojson_of_spots_is_refused(slide, tmp_path, text, message):
    with pytest.raises(ConcertError, match=message) as caught:
        read_spots(written(tmp_path / "a.geojson", text), slide)
    assert "\n" not in str(caught.value)
