"""``qc``: what is written, what is said, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from napari_concert.cli import main


@pytest.fixture
def qc(slide_path: Path, model_path: Path, tmp_path: Path):
    """Return the words of a qc command."""

    def words(*more: object, out: str = "qc") -> list[str]:
        return ["qc", *map(str, (slide_path, "--model", model_path, "--out", tmp_path / out, *more))]

    return words


def test_everything_is_written(run_json, qc, tmp_path):
    found = run_json(*qc("--hole", 10))
    folder = tmp_path / "qc"
    assert found["hiding"]["scheme"] == "holes"
    assert found["hiding"]["hole"] == 10
    assert found["summary"]["spots"] == 20
    assert found["caution"]
    record = json.loads((folder / "summary.json").read_text())
    assert record["command"].startswith("napari-concert qc ")
    assert record["verdict"] == found["verdict"]
    assert len(pd.read_csv(folder / "spots.csv")) == 20
    assert len(pd.read_csv(folder / "genes.csv")) == 24


def test_in_words(qc, capsys):
    assert main(qc("--hide", "random", "--share", "0.05")) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0].startswith("Of 11 spots hidden at random: ")
    assert lines[1].startswith("95 % intervals held ")
    assert lines[-1].startswith("Written to ")
    assert "caution: The model was trained on these spots" in captured.err


def test_training_anew_knows_nothing_of_the_spots(run_json, qc):
    found = run_json(*qc("--hide", "every-second", "--train"))
    assert found["trained_without_hidden_spots"] is True
    assert found["caution"] is None
    assert found["hiding"]["scheme"] == "every second"


def test_the_same_seed_hides_the_same(run_json, qc, tmp_path):
    run_json(*qc("--hide", "random", "--seed", 4, out="one"))
    run_json(*qc("--hide", "random", "--seed", 4, out="two"))
    one, two = (pd.read_csv(tmp_path / name / "spots.csv") for name in ("one", "two"))
    pd.testing.assert_frame_equal(one, two)


def test_what_one_way_alone_needs_names_it(run_json, qc):
    found = run_json(*qc("--spots", "obs:tissue=tumour"))
    assert found["hiding"]["scheme"] == "painted"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hide", "painted"), "--hide painted needs the spots"),
        (("--hide", "random", "--width", "2"), "--width goes with --hide stripe"),
        (("--hide", "section"), "Which section"),
        (("--share", "1.5"), "not a share"),
        (("--hide", "random", "--share", "0.7"), "at most 0.5"),
        (("--hide", "wholes"), "invalid choice"),
    ],
)
def test_what_does_not_go_together_is_refused(refusal, qc, words, said):
    assert said in refusal(*qc(*words))


def test_a_folder_that_is_a_file_is_refused_before_any_work(refusal, qc, tmp_path):
    (tmp_path / "qc").write_text("")
    assert "is a file" in refusal(*qc())
