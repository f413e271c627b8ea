"""Folders of Space Ranger: all versions, what may lie beside, and what is missing or damaged."""

from __future__ import annotations

import json
import shutil

import h5py
import numpy as np
import pandas as pd
import pytest

from napari_concert.errors import ConcertError
from napari_concert.io import read
from napari_concert.io.spaceranger import read_positions_table
from napari_concert.io.spaceranger_files import find_outs, is_space_ranger

UM_PER_PX = 65 / 89.472


def one_line(path):
    with pytest.raises(ConcertError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def table_of(folder):
    (path,) = (folder / "spatial").glob("tissue_positions*.csv")
    return path, read_positions_table(path)


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("matrix", ["h5", "mex"])
def test_a_folder_is_read_in_all_versions(space_ranger, version, matrix):
    outs = space_ranger(version=version, matrix=matrix)
    slide = read(outs)
    _, positions = table_of(outs)
    assert (slide.name, slide.path) == ("lymph node", outs)
    assert slide.n_spots == (positions["in_tissue"] == 1).sum()
    assert list(slide.genes) == ["Krt8", "Fn1", "Vim", "Fn1-1", "Cxcl10"], "genes alone, with names of their own"
    assert slide.adata.var["gene_ids"].tolist() == [f"ENSG{i:011d}" for i in range(5)]
    of_spot = positions.loc[slide.spot_names]
    expected = of_spot[["pxl_col_in_fullres", "pxl_row_in_fullres"]].to_numpy() * UM_PER_PX
    assert slide.coords == pytest.approx(expected)
    assert slide.units.name == "µm"
    assert slide.pitch == pytest.approx(100.0, abs=0.5), "the spots of Visium are 100 µm apart"
    assert slide.lattice == "hex"
    assert slide.image.name == "hires"


def test_counts_go_with_their_barcodes(space_ranger):
    outs = space_ranger()
    slide = read(outs)
    with h5py.File(outs / "filtered_feature_bc_matrix.h5") as file:
        barcodes = [name.decode() for name in file["matrix/barcodes"]]
        starts, data = np.asarray(file["matrix/indptr"]), np.asarray(file["matrix/data"])
    row = list(slide.spot_names).index(barcodes[3])
    assert slide.counts[row].toarray().ravel().tolist() == data[starts[3] : starts[3] + 5].tolist()


def test_spots_that_are_not_under_tissue_are_left_out(space_ranger):
    outs = space_ranger()
    path, positions = table_of(outs)
    gone = read(outs).spot_names[:3]
    positions.loc[gone, "in_tissue"] = 0
    positions = positions.drop(index=read(outs).spot_names[3])
    positions.astype(int).reset_index().to_csv(path, index=False)
    slide = read(outs)
    assert not set(gone) & set(slide.spot_names)
    assert any("3 spots of the matrix are not under tissue" in note for note in slide.notes)
    assert any("1 spots of the matrix have no position" in note for note in slide.notes)


@pytest.mark.parametrize("of", ["outs", "sample", "matrix", "download"])
def test_a_folder_is_found_by_what_people_open(space_ranger, of):
    outs = space_ranger()
    path = {"outs": outs, "sample": outs.parent, "matrix": outs / "filtered_feature_bc_matrix.h5", "download": outs}[of]
    if of == "download":
        matrix = outs / "filtered_feature_bc_matrix.h5"
        matrix.rename(outs / "V1_Human_filtered_feature_bc_matrix.h5")
    assert is_space_ranger(path)
    assert read(path).name == "lymph node"


def test_clusters_of_space_ranger_become_a_column(space_ranger):
    outs = space_ranger()
    names = read(outs).spot_names
    folder = outs / "analysis" / "clustering" / "gene_expression_graphclust"
    folder.mkdir(parents=True)
    clusters = pd.DataFrame({"Barcode": names[1:], "Cluster": np.arange(len(names) - 1) % 3 + 1})
    clusters.to_csv(folder / "clusters.csv", index=False)
    slide = read(outs)
    assert slide.categories("cluster") == ("cluster 1", "cluster 2", "cluster 3")
    assert slide.labels("cluster")[0] is None, "a spot that was not clustered"
    assert slide.labels("cluster")[2] == "cluster 2"
    (folder / "clusters.csv").write_text("a,b\n1,2\n")
    assert any("clusters can't be read" in note for note in read(outs).notes)


# -- Visium HD ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def bins(space_ranger, tmp_path):
    """Two resolutions of a Visium HD sample, as far as they can be written without pyarrow."""
    outs = tmp_path / "colon" / "outs"
    for um in (8, 16):
        folder = outs / "binned_outputs" / f"square_{um:03d}um"
        shutil.copytree(space_ranger(f"source {um}"), folder)
        positions = pd.read_csv(folder / "spatial" / "tissue_positions.csv")
        side = um / 0.25
        positions["pxl_row_in_fullres"] = positions["array_row"] * side + 100
        positions["pxl_col_in_fullres"] = positions["array_col"] // 2 * side + 100
        positions.to_csv(folder / "spatial" / "tissue_positions.csv", index=False)
        factors = {"bin_size_um": um, "microns_per_pixel": 0.25, "tissue_hires_scalef": 0.1}
        factors["spot_diameter_fullres"] = side
        (folder / "spatial" / "scalefactors_json.json").write_text(json.dumps(factors))
    return outs


def test_bins_of_8_um_are_read_and_the_others_named(bins):
    slide = read(bins)
    assert slide.name == "colon square_008um"
    assert slide.pitch == pytest.approx(8.0)
    assert slide.spot_diameter == pytest.approx(8.0), "bins touch"
    assert any("square_016um" in note for note in slide.notes)
    other = read(bins / "binned_outputs" / "square_016um")
    assert (other.name, other.pitch) == ("colon square_016um", pytest.approx(16.0))


def test_a_parquet_list_is_read_or_the_remedy_is_named(bins):
    folder = bins / "binned_outputs" / "square_008um"
    expected = read(folder).coords
    path = folder / "spatial" / "tissue_positions.csv"
    parquet = path.with_suffix(".parquet")
    try:
        pd.read_csv(path).to_parquet(parquet)
    except ImportError:
        path.rename(parquet)
        assert "pip install pyarrow" in one_line(folder)
    else:
        path.unlink()
        assert read(folder).coords == pytest.approx(expected)


# -- the image ---------------------------------------------------------------------------------------------------------


def test_the_sharpest_image_there_is_taken(space_ranger):
    outs = space_ranger()
    assert read(outs).image.load().shape[0] > 100
    (outs / "spatial" / "tissue_hires_image.png").unlink()
    slide = read(outs)
    assert slide.image.name == "lowres"
    assert slide.image.step == pytest.approx(1 / 0.05)
    (outs / "spatial" / "tissue_lowres_image.png").unlink()
    slide = read(outs)
    assert slide.image is None
    assert any("no image" in note for note in slide.notes)
    assert slide.units.name == "µm", "the scale is known all the same"


def test_without_scale_factors_the_slide_opens_without_an_image(space_ranger):
    outs = space_ranger()
    (outs / "spatial" / "scalefactors_json.json").unlink()
    slide = read(outs)
    assert (slide.image, slide.units.name) == (None, "units")
    assert any("scalefactors_json.json is missing" in note for note in slide.notes)


def test_a_damaged_image_leaves_the_slide_as_it_is(space_ranger):
    outs = space_ranger()
    path = outs / "spatial" / "tissue_hires_image.png"
    path.write_bytes(path.read_bytes()[:200])
    slide = read(outs)
    with pytest.raises(ConcertError, match="can't be read"):
        slide.image.load()
    path.unlink()
    with pytest.raises(ConcertError, match="is gone"):
        slide.image.load()


# -- what is missing or damaged ----------------------------------------------------------------------------------------


def test_a_missing_part_is_named(space_ranger, tmp_path):
    outs = space_ranger()
    (outs / "spatial" / "tissue_positions.csv").unlink()
    assert "tissue_positions.csv" in one_line(outs)
    shutil.rmtree(outs / "spatial")
    assert "does not say where the spots are" in one_line(outs)
    outs = space_ranger("other")
    (outs / "filtered_feature_bc_matrix.h5").unlink()
    assert "no filtered_feature_bc_matrix.h5" in one_line(outs)
    (tmp_path / "plain").mkdir()
    assert not is_space_ranger(tmp_path / "plain")
    assert "is a folder, and not one of Space Ranger" in one_line(tmp_path / "plain")
    with pytest.raises(ConcertError, match="There is no folder"):
        find_outs(tmp_path / "absent")


@pytest.mark.parametrize("share", [0.0, 0.1, 0.6, 0.95])
def test_a_truncated_matrix_is_refused(space_ranger, share):
    path = space_ranger() / "filtered_feature_bc_matrix.h5"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert "filtered_feature_bc_matrix.h5 can't be read" in one_line(path.parent)


def test_a_truncated_text_matrix_is_refused(space_ranger):
    outs = space_ranger(matrix="mex")
    path = outs / "filtered_feature_bc_matrix" / "matrix.mtx.gz"
    path.write_bytes(path.read_bytes()[:60])
    assert "filtered_feature_bc_matrix can't be read" in one_line(outs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "can't be read"),
        ("a,b,c\n1,2,3\n", "has 3 columns"),
        ("barcode,in_tissue\nAAA-1,1\n", "lacks array_row"),
        ("AAA-1,yes,0,0,1,2\n", "can't be read"),
        ("barcode,in_tissue,array_row,array_col,pxl_row_in_fullres,pxl_col_in_fullres\n", "lists no spot"),
        ("GGGG-9,1,0,0,1,2\n", "same sample"),
    ],
)
def test_a_list_of_spots_that_is_none_is_refused(space_ranger, text, message):
    outs = space_ranger()
    (outs / "spatial" / "tissue_positions.csv").write_text(text)
    assert message in one_line(outs)


def test_no_spot_under_tissue_is_said(space_ranger):
    outs = space_ranger()
    path, positions = table_of(outs)
    positions["in_tissue"] = 0
    positions.astype(int).reset_index().to_csv(path, index=False)
    assert "not under tissue" in one_line(outs)


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"spot_diameter_fullres": "wide"}'])
def test_scale_factors_that_are_damaged_are_refused(space_ranger, text):
    outs = space_ranger()
    (outs / "spatial" / "scalefactors_json.json").write_text(text)
    assert "scalefactors_json.json can't be read" in one_line(outs)
