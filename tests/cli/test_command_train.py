"""``train``: the report, the columns, what is refused before any work, and cancelling."""

from __future__ import annotations

import io
import json
import signal

import numpy as np
import pytest
from anndata import read_h5ad

from napari_concert.cli import main, progress
from napari_concert.concert import Concert, Epoch
from napari_concert.remote import Stage


def train(*words: object) -> list[str]:
    return ["train", *map(str, words), "--max-epochs", "2"]


def test_json_report(run_json, slide_path, tmp_path):
    found = run_json(*train(slide_path, "--model", tmp_path / "m", "--seed", "4", "--genes", "20"))
    assert found["spots"] == 220
    assert found["genes"] == 20
    assert found["states"][0] == "control"
    assert found["controls"] == ["control"]
    assert set(found["tissues"]) == {"normal lung", "periphery", "tumour"}
    assert (found["device"], found["seed"], found["epochs"], found["cancelled"]) == ("cpu", 4, 2, False)
    assert found["losses"]["unit"] == "nats per spot and gene"
    assert np.isfinite([found["losses"]["train"], found["losses"]["heldout"], found["seconds"]]).all()
    assert found["notes"]
    assert Concert.load(tmp_path / "m").hash == found["hash"]


def test_progress_goes_to_stderr(slide_path, tmp_path, capsys):
    assert main(train(slide_path, "--model", tmp_path / "m")) == 0
    captured = capsys.readouterr()
    assert "epoch 1/2" in captured.err
    assert "nats per spot and gene" in captured.err
    assert "left" in captured.err
    assert "epoch 1/2" not in captured.out
    assert "saved in" in captured.out


def test_the_same_seed_gives_the_same_model(run_json, slide_path, tmp_path):
    first, again = (run_json(*train(slide_path, "--model", tmp_path / name))["hash"] for name in "ab")
    assert first == again


def test_also_genes_are_modelled(run_json, slide_path, tmp_path):
    gene = str(read_h5ad(slide_path).var_names[7])
    run_json(*train(slide_path, "--model", tmp_path / "m", "--genes", "5", "--also-genes", gene))
    assert gene in Concert.load(tmp_path / "m").genes


def test_several_slides(run_json, slide_path, tmp_path):
    other = read_h5ad(slide_path)
    other.obs["perturbation"] = other.obs["perturbation"].cat.rename_categories({"control": "wt"})
    other.write_h5ad(tmp_path / "other.h5ad")
    found = run_json(*train(slide_path, tmp_path / "other.h5ad", "--model", tmp_path / "m"))
    assert found["spots"] == 440
    assert set(found["controls"]) == {"control", "wt"}


def test_another_perturbation_finds_its_own_controls(run_json, slide_path, tmp_path):
    found = run_json(*train(slide_path, "--model", tmp_path / "m", "--perturbation", "tissue", "--tissue", "none"))
    assert set(found["states"]) == {"normal lung", "periphery", "tumour"}
    assert "normal lung" in found["controls"]
    assert found["tissues"] == []
    assert found["columns"]["perturbation"] == "tissue"


def test_controls_and_unknown_labels_are_taken_as_given(run_json, slide_path, tmp_path):
    words = ("--control", "control", "Jak2", "--unknown", "Ifngr2")
    found = run_json(*train(slide_path, "--model", tmp_path / "m", *words))
    assert found["controls"] == ["control", "Jak2"]
    assert "Ifngr2" not in found["states"]


def test_no_perturbation_trains_and_says_that_what_ifs_are_off(run_json, slide_path, tmp_path):
    found = run_json(*train(slide_path, "--model", tmp_path / "m", "--perturbation", "none"))
    assert found["states"] == []
    assert any("what-ifs are off" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--perturbation", "pertubation"), "perturbation"),
        (("--tissue", "tisue"), "tissue"),
        (("--control", "contrl"), "control"),
        (("--unknown", "Jack2"), "Jak2"),
        (("--continuous", "tissue"), "numbers"),
        (("--also-genes", "Stat1x"), "Stat1"),
        (("--device", "tpu"), "cpu"),
    ],
)
def test_a_wrong_choice_is_refused_with_what_to_do(refusal, slide_path, tmp_path, words, expected):
    assert expected in refusal(*train(slide_path, "--model", tmp_path / "m", *words))
    assert not (tmp_path / "m").exists()


def test_a_column_of_too_many_labels_is_refused(refusal, slide_path, tmp_path):
    slide = read_h5ad(slide_path)
    slide.obs["total"] = np.arange(220) / 7
    slide.write_h5ad(tmp_path / "s.h5ad")
    line = refusal(*train(tmp_path / "s.h5ad", "--model", tmp_path / "m", "--perturbation", "total"))
    assert "tissue" in line


def test_an_unwritable_model_folder_is_refused_before_training(refusal, slide_path, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_concert.concert.Concert.training", lambda *_: pytest.fail("it trained"))
    (tmp_path / "file").write_text("")
    assert "is a file" in refusal(*train(slide_path, "--model", tmp_path / "file"))
    assert "is a file" in refusal(*train(slide_path, "--model", tmp_path / "file" / "m"))


def test_ctrl_c_keeps_and_saves_the_best_weights_so_far(slide_path, tmp_path, monkeypatch, capsys):
    shown = progress.Progress.__call__

    def interrupt(self: progress.Progress, epoch: Epoch) -> None:
        shown(self, epoch)
        if epoch.index == 2:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(progress.Progress, "__call__", interrupt)
    before = signal.getsignal(signal.SIGINT)
    assert main(["train", str(slide_path), "--model", str(tmp_path / "m"), "--max-epochs", "50", "--json"]) == 130
    captured = capsys.readouterr()
    assert json.loads(captured.out)["cancelled"] is True
    assert "best weights so far" in captured.err
    assert Concert.load(tmp_path / "m").is_trained
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_before_the_first_epoch_saves_nothing(slide_path, tmp_path, monkeypatch, capsys):
    def at_once(self: Concert, max_epochs: int | None = None):
        signal.raise_signal(signal.SIGINT)
        yield Epoch(1, 50, float("nan"), float("nan"), 0.0, 9.0, best=False, fraction=0.1)

    monkeypatch.setattr(Concert, "training", at_once)
    assert main(["train", str(slide_path), "--model", str(tmp_path / "m")]) == 130
    assert "nothing was saved" in capsys.readouterr().err
    assert not (tmp_path / "m").exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_stage_that_is_told_again_does_not_take_the_place_of_an_epoch():
    stream = Terminal()
    show = progress.Progress(stream)
    for step in (Stage("", "connecting"), Stage("gpu", "preparing")):
        show(step)
    show(Epoch(1, 9, 1.5, 1.5, 1.0, 200.0, best=True))
    show(Stage("gpu", "preparing"))
    assert [text.rstrip("\x1b[K") for text in stream.getvalue().split("\r")][1:3] == [
        "connecting …",
        "gpu: preparing …",
    ]
    assert stream.getvalue().split("\r")[-1].startswith("epoch 1/9")


def test_progress_rewrites_its_line_on_a_terminal():
    stream = Terminal()
    show = progress.Progress(stream)
    for index in (1, 2):
        show(Epoch(index, 9, 1.5, float("nan"), 1.0, 200.0, best=True))
    show.close()
    assert stream.getvalue().count("\r") == 3
    assert "\n" not in stream.getvalue()
    assert "epoch 2/9 · training 1.5000 · held-out – nats per spot and gene · at most 3 min left" in stream.getvalue()


@pytest.mark.slow
def test_a_worker_elsewhere_trains_the_same_model(run_json, slide_path, tmp_path, cluster, capsys):
    words = (slide_path, "--seed", "4", "--genes", "20", "--device", "cpu")
    there = run_json(*train(*words, "--model", tmp_path / "there", "--scheduler", cluster.scheduler_address))
    here = run_json(*train(*words, "--model", tmp_path / "here"))
    assert here.pop("remote") is None
    assert there.pop("remote")["device"] == "cpu"
    for report in (here, there):
        for name in ("seconds", "model", "columns"):
            del report[name]
    assert there == here
    assert Concert.load(tmp_path / "there").hash == here["hash"]
    assert main(train(*words, "--model", tmp_path / "told", "--scheduler", cluster.scheduler_address)) == 0
    assert "220 spots × 20 genes on " in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_is_named(refusal, slide_path, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_concert.remote.cluster.PATIENCE", 0.5)
    line = refusal(*train(slide_path, "--model", tmp_path / "m", "--scheduler", "tcp://127.0.0.1:1"))
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in line
    assert not (tmp_path / "m").exists()
