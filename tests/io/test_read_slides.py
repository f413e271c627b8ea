from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

import napari_concert
from napari_concert.errors import ConcertError, UnknownName
from napari_concert.io import find_counts, from_anndata, read
from napari_concert.io import slides as slides_module
from napari_concert.io.counts import as_counts, not_counts
from napari_concert.slide import Columns


def normalised(counts):
    dense = counts.toarray()
    return np.log1p(dense / dense.sum(axis=1, keepdims=True) * 1e4).astype(np.float32)


@pytest.fixture
def written(adata, tmp_path):
    path = tmp_path / "slide.h5ad"
    adata.write_h5ad(path)
    return path


# -- .h5ad ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "store",
    [
        lambda x: x,
        sparse.csc_matrix,
        lambda x: x.toarray(),
        lambda x: x.toarray().astype(np.int32),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(np.uint16),
        sparse.csr_array,
    ],
    ids=["CSR", "CSC", "dense", "dense int", "float64", "uint16", "CSR array"],
)
def test_counts_are_read_however_they_are_stored(adata, tmp_path, store):
    expected = adata.X.toarray()
    adata.X = store(adata.X)
    adata.write_h5ad(tmp_path / "s.h5ad")
    slide = napari_concert.read(tmp_path / "s.h5ad")
    assert isinstance(slide.counts, sparse.csr_matrix)
    assert slide.counts.dtype == np.float32
    assert np.array_equal(slide.counts.toarray(), expected)
    assert (slide.name, slide.path) == ("s", tmp_path / "s.h5ad")


@pytest.mark.parametrize("key", ["spatial", "X_spatial"])
@pytest.mark.parametrize("as_frame", [False, True])
def test_coordinates_are_found(adata, key, as_frame):
    coords = adata.obsm.pop("spatial")
    adata.obsm[key] = pd.DataFrame(coords, index=adata.obs_names, columns=["x", "y"]) if as_frame else coords
    assert np.array_equal(from_anndata(adata).coords, coords)


def test_counts_in_a_layer_are_found_and_said(adata):
    adata.layers["scaled"] = normalised(adata.X) - 3
    adata.layers["counts"] = adata.X
    adata.X = normalised(adata.X)
    slide = from_anndata(adata)
    assert slide.counts_source == "layers['counts']"
    assert "layers['counts']" in slide.notes[0]
    assert np.array_equal(slide.counts.toarray(), adata.layers["counts"].toarray())


def test_counts_in_raw_are_found_with_the_genes_of_raw(adata):
    whole = adata.X.toarray()
    adata.varm["loadings"] = np.zeros((adata.n_vars, 2))
    adata.raw = adata.copy()
    narrow = adata[:, [4, 1]].copy()
    narrow.X = normalised(narrow.X)
    slide = from_anndata(narrow)
    assert slide.counts_source == "raw.X"
    assert "with its 12 genes" in slide.notes[0]
    assert slide.n_genes == 12
    assert list(slide.adata.var_names) == list(slide.genes) == [f"Gene{i}" for i in range(12)]
    assert np.array_equal(slide.gene("Gene7"), whole[:, 7])
    assert np.array_equal(slide.totals, whole.sum(axis=1))
    # labels painted later, and the table read again, keep the counts
    again = from_anndata(slide.with_labels("x", ["a"] * 64).adata)
    assert again.fingerprint == slide.fingerprint
    assert narrow.shape == (64, 2)


def test_counts_in_x_win_over_raw_and_its_further_genes_are_mentioned(adata):
    adata.raw = adata.copy()
    slide = from_anndata(adata[:, :5].copy())
    assert (slide.counts_source, slide.n_genes) == ("X", 5)
    assert "X has 5 genes and .raw has 12" in slide.notes[0]


@pytest.mark.parametrize(
    ("broken", "seen"),
    [
        (normalised, "X holds fractions"),
        (lambda x: x.toarray() - 5, r"X holds negative numbers \(down to -4\)"),
        (lambda x: np.where(x.toarray() > 3, np.nan, 1), "X holds missing or infinite values"),
    ],
)
def test_normalised_data_is_refused_with_reason_and_remedy(adata, broken, seen):
    adata.X = broken(adata.X)
    with pytest.raises(ConcertError, match=seen) as caught:
        from_anndata(adata)
    assert "layers['counts']" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_place_without_counts_is_named(adata):
    adata.layers["lognorm"] = normalised(adata.X)
    adata.X = None
    with pytest.raises(ConcertError, match=r"layers\['lognorm'\] holds fractions \(such as"):
        find_counts(adata)
    del adata.layers["lognorm"]
    with pytest.raises(ConcertError, match="the file holds no matrix"):
        find_counts(adata)


def test_kinds_of_values():
    assert not_counts(np.array([[True]])) is None
    assert not_counts(np.zeros((0, 3))) is None
    assert not_counts(sparse.csr_matrix((3, 3))) is None
    assert "type" in not_counts(np.array([["a"]]))
    assert "infinite" in not_counts(np.array([[np.inf]]))


def test_explicit_zeros_and_duplicates_go_and_the_input_stays():
    matrix = sparse.csr_matrix((np.array([1, 2, 0, 4], np.float32), [0, 0, 1, 2], [0, 3, 4]), shape=(2, 3))
    counts = as_counts(matrix)
    assert counts.toarray().tolist() == [[3, 0, 0], [0, 0, 4]]
    assert counts.nnz == 2
    assert matrix.data.tolist() == [1, 2, 0, 4]
    assert matrix.indptr.tolist() == [0, 3, 4]


# -- odd files --------------------------------------------------------------------------------------------------------


def test_odd_spots_and_names_are_kept_and_said(adata):
    dense = adata.X.toarray()
    dense[[2, 3]] = 0
    dense[:, 5] = 0
    adata.X = dense
    adata.obsm["spatial"][7, 1] = np.nan
    adata.obsm["spatial"][8, 0] = np.inf
    adata.obs_names = ["same", "same", *adata.obs_names[2:]]
    adata.var_names = ["gene", "gene", *adata.var_names[2:]]
    slide = from_anndata(adata)
    text = " ".join(slide.notes)
    for said in (
        "2 spots have no counts",
        "1 genes have no counts",
        "2 spots have no coordinates",
        "Spot names",
        "Gene names",
    ):
        assert said in text
    assert slide.n_spots == 64
    assert np.flatnonzero(~slide.usable).tolist() == [2, 3, 7, 8]
    assert np.isnan(slide.coords[[7, 8]]).all()
    assert slide.spot_names.is_unique
    assert slide.genes.is_unique
    assert list(slide.adata.var_names) == list(slide.genes)
    # the AnnData in memory is not touched
    assert adata.obs_names[1] == "same"
    assert np.isinf(adata.obsm["spatial"][8, 0])


def test_duplicate_names_in_a_file_do_not_warn(adata, tmp_path, recwarn):
    adata.var_names = ["gene", "gene", *adata.var_names[2:]]
    adata.write_h5ad(tmp_path / "s.h5ad")
    recwarn.clear()
    read(tmp_path / "s.h5ad")
    assert not [w for w in recwarn if "unique" in str(w.message)]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda a: a.obsm.pop("spatial"), r"no coordinates in obsm\['spatial'\] \(obsm has: none\)"),
        (lambda a: a.obsm.update(spatial=np.zeros((64, 4))), r"shape \(64, 4\); it needs two or three columns"),
        (lambda a: a.obsm.update(spatial=np.full((64, 2), np.nan)), "No spot of slide has finite coordinates"),
        (lambda a: a.obsm.update(spatial=np.full((64, 2), "x")), "does not hold numbers"),
    ],
)
def test_missing_coordinates_are_refused(adata, spoil, message):
    spoil(adata)
    with pytest.raises(ConcertError, match=message):
        from_anndata(adata)


def test_an_empty_table_is_refused():
    with pytest.raises(ConcertError, match="0 spots and 3 genes"):
        from_anndata(AnnData(np.zeros((0, 3))))


# -- files that can't be read -----------------------------------------------------------------------------------------


def one_line(path):
    with pytest.raises(ConcertError) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_is_no_slide_file_is_refused(tmp_path, written):
    assert "There is no file" in one_line(tmp_path / "none.h5ad")
    (tmp_path / "folder.h5ad").mkdir()
    assert "is a folder" in one_line(tmp_path / "folder.h5ad")
    (tmp_path / "table.csv").write_text("a,b")
    assert "table.csv is not a slide this app reads (.h5ad, .h5)" in one_line(tmp_path / "table.csv")
    (tmp_path / "text.h5ad").write_text("<html>not found</html>")
    assert "text.h5ad is not an HDF5 file" in one_line(tmp_path / "text.h5ad")
    (tmp_path / "empty.h5ad").touch()
    assert "empty.h5ad is empty" in one_line(tmp_path / "empty.h5ad")


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_truncated_file_is_refused(tmp_path, written, share):
    whole = written.read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(whole[: int(share * len(whole))])
    assert "cut.h5ad" in one_line(tmp_path / "cut.h5ad")


def test_a_corrupt_file_is_refused(tmp_path, written):
    with h5py.File(written, "r+") as file:
        del file["obs"]
        file["obs"] = np.arange(3)
    assert "can't be read" in one_line(written)


def test_a_file_without_permission_is_refused(written, monkeypatch):
    def denied(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(slides_module.Path, "open", denied)
    assert "can't be opened (Permission denied)" in one_line(written)


def test_what_the_user_says_goes_before_what_the_file_says(written):
    columns = Columns(perturbation="tissue", control=("lung",))
    slide = read(str(written), um_per_unit=2.0, registered=True, columns=columns)
    assert (slide.units.um_per_unit, slide.registered, slide.columns) == (2.0, True, columns)
    with pytest.raises(UnknownName, match="Did you mean tissue"):
        read(written, columns=Columns(perturbation="tisue"))


# -- CONCERT's .h5 ----------------------------------------------------------------------------------------------------


def write_concert(path, **changed):
    rng = np.random.default_rng(0)
    parts = {
        "X": rng.poisson(2, (30, 4)).astype(float),
        "pos": rng.uniform(0, 9, (30, 2)),
        "perturbation": np.array([b"Jak2", b"control"] * 15),
        "gene": np.array([b"A", b"B", b"C", b"D"]),
        "tissue": np.array([b"tumour", b"lung", b"lung"] * 10),
    } | changed
    with h5py.File(path, "w") as file:
        for name, values in parts.items():
            if values is not None:
                file[name] = values
    return path


def test_a_concert_file_is_read(tmp_path):
    slide = read(write_concert(tmp_path / "a.h5"))
    assert (slide.n_spots, list(slide.genes)) == (30, ["A", "B", "C", "D"])
    assert slide.columns == Columns("perturbation", ("control",), (), "tissue", None, ())
    assert slide.units.name == "units"
    assert slide.states == ("control", "Jak2")


def test_a_concert_file_needs_x_and_pos_alone(tmp_path):
    slide = read(write_concert(tmp_path / "a.h5", perturbation=None, gene=None, tissue=None))
    assert slide.columns.perturbation is None
    assert list(slide.genes) == ["gene 1", "gene 2", "gene 3", "gene 4"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pos": None}, "lacks pos"),
        ({"X": None, "pos": None, "matrix": np.zeros(3)}, "looks like a 10x matrix"),
        ({"X": np.full((30, 4), 0.5)}, "X of a.h5 holds fractions"),
        ({"X": np.ones(30)}, "not spots × genes"),
        ({"pos": np.zeros((29, 2))}, "pos of a.h5 has 29 entries, but X is 30 spots × 4 genes"),
        ({"gene": np.array([b"A"])}, "gene of a.h5 has 1 entries"),
        ({"perturbation": np.array([b"x"] * 31)}, "perturbation of a.h5 has 31 entries"),
        ({"pos": np.zeros((30, 5))}, "it needs two or three columns"),
    ],
)
def test_a_concert_file_that_does_not_fit_is_refused(tmp_path, changed, message):
    assert message in one_line(write_concert(tmp_path / "a.h5", **changed))
