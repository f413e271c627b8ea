"""``simulate``, ``info`` and ``doctor``."""

from __future__ import annotations

import numpy as np
import pytest
from anndata import AnnData, read_h5ad

from napari_concert.cli import main
from napari_concert.simulate import has_truth


def test_simulated_slide_carries_its_truth_and_a_patch(slide_path):
    slide = read_h5ad(slide_path)
    assert slide.shape == (220, 24)
    assert has_truth(slide)
    assert 0 < slide.obs["what_if"].sum() < 220


def test_simulate_refuses_what_it_cannot_make(refusal, tmp_path):
    assert "200 spots" in refusal("simulate", "tumour", tmp_path / "x.h5ad", "--spots", "5")
    assert ".h5ad" in refusal("simulate", "tumour", tmp_path / "x.csv")
    assert "no folder" in refusal("simulate", "tumour", tmp_path / "absent" / "x.h5ad")
    assert not list(tmp_path.iterdir())


def test_info_json_says_what_is_there(run_json, slide_path):
    found = run_json("info", slide_path)
    assert (found["spots"], found["genes"], found["units"]) == (220, 24, "µm")
    assert found["perturbation"]["column"] == "perturbation"
    assert found["control"] == ["control"]
    assert found["tissue"]["column"] == "tissue"


def test_info_in_words(slide_path, capsys):
    assert main(["info", str(slide_path)]) == 0
    said = capsys.readouterr().out
    assert "220" in said
    assert "perturbation" in said
    assert "µm" in said


def test_info_tells_what_is_odd(run_json, slide_path, tmp_path):
    slide = read_h5ad(slide_path)
    counts = slide.X.toarray()
    counts[:2] = 0
    slide.X = counts
    slide.obsm["spatial"][5] = np.nan
    slide.write_h5ad(tmp_path / "odd.h5ad")
    found = run_json("info", tmp_path / "odd.h5ad")
    assert found["usable_spots"] == 217
    assert len(found["notes"]) >= 2


def test_a_missing_file_is_named(refusal, tmp_path):
    assert "nope.h5ad" in refusal("info", tmp_path / "nope.h5ad")


def test_normalised_data_are_refused_with_the_remedy(refusal, tmp_path):
    rng = np.random.default_rng(0)
    AnnData(rng.random((9, 4)), obsm={"spatial": rng.random((9, 2))}).write_h5ad(tmp_path / "normalised.h5ad")
    assert "raw counts" in refusal("info", tmp_path / "normalised.h5ad")


def test_a_damaged_file_is_refused(refusal, tmp_path):
    (tmp_path / "damaged.h5ad").write_bytes(b"not HDF5")
    assert "damaged.h5ad" in refusal("info", tmp_path / "damaged.h5ad")


@pytest.mark.parametrize("ending", ["", " --json"])
def test_doctor_survives_without_a_window(monkeypatch, capsys, ending):
    monkeypatch.setattr("napari_concert.cli.doctor.window", lambda: {"problem": "Qt can't be loaded"})
    assert main(f"doctor{ending}".split()) == 0
    said = capsys.readouterr().out
    assert "torch" in said
    assert "Qt can't be loaded" in said


def test_doctor_asks_qt_in_a_process_of_its_own(monkeypatch):
    from napari_concert.cli.doctor import window

    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    found = window()
    assert "qt" in found or "problem" in found


def test_doctor_reports_a_qt_that_ends_its_process(monkeypatch):
    from napari_concert.cli.doctor import window

    monkeypatch.setenv("QT_QPA_PLATFORM", "no-such-platform")
    assert "problem" in window()
