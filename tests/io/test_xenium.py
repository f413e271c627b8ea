from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_concert.errors import ConcertError
from napari_concert.io import from_anndata, read_patches, write_patches
from napari_concert.io.xenium import as_selections, patches_of_selections
from napari_concert.patches import DEFAULT_COLOR, Patch
from napari_concert.slide import Columns


def read(text, slide):
    return {patch.name: patch.spots.tolist() for patch in patches_of_selections(text, "my cells.csv", slide)}


# -- round trips ------------------------------------------------------------------------------------------------------


# names that look like parts, comments and separators
awkward = st.text(alphabet='ab,;"#\n (part2)', max_size=10) | st.sampled_from(["a", "a (part 2)", "#a", "#Area", "a,b"])


@given(data=st.data())
def test_selections_give_the_same_spots_again(slides, patches_on, data):
    slide = data.draw(slides(um=(1.0, 0.27)))
    patches = data.draw(patches_on(slide, awkward))
    back = patches_of_selections(as_selections(slide, patches), "a.csv", slide)
    assert [patch.spots.tolist() for patch in back] == [patch.spots.tolist() for patch in patches]
    assert [patch.color for patch in back] == [patch.color for patch in patches]


def test_what_is_written_is_a_table_of_corners_in_um(adata, tmp_path):
    adata.uns = {"um_per_unit": 0.5}
    slide = from_anndata(adata)
    write_patches(tmp_path / "a.csv", slide, [Patch([9, 36, 37], name="lesion, big", color="#102030")])
    title, area, *lines = (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert title == "#Selection names: lesion, big, lesion, big (part 2)"
    assert area.startswith("#Areas (µm^2): ")
    table = list(csv.DictReader(lines))
    assert list(table[0]) == ["Selection", "X", "Y", "Class", "Color"]
    assert {(row["Class"], row["Color"]) for row in table} == {("Unclassified", "#102030")}
    first = np.array([[row["X"], row["Y"]] for row in table if row["Selection"] == "lesion, big"], dtype=float)
    assert np.allclose(first.min(axis=0) + first.max(axis=0), 2 * slide.coords[9], atol=2)  # its middle, in µm
    x, y = first.T
    shoelace = 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    assert float(area.split(":")[1].split(",")[0]) == pytest.approx(shoelace, rel=1e-3)
    assert 0.5 < shoelace / (np.pi * 25**2) < 4  # about a cell of the lattice, whose pitch is 50 µm


def test_one_outline_has_a_title_of_one(slide):
    assert as_selections(slide, [Patch([9], name="a")]).startswith("#Selection name: a\n#Area (µm^2): ")


def test_sections_are_told_apart_by_a_column(adata):
    adata.obs["section"] = ["s1", "s2"] * 32
    slide = from_anndata(adata).with_columns(Columns(section="section"))
    text = as_selections(slide, [Patch([0, 1], name="a")])
    assert "Selection,X,Y,Class,Color,Section" in text
    assert read(text, slide) == {"a": [0, 1]}


def test_patches_of_one_name_are_told_apart(slide):
    assert read(as_selections(slide, [Patch([0]), Patch([9])]), slide) == {"patch": [0], "patch 2": [9]}


def test_um_must_be_known(new_adata):
    slide = from_anndata(new_adata())
    with pytest.raises(ConcertError, match=r"µm per unit of slide is not known. Set it first, or save as .geojson"):
        as_selections(slide, [Patch([1])])
    with pytest.raises(ConcertError, match=r"my cells.csv, line 2 is in µm, but the µm per unit of slide is not known"):
        read("X,Y\n0,0\n1,0\n1,1\n", slide)


def test_spots_that_no_outline_can_tell_are_refused(adata):
    adata.obsm["spatial"][4] = np.nan
    adata.obsm["spatial"][1] = adata.obsm["spatial"][0]
    slide = from_anndata(adata)
    for rows, name in (([4], "spot4"), ([3, 4], "spot4"), ([0], "spot1")):
        with pytest.raises(ConcertError, match=f"of 'a' from others: spot '{name}' has no.*Save as .geojson"):
            as_selections(slide, [Patch(rows, name="a")])
    assert read(as_selections(slide, [Patch([0, 1], name="a")]), slide) == {"a": [0, 1]}


# -- corners of Xenium Explorer ---------------------------------------------------------------------------------------

# spots 0 to 7 lie at x = 0, 100 … 700, y = 0; spots 8 to 15 at x = 50 …, y = 86.6
BOX = "-10,-10\n110,-10\n110,110\n-10,110\n"
TWO = "one,-9,-9\none,9,-9\none,9,9\ntwo,91,-9\ntwo,109.5,-9\ntwo,109,9\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"#Selection name: Selection 1\n#Area (µm^2): 14400.00\nX,Y\n{BOX}", {"Selection 1": [0, 1, 8]}),
        (f"X,Y\n{BOX}", {"my cells": [0, 1, 8]}),
        (f"#Selection name:\nX,Y\n{BOX}", {"my cells": [0, 1, 8]}),
        (f"#Selection names: one, two\n#Areas (µm^2): 1, 2\nSelection,X,Y\n{TWO}", {"one": [0], "two": [1]}),
        (f"#Selection name: a\nX,Y\n{BOX}\n#Selection name: b\n#Area\nX,Y\n600,0\n700,0\n700,1\n", None),
        (f"#Selection name: a,\n#Area (µm^2): 1,\n\nX,Y\n\n{BOX}\n,\n", {"a": [0, 1, 8]}),
        (f'"#Selection names: one, two"\nselection,x,y\n{TWO}', {"one": [0], "two": [1]}),
        ("X;Y\n-10,5;-10\n9,5;-9\n9;9\n", {"my cells": [0]}),
        ("X\tY\n-10\t-10\n9\t-9\n9\t9\n", {"my cells": [0]}),
        ("X , Y\r\n -10 , -10 \r\n9,-9\r\n9,9\r\n", {"my cells": [0]}),
        ("Selection,X,Y,Class,Color\na,-9,-9,Tumor,#c2c2c2\na,9,-9,Tumor,#c2c2c2\na,9,9,,\n", {"a": [0]}),
        ("X,Y\n0,0\n100,0\n100,1\n", {"my cells": [0, 1]}),  # spots on the edge
        (f"Selection,X,Y\n{TWO}".replace("two", "one (part 2)"), {"one": [0, 1]}),
        (f"Selection,X,Y\n{TWO}".replace("two", "b (part 2)"), {"one": [0], "b (part 2)": [1]}),
    ],
)
def test_corners(slide, text, expected):
    assert read(text, slide) == (expected or {"a": [0, 1, 8], "b": [6, 7]})


def test_colours_are_read(slide):
    text = "Selection,X,Y,Class,Color\na,-9,-9,,#c2C2c2\na,9,-9,,\na,9,9,,\nb,91,-9,,grey\nb,109,-9,,\nb,109,9,,"
    found = patches_of_selections(text, "a.csv", slide)
    assert [patch.color for patch in found] == ["#c2c2c2", DEFAULT_COLOR]


# -- lists of cells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "#Selection name: S 1\n#Area (µm^2): 9\nCell ID,Cluster,Transcripts,Area (µm^2)\nspot3,A,9,2.5\nspot1,,,\n",
            {"S 1": [1, 3]},
        ),
        ("Cell ID\nspot3\nfiltered-1\n\nspot4\n", {"my cells": [3, 4]}),
        ("Cell ID;Area\nspot3;2,5\n", {"my cells": [3]}),
        ("Selection,Cell ID\na,spot3\nb,spot3\na,spot5\n", {"a": [3, 5], "b": [3]}),
        ("cell_id,group,color\nspot1,T,#aabbcc\nspot2,B,#102030\nspot3,T,#aabbcc\n", {"T": [1, 3], "B": [2]}),
        ("Barcode,My regions\nspot1,edge\nspot2,\nspot3,core\n", {"edge": [1], "core": [3]}),
        ("Barcode\nspot1\n", {"my cells": [1]}),
        ('"Barcode","Region"\n"spot1","a, b"\n', {"a, b": [1]}),
    ],
)
def test_cells(slide, text, expected):
    assert read(text, slide) == expected


def test_cells_need_no_um_and_may_be_in_a_column(new_adata):
    adata = new_adata()
    adata.obs["cell_id"] = [f"aaaa{i}-1" for i in range(64)]
    assert read("Cell ID\naaaa7-1\nother-1\n", from_anndata(adata)) == {"my cells": [7]}


def test_files_with_a_mark_and_of_no_spot(slide, tmp_path):
    path = tmp_path / "cells.csv"
    path.write_text("\ufeffCell ID\nspot3\n", encoding="utf-8")
    assert [(patch.name, patch.spots.tolist()) for patch in read_patches(path, slide)] == [("cells", [3])]
    for text in ("", "\n\n", "#Selection name: a\n", "X,Y\n", "X,Y\n9e6,0\n9e6,1\n9e6,2\n"):
        path.write_text(text)
        with pytest.raises(ConcertError, match="names no spot of small"):
            read_patches(path, slide)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gene,count\nA,1\n", "my cells.csv, line 1 has the columns gene, count, but neither X and Y nor Cell ID"),
        ("#Selection name: a\n\n1,2\n", "line 3 has the columns 1, 2, but"),
        ("X,Y\n1,2\n\n1,b\n", "my cells.csv, line 4 has 'b' where a number of µm should be"),
        ("X,Y\n1,\n", "line 2 has '' where a number of µm"),
        ("X,Y\n1,nan\n", "line 2 has 'nan' where"),
        ("X;Y\n1;1.2.3\n", "line 2 has '1.2.3' where"),
        ("Selection,X,Y\na,1\n", "line 2 has 2 values for 3 columns"),
        (
            "Cell ID\nx-1\ny-1\n",
            "my cells.csv lists 2 cells, 'x-1' and so on, but small has none of them: its first is",
        ),
    ],
)
def test_what_is_no_selection_is_refused(slide, text, message):
    with pytest.raises(ConcertError, match=message) as caught:
        read(text, slide)
    assert "\n" not in str(caught.value)
