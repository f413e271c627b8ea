"""``napari-concert simulate``: a slide of any family, and the list of them."""

from __future__ import annotations

import anndata
import pytest

from napari_concert.cli import main
from napari_concert.simulate import FAMILIES, family, stroke


def test_a_slide_of_a_family_is_written(tmp_path, capsys):
    out = tmp_path / "slide.h5ad"
    words = ["simulate", "tumour", str(out), "--family", "reverse", "--spots", "300", "--genes", "30", "--seed", "4"]
    assert main(words) == 0
    written, again = anndata.read_h5ad(out), family("reverse").simulate(4, 300, 30)
    assert (written.X != again.X).nnz == 0
    assert written.uns["napari_concert_truth"]["target"] == "control"
    assert "300 spots × 30 genes" in capsys.readouterr().out


def test_families_are_listed_with_what_is_varied(capsys):
    assert main(["simulate", "families"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FAMILIES)
    assert all(line.endswith(each.varies) for line, each in zip(lines, FAMILIES.values(), strict=True))


@pytest.mark.parametrize("name", ["bass", "Base"])
def test_a_misspelt_family_suggests_the_nearest(refusal, tmp_path, name):
    assert "Did you mean base" in refusal("simulate", "tumour", tmp_path / "slide.h5ad", "--family", name)


def test_a_stroke_stack_is_written(tmp_path, capsys):
    out = tmp_path / "stroke.h5ad"
    words = ["simulate", "stroke", str(out), "--sections", "4", "--spots", "160", "--genes", "60", "--seed", "3"]
    assert main(words) == 0
    written, again = anndata.read_h5ad(out), stroke(4, 160, 60, 3)
    assert (written.X != again.X).nnz == 0
    assert "640 spots × 60 genes" in capsys.readouterr().out


def test_an_odd_number_of_sections_is_refused(refusal, tmp_path):
    assert "an even number of sections" in refusal("simulate", "stroke", tmp_path / "s.h5ad", "--sections", "3")
