"""``predict``: what is written, what is reported, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from anndata import read_h5ad

from napari_concert.cli import main
from napari_concert.io import read, write_patch_txt, write_patches
from napari_concert.patches import Patch
from napari_concert.prediction.export import LAYERS


@pytest.fixture
def predict(slide_path, model_path, tmp_path):
    """Return the words of a predict command; the patch is the slide's example unless another is given."""

    def words(*more: object, path: Path = slide_path, model: Path = model_path, out: str = "out.h5ad") -> list[str]:
        patch = () if "--spots" in more else ("--spots", "obs:what_if", "--set", "perturbation=Jak2")
        return ["predict", *map(str, (path, "--model", model, "--out", tmp_path / out, *patch, *more))]

    return words


@pytest.fixture
def rows(slide_path) -> np.ndarray:
    return np.flatnonzero(read_h5ad(slide_path).obs["what_if"])


def test_train_and_predict_as_processes(slide_path, tmp_path):
    def napari_concert(*words: object) -> str:
        command = [sys.executable, "-m", "napari_concert", *map(str, words)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    trained = json.loads(napari_concert("train", slide_path, "--model", tmp_path / "m", "--max-epochs", "3", "--json"))
    patch = ("--spots", "obs:what_if", "--set", "perturbation=Jak2")
    out = tmp_path / "out.h5ad"
    found = json.loads(napari_concert("predict", slide_path, "--model", tmp_path / "m", *patch, "--out", out, "--json"))
    record = json.loads(read_h5ad(out).uns["napari_concert"])
    assert found["genes"] == trained["genes"]
    assert record["model_hash"] == trained["hash"]


def test_the_result_holds_everything(run_json, predict, slide_path, rows, tmp_path):
    words = predict()
    found = run_json(*words)
    given, result = read_h5ad(slide_path), read_h5ad(tmp_path / "out.h5ad")
    assert set(LAYERS) <= set(result.layers)
    assert list(result.obs_names) == list(given.obs_names)
    assert list(result.var_names) == [gene for gene in given.var_names if gene in set(result.var_names)]
    np.testing.assert_allclose(result.obsm["spatial"], given.obsm["spatial"])
    np.testing.assert_array_equal(np.flatnonzero(result.obs["painted"]), rows)
    record = json.loads(result.uns["napari_concert"])
    assert record["command"].startswith("napari-concert predict ")
    assert record["what_if"][0]["spots"] == rows.tolist()
    assert {"versions", "seed", "model_hash", "warnings"} <= set(record)
    assert found["out"] == str(tmp_path / "out.h5ad")


def test_the_report(run_json, predict, rows):
    found = run_json(*predict())
    assert found["painted_spots"] == len(rows)
    assert found["area_unit"] == "mm²"
    assert found["area"] == pytest.approx(len(rows) * 1e4 * np.sqrt(3) / 2 / 1e6)
    assert found["targets"][0]["set"] == {"perturbation": "Jak2"}
    assert found["genes"] == 24
    for where in ("patch", "surroundings"):
        leading = found[where]["leading_genes"]
        assert all(gene["lower"] <= gene["change"] <= gene["upper"] for gene in leading)
        assert len({gene["gene"] for gene in leading}) == 10
    assert (found["surroundings"]["within"], found["surroundings"]["within_unit"]) == (200, "µm")
    for region in ("patch", "surroundings"):
        assert -1 <= found["truth"][region]["genes_pcc"] <= 1
    assert -1 <= found["truth"]["patch"]["mean_shift_pcc"] <= 1
    assert found["truth"]["surroundings"]["mean_shift_pcc"] is None
    assert "correlation" in found["truth"]["what"]


def test_the_report_in_words(predict, capsys):
    assert main(predict()) == 0
    said = capsys.readouterr().out
    assert "→ perturbation Jak2" in said
    assert "within 200 µm" in said
    assert "Simulated slide" in said


@pytest.mark.parametrize("kind", ["txt", "geojson", "csv"])
def test_spots_from_files(run_json, predict, slide_path, rows, tmp_path, kind):
    path = tmp_path / f"patch.{kind}"
    write_patches(path, read(slide_path), [Patch(rows)])
    if kind == "txt":
        assert path.read_text().split()[0] == str(rows[0] + 1)  # 1-based
    run_json(*predict("--spots", path, "--set", "perturbation=Jak2"))
    np.testing.assert_array_equal(np.flatnonzero(read_h5ad(tmp_path / "out.h5ad").obs["painted"]), rows)


def test_spots_of_one_label_of_a_column(run_json, refusal, predict, slide_path, tmp_path):
    run_json(*predict("--spots", "obs:perturbation=Tgfbr2", "--set", "perturbation=Jak2"))
    labels, painted = read(slide_path).labels("perturbation"), read_h5ad(tmp_path / "out.h5ad").obs["painted"]
    np.testing.assert_array_equal(painted, labels == "Tgfbr2")
    for spots, hint in (
        ("obs:perturbation=Tgfr2", "Did you mean Tgfbr2"),
        ("obs:pertubation=Jak2", "Did you mean perturbation"),
        ("obs:tissue", "Name one label: obs:tissue="),
    ):
        assert hint in refusal(*predict("--spots", spots, "--set", "perturbation=Jak2"))


def test_two_patches_each_with_its_own_target(run_json, predict, tmp_path):
    for name, rows in (("a", [3, 4]), ("b", [70, 71, 72])):
        write_patch_txt(tmp_path / f"{name}.txt", rows)
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    groups = (
        "--spots",
        a,
        "--set",
        "perturbation=Jak2",
        "--set",
        "tissue=tumour",
        "--spots",
        b,
        "--set",
        "perturbation=Ifngr2",
    )
    found = run_json(*predict(*groups))
    assert [(t["spots"], t["set"]) for t in found["targets"]] == [
        (2, {"perturbation": "Jak2", "tissue": "tumour"}),
        (3, {"perturbation": "Ifngr2"}),
    ]
    assert found["painted_spots"] == 5


def test_only_genes_come_in_the_slides_order(run_json, predict, slide_path, tmp_path):
    genes = read_h5ad(slide_path).var_names
    run_json(*predict("--only-genes", f"{genes[9]},{genes[2]}"))
    assert list(read_h5ad(tmp_path / "out.h5ad").var_names) == [genes[2], genes[9]]


def test_genes_come_in_the_order_of_the_slide_predicted(run_json, predict, slide_path, tmp_path):
    slide = read_h5ad(slide_path)[:, ::-1].copy()
    slide.write_h5ad(tmp_path / "reversed.h5ad")
    run_json(*predict())
    there = read_h5ad(tmp_path / "out.h5ad")
    run_json(*predict(path=tmp_path / "reversed.h5ad", out="back.h5ad"))
    back = read_h5ad(tmp_path / "back.h5ad")
    assert list(back.var_names) == list(slide.var_names)
    for layer in LAYERS:
        np.testing.assert_allclose(back[:, there.var_names].layers[layer], there.layers[layer], rtol=1e-4, atol=1e-5)


def test_empty_spots_stay_as_nan(run_json, predict, slide_path, rows, tmp_path):
    slide = read_h5ad(slide_path)
    counts = slide.X.toarray()
    counts[rows[0]] = 0
    slide.X = counts
    slide.write_h5ad(tmp_path / "s.h5ad")
    found = run_json(*predict(path=tmp_path / "s.h5ad"))
    change = read_h5ad(tmp_path / "out.h5ad").layers["change"]
    assert np.isnan(change[rows[0]]).all()
    assert np.isfinite(np.delete(change, rows[0], axis=0)).all()
    assert any("1 painted spot" in text for text in found["warnings"])


@pytest.mark.parametrize("lost", [slice(0, 2), slice(None)], ids=["some", "all of the patch"])
def test_spots_without_coordinates_stay_as_nan(run_json, predict, slide_path, rows, tmp_path, capsys, lost):
    slide, nowhere = read_h5ad(slide_path), np.append(rows[lost], [0, 1])
    slide.obsm["spatial"][nowhere] = np.nan
    slide.write_h5ad(tmp_path / "s.h5ad")
    found = run_json(*predict(path=tmp_path / "s.h5ad"))
    assert found["truth"]["patch"]["spots"] == len(rows) - len(rows[lost])
    change = read_h5ad(tmp_path / "out.h5ad").layers["change"]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(change).all(axis=1)), np.unique(nowhere))
    assert main(predict(path=tmp_path / "s.h5ad")) == 0
    assert "Simulated slide" in capsys.readouterr().out


def test_an_error_in_the_report_leaves_no_file(predict, tmp_path, monkeypatch):
    def fail(_: object) -> None:
        raise RuntimeError("no report")

    monkeypatch.setattr("napari_concert.cli.report.Report.to_json", fail)
    with pytest.raises(RuntimeError, match="no report"):
        main(predict("--json"))
    assert not (tmp_path / "out.h5ad").exists()


def test_a_result_knows_its_unit(run_json, predict, tmp_path):
    run_json(*predict())
    assert run_json("info", tmp_path / "out.h5ad")["units"] == "µm"


def test_a_state_never_seen_in_this_tissue_warns(predict, tmp_path, slide_path, capsys):
    lung = np.flatnonzero(read_h5ad(slide_path).obs["tissue"] == "normal lung")[:3]
    write_patch_txt(tmp_path / "lung.txt", lung)
    assert main(predict("--spots", tmp_path / "lung.txt", "--set", "perturbation=Jak2")) == 0
    assert "never measured" in capsys.readouterr().err


def test_nothing_to_change_warns(run_json, predict):
    found = run_json(*predict("--spots", "obs:what_if", "--set", "perturbation=control"))
    assert any("nothing changes" in text for text in found["warnings"])


def test_units_and_columns_come_from_the_model(run_json, predict, slide_path, tmp_path):
    slide = read_h5ad(slide_path)
    del slide.uns["spatial_units"]
    slide.obs = slide.obs.rename(columns={"perturbation": "guide", "tissue": "area"})
    slide.write_h5ad(tmp_path / "plain.h5ad")
    words = ("--perturbation", "guide", "--tissue", "area", "--um-per-unit", "2", "--max-epochs", "2")
    run_json("train", tmp_path / "plain.h5ad", "--model", tmp_path / "m", *words)
    found = run_json(*predict(path=tmp_path / "plain.h5ad", model=tmp_path / "m"))
    assert (found["surroundings"]["within"], found["surroundings"]["within_unit"]) == (400, "µm")
    assert found["truth"] is None  # the simulator's columns were renamed


def test_a_target_may_use_the_columns_own_name(run_json, predict, slide_path, tmp_path):
    run_json(
        "train",
        slide_path,
        "--model",
        tmp_path / "m",
        "--perturbation",
        "tissue",
        "--tissue",
        "none",
        "--max-epochs",
        "2",
    )
    found = run_json(*predict("--spots", "obs:what_if", "--set", "tissue=periphery", model=tmp_path / "m"))
    assert found["targets"][0]["set"] == {"perturbation": "periphery"}
    assert found["truth"] is None


def test_continuous_targets_are_numbers(run_json, refusal, predict, slide_path, tmp_path):
    slide = read_h5ad(slide_path)
    slide.obs["time"] = np.random.default_rng(0).integers(0, 9, 220) / 2
    slide.write_h5ad(tmp_path / "s.h5ad")
    path, model = tmp_path / "s.h5ad", tmp_path / "m"
    run_json("train", path, "--model", model, "--continuous", "time", "--max-epochs", "2")
    patch = ("--spots", "obs:what_if", "--set")
    found = run_json(*predict(*patch, "time=2.5", path=path, model=model))
    assert found["targets"][0]["set"] == {"time": 2.5}
    assert "number" in refusal(*predict(*patch, "time=late", path=path, model=model))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--spots", "obs:what_if", "--set", "perturbation=Jack2"), "Jak2"),
        (("--spots", "obs:what_if", "--set", "pertubation=Jak2"), "perturbation"),
        (("--spots", "obs:whatif", "--set", "perturbation=Jak2"), "what_if"),
        (("--spots", "obs:tissue", "--set", "perturbation=Jak2"), "yes or no"),
        (("--set", "perturbation=Jak2", "--spots", "obs:what_if"), "before any --spots"),
        (("--spots", "obs:what_if"), "has no --set"),
        (("--spots", "obs:what_if", "--set", "Jak2"), "perturbation=STATE"),
        (("--spots", "nope.txt", "--set", "perturbation=Jak2"), "nope.txt"),
        (("--only-genes", "Stat1x"), "Stat1"),
    ],
)
def test_a_wrong_patch_or_gene_is_refused_with_what_to_do(refusal, predict, tmp_path, words, expected):
    assert expected in refusal(*predict(*words))
    assert not (tmp_path / "out.h5ad").exists()


def test_spots_out_of_range_are_refused(refusal, predict, tmp_path):
    (tmp_path / "far.txt").write_text("1\n221\n")
    line = refusal(*predict("--spots", tmp_path / "far.txt", "--set", "perturbation=Jak2"))
    assert "221" in line
    assert "220" in line


def test_unwritable_results_are_refused_before_any_work(refusal, predict, slide_path, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_concert.concert.Concert.load", lambda *_: pytest.fail("it loaded"))
    assert "no folder" in refusal(*predict(out="absent/out.h5ad"))
    assert ".h5ad" in refusal(*predict(out="out.csv"))
    (tmp_path / "folder.h5ad").mkdir()
    assert "is a folder" in refusal(*predict(out="folder.h5ad"))
    assert "slide itself" in refusal(*predict("--out", slide_path))


def test_a_folder_without_a_model_is_refused(refusal, predict, tmp_path):
    assert "no trained model" in refusal(*predict(model=tmp_path))


def test_a_slide_that_does_not_fit_is_refused(refusal, predict, slide_path, tmp_path):
    slide = read_h5ad(slide_path)[:, 5:].copy()
    slide.write_h5ad(tmp_path / "few.h5ad")
    assert "5 of the model's 24 genes" in refusal(*predict(path=tmp_path / "few.h5ad"))
