"""``napari-concert evaluate``: what is asked for, printed, written and kept when interrupted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pytest

from napari_concert.cli import main
from napari_concert.evaluate import ledger
from napari_concert.evaluate.study import Job, Record
from napari_concert.evaluate.study.scoring import Score


def made(job: Job) -> Record:
    scores = tuple(Score(name, "mae", value, 0.0, 1.0) for name, value in (("model", 0.2), ("linear", 0.1)))
    return Record(job, "tumour", "10 spots of A become B", {}, scores, {"model": 2.0})


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return the jobs that a command asks for."""
    asked: list[Job] = []

    def runs(wanted: Sequence[Job]) -> Iterator[Record]:
        asked.extend(wanted)
        return map(made, wanted)

    monkeypatch.setattr(ledger, "sweep", lambda _, wanted, *__, **___: runs(wanted))
    return asked


def test_all_tasks_sizes_and_seeds_are_asked_for(slide_path: Path, jobs: list[Job], capsys) -> None:
    assert main(["evaluate", str(slide_path)]) == 0
    kinds, sizes, seeds = ({getattr(job, name) for job in jobs} for name in ("kind", "size", "seed"))
    assert kinds == {"patch", "border", "niche", "cross-niche"}
    assert (sizes, seeds) == ({10, 20, 40}, {0, 1, 2})
    assert len(jobs) == 36
    captured = capsys.readouterr()
    assert "[36/36] tumour, cross-niche, 40 spots, seed 2: 10 spots of A become B" in captured.err
    assert "a baseline wins. linear" in captured.out
    assert "never a validation of a cause" in captured.out


def test_options_win(slide_path: Path, jobs: list[Job]) -> None:
    words = ["--task", "niche", "--sizes", "8", "--seeds", "1", "--genes", "20", "--perturbation", "tissue"]
    assert main(["evaluate", str(slide_path), *words, "--control", "tumour"]) == 0
    (job,) = jobs
    assert (job.kind, job.size, job.seed, job.n_genes) == ("niche", 8, 0, 20)
    assert (job.file.columns.perturbation, job.file.columns.control) == ("tissue", ("tumour",))


def test_a_tissue_serves_as_the_state_and_the_commonest_as_control(slide_path: Path, jobs: list[Job], capsys) -> None:
    assert main(["evaluate", str(slide_path), "--perturbation", "none"]) == 0
    assert jobs[0].file.columns.perturbation == "tissue"
    assert jobs[0].file.columns.tissue is None
    assert jobs[0].file.columns.control
    assert "'tissue' serves as the state" in capsys.readouterr().err


def test_a_slide_without_states_is_refused(slide_path: Path, refusal) -> None:
    said = refusal("evaluate", slide_path, "--perturbation", "none", "--tissue", "none")
    assert "no two states to switch between" in said
    assert "--perturbation" in said


def test_an_interrupt_keeps_what_is_done(slide_path: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    def runs(wanted: Sequence[Job]) -> Iterator[Record]:
        yield made(wanted[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "sweep", lambda _, wanted, *__, **___: runs(wanted))
    assert main(["evaluate", str(slide_path), "--out", str(tmp_path / "done")]) == 130
    assert len(pd.read_csv(tmp_path / "done" / "scores.csv")) == 2
    report = json.loads((tmp_path / "done" / "report.json").read_text(encoding="utf-8"))
    assert (report["done"], report["asked"]) == (1, 36)
    assert "1 of 36 tasks are done" in capsys.readouterr().err


def test_json_is_the_report(slide_path: Path, jobs: list[Job], run_json: Callable[..., dict]) -> None:
    found = run_json("evaluate", slide_path, "--task", "patch", "--sizes", "10", "--seeds", "1")
    assert found["average_ranks"]["patch"] == {"linear": 1.0, "model": 2.0}
    assert found["tasks"][0]["said"] == "10 spots of A become B"
    assert len(jobs) == 1


def test_bad_options_are_refused_at_once(slide_path: Path, refusal, tmp_path: Path) -> None:
    assert "invalid choice" in refusal("evaluate", slide_path, "--task", "pach")
    assert "too small" in refusal("evaluate", slide_path, "--sizes", "2")
    assert "there is no size" in refusal("evaluate", slide_path, "--sizes", ",")
    (tmp_path / "file").touch()
    assert "is a file" in refusal("evaluate", slide_path, "--out", tmp_path / "file")


@pytest.mark.slow
def test_a_real_task_from_slide_to_page(slide_path: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    path = tmp_path / "base.h5ad"
    words = ["--spots", "500", "--genes", "30", "--family", "base", "--seed", "2"]
    assert main(["simulate", "tumour", str(path), *words]) == 0
    out = tmp_path / "out"
    words = ["--task", "patch", "--sizes", "8,300", "--seeds", "1", "--genes", "30", "--out", str(out)]
    assert main(["evaluate", str(path), *words]) == 0
    scores = pd.read_csv(out / "scores.csv")
    assert {"model", "linear", "the truth"} <= set(scores["method"])
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert ["no room" in (task["not_built"] or "") for task in report["tasks"]] == [False, True]
    assert (out / "report.html").stat().st_size > 10_000
