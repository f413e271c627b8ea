"""``impute``: what is written, what is reported, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from anndata import read_h5ad

from napari_concert.cli import main
from napari_concert.concert.imputation import LAYERS
from napari_concert.io import read

SPOTS = 220


@pytest.fixture
def at(slide_path, tmp_path) -> Path:
    """Write positions between spots, the first half with their tissue."""
    slide = read_h5ad(slide_path)
    table = pd.DataFrame(slide.obsm["spatial"][40:50] + 30.0, columns=["x", "y"])
    table["tissue"] = [*slide.obs["tissue"].astype(str).iloc[40:45], *[""] * 5]
    table.to_csv(tmp_path / "at.csv", index=False)
    return tmp_path / "at.csv"


@pytest.fixture
def impute(slide_path, model_path, at, tmp_path):
    """Return the words of an impute command."""

    def words(*more: object, path: Path = slide_path, model: Path = model_path, out: str = "out.h5ad") -> list[str]:
        where = () if {"--at", "--fill-hole", "--densify", "--section-at"} & set(more) else ("--at", at)
        return ["impute", *map(str, (path, "--model", model, "--out", tmp_path / out, *where, *more))]

    return words


def test_the_result_holds_everything(run_json, impute, slide_path, at, tmp_path):
    found = run_json(*impute())
    result, table = read_h5ad(tmp_path / "out.h5ad"), pd.read_csv(at)
    assert set(result.layers) == set(LAYERS)
    assert all(np.isfinite(result.layers[name]).all() for name in LAYERS)
    np.testing.assert_allclose(result.obsm["spatial"], table[["x", "y"]])
    assert not result.obs["measured"].any()
    assert result.obs["tissue"].isna().tolist() == [False] * 5 + [True] * 5
    np.testing.assert_allclose(result.obs.filter(regex="^p_(normal lung|periphery|tumour)$").sum(axis=1), 1)
    record = json.loads(result.uns["napari_concert"])
    assert record["command"].startswith("napari-concert impute ")
    assert record["positions"] == str(at)
    assert "not a measurement" in record["meaning"]
    assert result.uns["spatial_units"] == "um"
    genes = read_h5ad(slide_path).var_names
    assert list(result.var_names) == [gene for gene in genes if gene in set(result.var_names)]
    assert (found["new_spots"], found["genes"]) == result.shape


def test_the_report(run_json, impute):
    found = run_json(*impute())
    assert found["inferred"]["perturbation"]["spots"] == 10
    assert found["inferred"]["tissue"]["spots"] == 5
    assert sum(found["inferred"]["tissue"]["expected"].values()) == pytest.approx(5)
    assert found["value_unit"] == "counts at the median library size"
    assert found["farthest_unit"] == "µm"
    assert 0 < found["least_spatial_known"] <= 1


def test_in_words(impute, capsys):
    assert main(impute("--set", "perturbation=control")) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "10 new spots × 24 genes"
    assert said[1].startswith("tissue inferred at 5 spots; spots expected: normal lung ")
    assert said[2].startswith("Intervals are calibrated on counts that were hidden as single spots: ")
    assert said[-1].startswith("Written to ")
    assert len(said) == 4


def test_set_is_what_new_spots_are_or_what_a_patch_becomes(run_json, impute, tmp_path):
    run_json(*impute("--set", "perturbation=control", "--spots", "obs:what_if", "--set", "perturbation=Jak2"))
    result = read_h5ad(tmp_path / "out.h5ad")
    assert (result.obs["perturbation"] == "control").all()
    assert json.loads(result.uns["napari_concert"])["what_if"][0]["target"] == {"perturbation": "Jak2"}


def test_warnings_are_told_and_kept(impute, tmp_path, capsys):
    (tmp_path / "far.csv").write_text("x,y,tisue\n90000,0,tumour\n")
    assert main(impute("--at", tmp_path / "far.csv")) == 0
    told = capsys.readouterr().err
    assert "warning: Extrapolation: at 1 of 1 positions" in told
    assert "'tisue' of the positions is not used (is it tissue?)" in told
    assert len(json.loads(read_h5ad(tmp_path / "out.h5ad").uns["napari_concert"])["warnings"]) == 2


def test_only_some_genes_in_the_slides_order(run_json, impute, slide_path, tmp_path):
    genes = read_h5ad(slide_path).var_names
    run_json(*impute("--only-genes", f"{genes[9]},{genes[2]}"))
    assert list(read_h5ad(tmp_path / "out.h5ad").var_names) == [genes[2], genes[9]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--set", "perturbation=Jack2"), "Jak2"),
        (("--set", "pertubation=Jak2"), "Did you mean perturbation"),
        (("--set", "tissue=tumour"), "Both --set and a column of the positions say 'tissue'"),
        (("--spots", "obs:what_if"), "has no --set"),
        (("--only-genes", "Stat1x"), "Stat1"),
        (("--at", "nope.csv"), "There is no file nope.csv"),
    ],
)
def test_wrong_words_are_refused_with_what_to_do(refusal, impute, tmp_path, words, expected):
    assert expected in refusal(*impute(*words))
    assert not (tmp_path / "out.h5ad").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x,why\n1,2\n", "no column 'y' (found: x, why)"),
        ("x,y\n1,2\n\n3,four\n", "line 4: y is 'four', which is not a number"),
        ("x,y,tissue\n1,2,tumor\n", "no tissue (line 2) called 'tumor'. Did you mean tumour"),
        ("x,y\n", "no line below its column names"),
    ],
)
def test_wrong_positions_are_refused_with_their_line(refusal, impute, tmp_path, text, expected):
    (tmp_path / "bad.csv").write_text(text)
    assert expected in refusal(*impute("--at", tmp_path / "bad.csv"))
    assert not (tmp_path / "out.h5ad").exists()


def test_unwritable_results_are_refused_before_any_work(refusal, impute, slide_path, monkeypatch):
    monkeypatch.setattr("napari_concert.concert.Concert.load", lambda *_: pytest.fail("it loaded"))
    assert "no folder" in refusal(*impute(out="absent/out.h5ad"))
    assert "slide itself" in refusal(*impute("--out", slide_path))


def test_a_slide_that_does_not_fit_is_refused(refusal, impute, slide_path, tmp_path):
    read_h5ad(slide_path)[:, 5:].copy().write_h5ad(tmp_path / "few.h5ad")
    assert "5 of the model's 24 genes" in refusal(*impute(path=tmp_path / "few.h5ad"))


@pytest.fixture
def hole(slide_path, tmp_path) -> tuple[Path, list[str]]:
    """Write an outline, and return it with the names of the spots in it."""
    slide = read_h5ad(slide_path)
    middle = slide.obsm["spatial"].mean(axis=0)
    (left, low), (right, high) = middle - 150, middle + 150
    ring = [[left, low], [right, low], [right, high], [left, high], [left, low]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    (tmp_path / "hole.geojson").write_text(json.dumps({"type": "Feature", "geometry": geometry}))
    inside = (np.abs(slide.obsm["spatial"] - middle) < 150).all(axis=1)
    return tmp_path / "hole.geojson", list(slide.obs_names[inside])


def test_a_hole_is_predicted_without_what_was_counted_in_it(run_json, impute, slide_path, hole, tmp_path):
    path, inside = hole
    found = run_json(*impute("--fill-hole", path))
    result = read_h5ad(tmp_path / "out.h5ad")
    assert list(result.obs_names) == inside
    assert (found["left_out"], found["predicted_anew"]) == (inside, len(inside))
    assert found["measured_spots"] == len(read_h5ad(slide_path)) - len(inside)
    poisoned = read_h5ad(slide_path)
    rows = poisoned.obs_names.get_indexer(inside)
    counts = poisoned.X.tolil()
    counts[rows] = counts[rows][:, ::-1]  # the same totals, so that the median library size stays
    poisoned.X = counts.tocsr()
    poisoned.write_h5ad(tmp_path / "poisoned.h5ad")
    run_json(*impute("--fill-hole", path, path=tmp_path / "poisoned.h5ad", out="other.h5ad"))
    other = read_h5ad(tmp_path / "other.h5ad")
    for name in LAYERS:
        np.testing.assert_allclose(other.layers[name], result.layers[name], rtol=1e-5)


def test_a_gap_is_filled_between_measured_spots(impute, slide_path, hole, tmp_path, capsys, refusal):
    path, inside = hole
    assert "no room for a new spot" in refusal(*impute("--fill-hole", path, "--gaps-only"))
    slide = read_h5ad(slide_path)
    lost = inside[len(inside) // 2]
    slide[slide.obs_names != lost].copy().write_h5ad(tmp_path / "gap.h5ad")
    assert main(impute("--fill-hole", path, "--gaps-only", path=tmp_path / "gap.h5ad")) == 0
    assert capsys.readouterr().out.startswith("1 new spot × 24 genes\n")
    result = read_h5ad(tmp_path / "out.h5ad")
    np.testing.assert_allclose(result.obsm["spatial"][0], slide[lost].obsm["spatial"][0])


def test_the_whole_tissue_more_densely_under_a_what_if(run_json, impute, tmp_path):
    found = run_json(*impute("--densify", 3, "--spots", "obs:what_if", "--set", "perturbation=Jak2"))
    assert 1.5 < found["new_spots"] / SPOTS < 2
    record = json.loads(read_h5ad(tmp_path / "out.h5ad").uns["napari_concert"])
    assert record["densified"] == 3
    assert record["what_if"]


def test_joined_to_the_slide_and_read_back(run_json, impute, slide_path, hole, tmp_path):
    path, inside = hole
    run_json(*impute("--fill-hole", path, "--join"))
    result, slide = read_h5ad(tmp_path / "out.h5ad"), read_h5ad(slide_path)
    assert result.n_obs == slide.n_obs
    measured = result.obs["measured"].to_numpy(dtype=bool)
    assert list(result.obs_names[~measured]) == inside
    kept = slide[result.obs_names[measured], result.var_names]
    np.testing.assert_allclose(result[measured].X.toarray(), kept.X.toarray())
    assert result[~measured].X.nnz == 0
    assert np.isnan(result.layers["predicted"][measured]).all()
    assert np.isfinite(result.layers["upper"][~measured]).all()
    assert result.obs["tissue"][measured].astype(str).tolist() == kept.obs["tissue"].astype(str).tolist()
    again = read(tmp_path / "out.h5ad")
    assert again.usable.tolist() == measured.tolist()  # nobody takes what was predicted for measured


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--gaps-only",), "give one with --fill-hole"),
        (("--densify", "1"), "1 is too small; give 2 or more"),
        (("--fill-hole", "nope.geojson"), "There is no file nope.geojson"),
        (("--fill-hole", "obs:nope"), "nope"),
        (("--densify", "2000"), "choose a smaller number"),
    ],
)
def test_holes_that_are_refused(refusal, impute, tmp_path, words, expected):
    assert expected in refusal(*impute(*words))
    assert not (tmp_path / "out.h5ad").exists()


@pytest.fixture(scope="module")
def stack(new_stack, tmp_path_factory) -> tuple[Path, Path]:
    """Write a registered stack of three sections, and a model of it."""
    folder = tmp_path_factory.mktemp("stack")
    path, model = folder / "stack.h5ad", folder / "model"
    new_stack().adata.write_h5ad(path)
    assert main(["train", str(path), "--model", str(model), "--registered", "--max-epochs", "2"]) == 0
    return path, model


def test_a_section_between_two(run_json, stack, tmp_path, capsys):
    path, model = stack
    words = ["impute", path, "--model", model, "--out", tmp_path / "out.h5ad", "--section-at", 100]
    found = run_json(*words)
    between = [{"section": "s1", "z": 0.0}, {"section": "s2", "z": 150.0}]
    assert found["predicted_section"] == {"z": 100.0, "unit": "units", "between": between}
    result = read_h5ad(tmp_path / "out.h5ad")
    assert (result.obsm["spatial"][:, 2] == 100).all()
    assert 0 < found["new_spots"] == result.n_obs <= 49
    assert json.loads(result.uns["napari_concert"])["predicted_section"]["between"] == between
    assert not result.obs["measured"].any()
    assert main([*map(str, words)]) == 0
    assert "a predicted section at z 100 units, between s1 (z 0) and s2 (z 150)" in capsys.readouterr().out


def test_sections_that_are_refused(refusal, impute, stack, tmp_path):
    path, model = stack
    words = ["impute", path, "--model", model, "--out", tmp_path / "out.h5ad"]
    assert "Section s2 was measured at z = 150" in refusal(*words, "--section-at", 150)
    assert "outside of the stack" in refusal(*words, "--section-at", -3)
    flat = [word for word in impute() if word != "--at"]
    flat.remove(next(word for word in flat if word.endswith("at.csv")))
    assert "has no z" in refusal(*flat, "--section-at", 10)
