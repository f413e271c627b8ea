from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.io import read_patches, read_spots, write_patch_geojson, write_patch_txt, write_patches
from napari_concert.patches import Patch

same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


@same_folder
@given(data=st.data())
def test_every_format_gives_the_same_spots_again(slides, patches_on, tmp_path, data):
    slide = data.draw(slides(um=(1.0, 0.27)))
    patches = data.draw(patches_on(slide))
    for ending in ("geojson", "json", "csv", "txt"):
        path = tmp_path / f"patches.{ending}"
        written = patches[:1] if ending == "txt" else patches
        write_patches(path, slide, written)
        back = read_patches(path, slide)
        assert [patch.spots.tolist() for patch in back] == [patch.spots.tolist() for patch in written]
        assert read_spots(path, slide).tolist() == sorted({row for patch in written for row in patch.spots.tolist()})


@same_folder
@given(data=st.data())
def test_geojson_and_txt_need_no_um_and_no_coordinates(slides, patches_on, tmp_path, data):
    slide = data.draw(slides(um=(None,), missing=True))
    patches = data.draw(patches_on(slide))
    for ending, written in (("geojson", patches), ("txt", patches[-1:])):
        write_patches(tmp_path / f"patches.{ending}", slide, written)
        back = read_patches(tmp_path / f"patches.{ending}", slide)
        assert [patch.spots.tolist() for patch in back] == [patch.spots.tolist() for patch in written]


def test_patches_without_spots_are_left_out(slide, tmp_path):
    for ending in ("geojson", "csv", "txt"):
        path = tmp_path / f"patches.{ending}"
        write_patches(path, slide, [Patch([]), Patch([3, 4])])
        assert [patch.spots.tolist() for patch in read_patches(path, slide)] == [[3, 4]]


@pytest.mark.parametrize(
    ("name", "rows", "message"),
    [
        ("a.png", [[1]], "a.png has an unknown ending. Patches are saved as .geojson, .csv or .txt"),
        ("a", [[1]], "a has an unknown ending"),
        ("a.txt", [[1], [2]], r"without names, colours or targets: it holds one patch, not 2 \(patch, patch\)"),
        ("a.txt", [[]], "No spot is painted"),
        ("a.geojson", [], "No spot is painted"),
    ],
)
def test_what_a_file_can_not_hold_is_refused(slide, tmp_path, name, rows, message):
    with pytest.raises(ConcertError, match=message):
        write_patches(tmp_path / name, slide, [Patch(spots) for spots in rows])
    assert not list(tmp_path.iterdir())


def test_paths_that_can_not_be_written_are_refused(slide, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "taken.txt").mkdir()
    for path in (tmp_path / "none" / "a.txt", tmp_path / "file" / "a.txt", tmp_path / "taken.txt"):
        with pytest.raises(ConcertError, match="can't be written"):
            write_patch_txt(path, [1])
        with pytest.raises(ConcertError, match="can't be written"):
            write_patch_geojson(path, slide, [Patch([1])])
        with pytest.raises(ConcertError, match="can't be written"):
            write_patches(path.with_suffix(".txt"), slide, [Patch([1])])
    with pytest.raises(ConcertError, match="can't be written"):
        write_patches(tmp_path / "none" / "a.csv", slide, [Patch([1])])


# -- CONCERT's .txt ---------------------------------------------------------------------------------------------------


def test_txt_has_rows_from_1_one_a_line(slide, tmp_path):
    write_patches(tmp_path / "lesion.txt", slide, [Patch([10, 0, 63])])
    assert (tmp_path / "lesion.txt").read_text() == "1\n11\n64\n"
    assert read_patches(tmp_path / "lesion.txt", slide)[0].name == "lesion"


@pytest.mark.parametrize("text", ["3\n1\n3\n", "1, 3", "\ufeff1\r\n3\r\n", "1.0 3.0", "\n\n1\n\n3"])
def test_txt_of_other_make(slide, tmp_path, text):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read_spots(tmp_path / "a.txt", slide).tolist() == [0, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n", r"a.txt, line 1 names spot 0, but small has spots 1 to 64 \(1-based rows"),
        ("3\n\n-3", "line 3 names spot -3"),
        ("1\n65", "line 2 names spot 65"),
        ("99999999999999999999999", "line 1 names spot 9999"),
        ("9" * 5000, "is not a list of row numbers: line 1 says '9{30}'"),
        ("1\n1.5", "a.txt is not a list of row numbers: line 2 says '1.5'"),
        ("spot", "line 1 says 'spot'"),
        ("nan", "line 1 says 'nan'"),
        ("", "names no spot"),
    ],
)
def test_txt_that_names_no_spots_is_refused(slide, tmp_path, text, message):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(ConcertError, match=message):
        read_spots(tmp_path / "a.txt", slide)


@pytest.mark.parametrize("name", ["no/such/file.txt", "no/such/file.geojson", "no/such/file.csv"])
def test_a_file_that_is_not_there(slide, name):
    with pytest.raises(ConcertError, match="There is no file"):
        read_patches(name, slide)


def test_a_binary_file_and_a_folder_are_no_patch(slide, tmp_path):
    for ending in ("txt", "csv", "json"):
        (tmp_path / f"a.{ending}").write_bytes(b"\xff\xfe\x00\x81")
        with pytest.raises(ConcertError, match="is not a text file"):
            read_spots(tmp_path / f"a.{ending}", slide)
    with pytest.raises(ConcertError, match="can't be read"):
        read_spots(tmp_path, slide)
