from __future__ import annotations

import json
from time import thread_time

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from scipy import sparse

from napari_concert.errors import UnknownName
from napari_concert.io import from_anndata, read
from napari_concert.slide import Columns


def test_counts_totals_and_normalised_values(adata):
    dense = adata.X.toarray().astype(float)
    dense[3] = 0
    adata.X = sparse.csc_matrix(dense.astype(np.float32))
    slide = from_anndata(adata)
    totals = dense.sum(axis=1)
    assert (slide.n_spots, slide.n_genes) == dense.shape
    assert np.array_equal(slide.counts.toarray(), dense)
    assert np.array_equal(slide.totals, totals)
    assert slide.median_total == np.median(totals[totals > 0])
    assert np.allclose(slide.size_factors, totals / slide.median_total)
    assert slide.usable.tolist() == (totals > 0).tolist()
    for i, name in enumerate(slide.genes):
        assert np.array_equal(slide.gene(name), dense[:, i])
    normalised = slide.normalised("Gene2")
    assert np.isnan(normalised[3])
    assert np.nansum(normalised) == pytest.approx(np.sum(dense[:, 2] * slide.median_total / np.maximum(totals, 1)))


def test_totals_are_exact_beyond_single_precision():
    adata = AnnData(
        sparse.csr_matrix(np.array([[2.0**24, 1.0], [1.0, 1.0]], dtype=np.float32)), obsm={"spatial": np.eye(2)}
    )
    assert from_anndata(adata).totals[0] == 2**24 + 1


def test_an_unknown_gene_suggests_the_nearest(slide):
    with pytest.raises(UnknownName, match=r"no gene called 'gene3x'\. Did you mean Gene3"):
        slide.gene("gene3x")


def test_axis_order_is_x_y_z_here_and_z_y_x_in_napari(new_adata):
    adata = new_adata()
    xyz = np.column_stack([adata.obsm["spatial"], np.arange(64.0) // 16])
    adata.obsm["spatial"] = xyz
    slide = from_anndata(adata)
    assert slide.has_z
    assert np.array_equal(slide.napari_coords, xyz[:, ::-1])
    assert np.array_equal(slide.from_napari(slide.napari_coords), slide.coords)


# -- readings share what follows from the counts ----------------------------------------------------------------------


def test_other_readings_keep_everything_that_follows_from_the_counts(slide):
    slide.gene("Gene0")
    for other in (
        slide.with_columns(Columns()),
        slide.with_um_per_unit(3.0),
        slide.with_registered(True),
        slide.with_labels("x", ["a"] * slide.n_spots),
    ):
        assert other.measured.by_gene is slide.measured.by_gene
        assert other.totals is slide.totals


def test_fingerprint_is_that_of_the_content(adata, tmp_path):
    first = from_anndata(adata).fingerprint
    adata.write_h5ad(tmp_path / "a.h5ad")
    dense = adata.copy()
    dense.X = dense.X.toarray().astype(np.int64)
    dense.obs["more"] = "label"
    assert len(first) == 32
    assert int(first, 16) > 0
    assert first == read(tmp_path / "a.h5ad", um_per_unit=7).fingerprint == from_anndata(dense).fingerprint


def test_contents_are_the_same_in_any_order_and_change_with_names_and_totals(adata):
    first = from_anndata(adata).contents
    assert from_anndata(adata[::-1].copy()).contents == first
    moved = adata.copy()
    moved.obsm["spatial"] = moved.obsm["spatial"] + 5
    assert from_anndata(moved).contents == first
    renamed = adata.copy()
    renamed.obs_names = [f"{name}x" for name in renamed.obs_names]
    assert from_anndata(renamed).contents != first
    assert from_anndata(adata[:-1].copy()).contents != first


def test_fingerprint_changes_with_names_totals_and_coordinates(adata):
    def change(**parts):
        return from_anndata(
            AnnData(**({"X": adata.X, "obs": adata.obs, "var": adata.var, "obsm": dict(adata.obsm)} | parts))
        )

    renamed = pd.DataFrame(index=["other", *adata.var_names[1:]])
    # the same letters, cut elsewhere
    recut = pd.DataFrame(index=["Gene0G", "ene1", *adata.var_names[2:]])
    more = adata.X.copy()
    more[0, 0] += 1
    moved = adata.obsm["spatial"].copy()
    moved[5, 1] += 1e-9
    slides = [
        change(),
        change(var=renamed),
        change(var=recut),
        change(X=more),
        change(obsm={"spatial": moved}),
        change(obs=adata.obs.rename(index={"spot0": "spotx"})),
    ]
    assert len({slide.fingerprint for slide in slides}) == len(slides)


# -- sections ---------------------------------------------------------------------------------------------------------


def stack(new_adata, with_column=True, with_z=True, heights=(0.0, 16.0)):
    adata = new_adata(side=8)
    section = np.arange(64) % len(heights)
    if with_z:
        adata.obsm["spatial"] = np.column_stack([adata.obsm["spatial"], np.array(heights)[section]])
    if with_column:
        adata.obs["section"] = [f"s{i}" for i in section]
    return adata, section


def test_sections_without_z_are_places_of_their_own(new_adata):
    adata, section = stack(new_adata, with_z=False)
    slide = from_anndata(adata)
    assert slide.places.tolist() == section.tolist()
    assert slide.notes == ()
    together = slide.with_registered(True)
    assert together.places.tolist() == section.tolist()
    assert "no z" in together.notes[0]


@pytest.mark.parametrize("with_column", [True, False])
def test_sections_with_z_are_joined_only_if_registered(new_adata, with_column):
    adata, section = stack(new_adata, with_column)
    slide = from_anndata(adata)
    assert slide.places.tolist() == section.tolist()
    assert "2 sections have a z" in slide.notes[0]
    assert "--registered" in slide.notes[0]
    joined = slide.with_registered(True)
    assert set(joined.places) == {0}
    assert joined.notes == ()


@pytest.mark.parametrize("flag", [True, np.bool_(True), 1, "true", "yes", b"True", np.array([True])])
def test_the_file_may_say_that_it_is_registered(new_adata, flag):
    adata, _ = stack(new_adata)
    adata.uns["source"] = {"registered": flag}
    assert from_anndata(adata).registered
    assert not from_anndata(adata, registered=False).registered


@pytest.mark.parametrize("flag", [False, 0, "false", "no, not yet", b"False"])
def test_the_file_may_say_that_it_is_not_registered(new_adata, flag):
    adata, _ = stack(new_adata)
    adata.uns["registered"] = flag
    assert not from_anndata(adata).registered
    assert from_anndata(adata, registered=True).registered


def test_a_cloud_of_points_is_one_place(new_adata):
    adata, _ = stack(new_adata, with_column=False, heights=tuple(np.linspace(0, 300, 64)))
    assert set(from_anndata(adata).places) == {0}


def test_spots_at_one_position_are_noted_within_a_section_only(new_adata):
    adata, _ = stack(new_adata, with_z=False)
    adata.obsm["spatial"][1] = adata.obsm["spatial"][0]
    assert from_anndata(adata).notes == ()
    adata.obsm["spatial"][3] = adata.obsm["spatial"][1]
    assert from_anndata(adata).notes == ("1 spots lie exactly where another one does.",)


# -- what info prints -------------------------------------------------------------------------------------------------


def test_description_is_json_and_says_what_matters(slide):
    described = json.loads(json.dumps(slide.describe()))
    assert described["spots"] == 64
    assert described["genes"] == 12
    assert described["units"] == "µm"
    assert described["lattice"] == "hex"
    assert described["pitch"] == 100.0
    assert described["perturbation"] == {"column": "perturbation", "values": {"Jak2": 32, "control": 32}}
    assert described["control"] == ["control"]
    assert described["counts_source"] == "X"


REAL = {
    "her2st_F1_2d.h5ad": ("µm", "square", 200, "region", "section", ["undetermined"], 1),
    "her2st_G2_2d.h5ad": ("µm", "square", 200, "region", "section", ["undetermined"], 1),
    "her2st_C_stack6_3d.h5ad": ("µm", "square", 200, "region", "section", ["not annotated", "undetermined"], 6),
    "visium_cytassist_mouse_2d.h5ad": ("µm", "hex", 100, None, None, [], 1),
    "st2k_mouse_brain_4sections_2000genes_2d.h5ad": ("units", "square", 2**0.5, None, "section", [], 4),
    "stahl_mob_2d.h5ad": ("µm", "square", 200, "region", None, ["unlabelled"], 1),
}


@pytest.mark.parametrize("name", REAL)
def test_real_slides_are_read_as_their_notes_say(name, real_slide):
    units, lattice, pitch, tissue, section, unknown, places = REAL[name]
    slide = read(real_slide(name))
    described = slide.describe()
    assert (described["units"], described["lattice"], described["places"]) == (units, lattice, places)
    assert described["pitch"] == pytest.approx(pitch, rel=0.02)
    assert slide.columns == Columns(None, (), tuple(unknown), tissue, section, ())
    assert described["usable_spots"] == slide.n_spots
    assert described["counts_source"] == "X"
    assert bool(slide.notes) == slide.has_z
    cell = np.sqrt(3) / 2 if lattice == "hex" else 1.0
    assert slide.area(np.arange(slide.n_spots)) == pytest.approx(slide.n_spots * cell * pitch**2, rel=0.04)
    assert np.array_equal(slide.gene(slide.genes[7]), slide.counts[:, [7]].toarray().ravel())


@pytest.mark.parametrize("name", REAL)
def test_genes_of_real_slides_are_read_within_milliseconds(name, real_slide):
    slide = read(real_slide(name))
    slide.gene(slide.genes[0])
    changed = slide.with_columns(Columns())
    start = thread_time()  # of a core, however busy the machine is
    for gene in changed.genes[:20]:
        changed.gene(gene)
    assert (thread_time() - start) / 20 < 0.002


def test_a_real_region_serves_as_the_state_to_switch(real_slide):
    from napari_concert.slide import guess_columns

    slide = read(real_slide("her2st_G2_2d.h5ad"))
    slide = slide.with_columns(guess_columns(slide.adata, perturbation="region"))
    assert slide.columns.tissue is None
    assert slide.states == (
        "adipose tissue",
        "breast glands",
        "cancer in situ",
        "connective tissue",
        "immune infiltrate",
        "invasive cancer",
    )
    assert (slide.state_of == None).sum() == 65  # noqa: E711 - elementwise
