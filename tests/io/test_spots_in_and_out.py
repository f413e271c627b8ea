from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.io import (
    atomic_path,
    from_anndata,
    read_patches,
    read_spots,
    write_json,
    write_patch_geojson,
    write_patch_txt,
)
from napari_concert.patches import DEFAULT_COLOR, Patch

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
rows_of = st.lists(st.integers(0, 63), min_size=1, max_size=30)


def square(x, y, size):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def written(path, document):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


# -- round trips ------------------------------------------------------------------------------------------------------


@same_folder
@given(rows=rows_of)
def test_txt_round_trip(slide, tmp_path, rows):
    path = tmp_path / "patch.txt"
    write_patch_txt(path, sorted(set(rows)))
    assert path.read_text().split() == [str(row + 1) for row in sorted(set(rows))]
    assert read_spots(path, slide).tolist() == sorted(set(rows))


@same_folder
@given(
    made=st.lists(
        st.builds(
            Patch,
            rows_of,
            st.dictionaries(st.sampled_from(["perturbation", "dose"]), st.text(max_size=5) | st.floats(0, 9)),
            st.text(min_size=1, max_size=8),
            st.just("#123456"),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_geojson_round_trip_is_exact(slide, tmp_path, made):
    path = tmp_path / "patches.geojson"
    write_patch_geojson(path, slide, made)
    back = read_patches(path, slide)
    for patch, other in zip(made, back, strict=True):
        assert (patch.to_json()) == other.to_json()
    assert read_spots(path, slide).tolist() == sorted(set(np.concatenate([patch.spots for patch in made]).tolist()))


@same_folder
@given(rows=rows_of)
def test_polygons_alone_bring_the_same_spots_back(slide, tmp_path, rows):
    path = tmp_path / "patch.geojson"
    write_patch_geojson(path, slide, [Patch(rows)])
    document = json.loads(path.read_text())
    del document["features"][0]["properties"]["spot_names"]
    assert read_spots(written(path, document), slide).tolist() == sorted(set(rows))


def test_geojson_is_read_by_name_on_a_slide_of_other_order_and_units(slide, adata, tmp_path):
    path = tmp_path / "patch.geojson"
    write_patch_geojson(path, slide, [Patch([3, 10], {"perturbation": "Jak2"})])
    turned = from_anndata(adata[::-1].copy()).with_um_per_unit(5.0)
    assert [turned.spot_names[row] for row in read_spots(path, turned)] == ["spot10", "spot3"]


def test_spots_without_coordinates_survive_geojson(adata, tmp_path):
    adata.obsm["spatial"][4] = np.nan
    slide = from_anndata(adata)
    write_patch_geojson(tmp_path / "p.geojson", slide, [Patch([3, 4])])
    assert read_spots(tmp_path / "p.geojson", slide).tolist() == [3, 4]


# -- polygons of other tools ------------------------------------------------------------------------------------------

# spots 0 to 7 lie at x = 0, 100 … 700, y = 0; spots 8 to 15 at x = 50 …, y = 86.6
FIRST = {"type": "Polygon", "coordinates": [square(-10, -10, 120)]}
HOLED = {"type": "Polygon", "coordinates": [square(-10, -10, 320), square(95, -5, 10)]}
BOTH = {"type": "MultiPolygon", "coordinates": [[square(-10, -10, 20)], [square(690, -10, 20)]]}
QUPATH = {
    "type": "Feature",
    "id": "1",
    "geometry": FIRST,
    "properties": {"objectType": "annotation", "color": [1, 2, 3]},
}


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        (FIRST, [0, 1, 8]),
        (BOTH, [0, 7]),
        (QUPATH, [0, 1, 8]),
        ([QUPATH], [0, 1, 8]),
        ({"type": "FeatureCollection", "features": [QUPATH, {"type": "Feature", "geometry": BOTH}]}, [0, 1, 7, 8]),
        ({"type": "GeometryCollection", "geometries": [FIRST, BOTH]}, [0, 1, 7, 8]),
        ({"type": "Polygon", "coordinates": [[[0, 0], [100, 0], [100, 1], [0, 1], [0, 0]]]}, [0, 1]),
        # a bow tie
        ({"type": "Polygon", "coordinates": [[[-9, -9], [229, 9], [229, -9], [-9, 9], [-9, -9]]]}, [0, 1, 2]),
        ({"type": "Polygon", "coordinates": [[[x, y, 3.0] for x, y in square(-10, -10, 120)]]}, [0, 1, 8]),
        (HOLED, [0, 2, 3, 8, 9, 10, 16, 17, 18, 19, 24, 25, 26]),
    ],
)
def test_polygons_of_other_tools(slide, tmp_path, document, rows):
    patches = read_patches(written(tmp_path / "other.geojson", document), slide)
    assert sorted({int(row) for patch in patches for row in patch.spots}) == rows
    assert {patch.color for patch in patches} == {DEFAULT_COLOR}


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
        ("{", "is not a GeoJSON of polygons"),
        ("[1]", "is not a GeoJSON"),
        ('{"type": "Feature"}', "is not a GeoJSON"),
        ('{"type": "Feature", "geometry": null}', "is not a GeoJSON"),
        ('{"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}', "is not a GeoJSON"),
        ('{"type": "Point", "coordinates": [0, 0]}', "holds a Point, which encloses nothing"),
        ('{"type": "FeatureCollection", "features": []}', "names no spot"),
        (json.dumps({"type": "Polygon", "coordinates": [square(9e6, 9e6, 1)]}), "names no spot of small"),
        ('{"type": "Feature", "geometry": null, "properties": {"spot_names": []}}', "names no spot"),
    ],
)
def test_what_is_no_geojson_of_spots_is_refused(slide, tmp_path, text, message):
    with pytest.raises(ConcertError, match=message) as caught:
        read_spots(written(tmp_path / "a.geojson", text), slide)
    assert "\n" not in str(caught.value)


# -- .txt and columns -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["3\n1\n3\n", "1, 3", "\ufeff1\r\n3\r\n", "1.0 3.0"])
def test_txt_of_other_make(slide, tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read_spots(tmp_path / "a.txt", slide).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n", r"names spot 0, but small has spots 1 to 64 \(1-based rows"),
        ("-3", "names spot -3"),
        ("65", "names spot 65"),
        ("99999999999999999999999", "is not a list of row numbers"),
        ("1.5", "is not a list of row numbers"),
        ("spot", "is not a list of row numbers"),
        ("nan", "is not a list of row numbers"),
        ("", "names no spot"),
    ],
)
def test_txt_that_names_no_spots_is_refused(slide, tmp_path, text, message):
    with pytest.raises(ConcertError, match=message):
        read_spots(written(tmp_path / "a.txt", text), slide)


@pytest.mark.parametrize(
    "values",
    [
        lambda chosen: chosen,
        lambda chosen: chosen.astype(float),
        lambda chosen: np.where(chosen, "Yes", "no"),
        lambda chosen: np.where(chosen, "true", None),
        lambda chosen: np.where(chosen, 2.0, np.nan),
        lambda chosen: np.array([True if c else None for c in chosen], dtype=object),
    ],
)
def test_spots_of_a_column(adata, values):
    chosen = np.isin(np.arange(64), [2, 5])
    adata.obs["what_if"] = values(chosen)
    slide = from_anndata(adata)
    assert read_spots("obs:what_if", slide).tolist() == [2, 5]
    assert read_patches("obs:what_if", slide)[0].name == "what_if"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("obs:tisue", "Did you mean tissue"),
        ("obs:tissue", r"is not yes or no \(it has lung, tumour"),
        ("obs:nowhere", "names no spot"),
        ("no/such/file.txt", "There is no file"),
        ("no/such/file.geojson", "There is no file"),
    ],
)
def test_specifications_that_name_nothing(adata, spec, message):
    adata.obs["nowhere"] = False
    with pytest.raises(ConcertError, match=message):
        read_spots(spec, from_anndata(adata))


def test_a_binary_file_and_a_folder_are_no_patch(slide, tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(ConcertError, match="is not a text file"):
        read_spots(tmp_path / "a.txt", slide)
    with pytest.raises(ConcertError, match="can't be read"):
        read_spots(tmp_path, slide)


# -- writing ----------------------------------------------------------------------------------------------------------


def test_files_appear_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"µ": 1})
    with pytest.raises(RuntimeError), atomic_path(path) as scratch:
        scratch.write_text("half")
        raise RuntimeError
    assert json.loads(path.read_text()) == {"µ": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_paths_that_can_not_be_written_are_refused(slide, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "taken.txt").mkdir()
    for path in (tmp_path / "none" / "a.txt", tmp_path / "file" / "a.txt", tmp_path / "taken.txt"):
        with pytest.raises(ConcertError, match="can't be written"):
            write_patch_txt(path, [1])
        with pytest.raises(ConcertError, match="can't be written"):
            write_patch_geojson(path, slide, [Patch([1])])
