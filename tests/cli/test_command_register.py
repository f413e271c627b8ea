"""``register``: sections of a file, or of several, in one frame; and ``--z-spacing`` elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from anndata import AnnData, concat, read_h5ad

from napari_concert import read
from napari_concert.cli import main
from napari_concert.concert import Concert
from napari_concert.slide import Rigid


@pytest.fixture(scope="module")
def section_paths(slide_path: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Write the slide and a turned copy of it, as two files."""
    folder = tmp_path_factory.mktemp("sections")
    paths = [folder / "s1.h5ad", folder / "s2.h5ad"]
    low, high = read_h5ad(slide_path), read_h5ad(slide_path)
    high.obsm["spatial"] = Rigid(50, (900, -400)).apply(np.asarray(high.obsm["spatial"], dtype=np.float64))
    for path, table in zip(paths, (low, high), strict=True):
        AnnData(
            table.X,
            obs=table.obs,
            var=table.var[[]],
            obsm={"spatial": table.obsm["spatial"]},
            uns={"spatial_units": "um"},
        ).write_h5ad(path)
    return paths


@pytest.fixture(scope="module")
def stack_path(section_paths: list[Path]) -> Path:
    """Write both sections into one file."""
    path = section_paths[0].with_name("both.h5ad")
    both = concat(dict(zip(("s1", "s2"), map(read_h5ad, section_paths), strict=True)), label="slab", index_unique=" ")
    both.uns["spatial_units"] = "um"
    both.write_h5ad(path)
    return path


def test_json_report_and_file(run_json, stack_path, tmp_path):
    out = tmp_path / "out.h5ad"
    found = run_json("register", stack_path, "--out", out, "--section", "slab", "--z-spacing", "12")
    assert (found["sections"], found["heights"], found["reference"]) == (["s1", "s2"], [0, 12], "s1")
    assert found["moves"]["s2"]["angle"] == pytest.approx(-50, abs=1)
    (pair,) = found["scores"]
    assert pair["after"]["correlation"] > pair["before"]["correlation"]
    assert pair["after"]["overlap"] == 1
    slide = read(out)
    assert slide.registered
    assert slide.columns.section == "slab"
    half = slide.n_spots // 2
    apart = np.linalg.norm(slide.coords[:half, :2] - slide.coords[half:, :2], axis=1)
    assert np.sqrt((apart**2).mean()) < 50
    np.testing.assert_array_equal(slide.raw_coords, read(stack_path).raw_coords)


def test_several_files_and_words(section_paths, tmp_path, capsys):
    out = tmp_path / "out.h5ad"
    assert main(["register", *map(str, section_paths), "--out", str(out), "--order", "s2,s1", "--reference", "s1"]) == 0
    said = capsys.readouterr()
    assert "before" in said.out
    assert "s2 – s1" in said.out
    assert "a guess; say --z-spacing" in said.out
    assert "Reference s1" in said.out
    assert "Aligning" in said.err or "Reading" in said.err
    assert read(out).stack.order == ("s2", "s1")


def test_what_does_not_fit_is_refused(refusal, stack_path, tmp_path):
    out = tmp_path / "out.h5ad"
    words = ["register", stack_path, "--section", "slab", "--out"]
    assert "'s3'" in refusal(*words, out, "--reference", "s3")
    assert "leaves out s2" in refusal(*words, out, "--order", "s1")
    assert "'s3'" in refusal(*words, out, "--order", "s1,s3")
    assert "itself" in refusal(*words, stack_path)
    assert ".h5ad" in refusal(*words, tmp_path / "out.csv")
    assert "section" in refusal("register", stack_path, "--out", out, "--section", "none")
    assert "slabb" in refusal("register", stack_path, "--out", out, "--section", "slabb")
    assert not list(tmp_path.iterdir())


def test_spacing_for_training_and_prediction(run_json, stack_path, tmp_path):
    spaced = ["--registered", "--z-spacing", "12"]
    words = ["train", stack_path, "--model", tmp_path / "m", "--section", "slab", "--max-epochs", "2"]
    run_json(*words, *spaced)
    assert Concert.load(tmp_path / "m").vocabulary.dimensions == 3
    patch = ["--spots", "obs:what_if", "--set", "perturbation=control"]
    run_json("predict", stack_path, "--model", tmp_path / "m", *patch, "--out", tmp_path / "p.h5ad", *spaced)
    assert read_h5ad(tmp_path / "p.h5ad").obsm["spatial"].shape[1] == 3


def test_spacing_needs_sections(refusal, slide_path, tmp_path):
    assert "section" in refusal("train", slide_path, "--model", tmp_path / "m", "--z-spacing", "12")
