"""``napari-concert benchmark``, with runs that are made up: what is run, printed, written and kept when interrupted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd
import pytest

from napari_concert.cli import main
from napari_concert.evaluate import ledger
from napari_concert.evaluate.benchmark import Job, Run
from napari_concert.simulate import FAMILIES


def made(job: Job) -> Run:
    score = {"spots": 20, "affected": 9, "affected_pcc": 0.94, "genes_pcc": 0.9, "entries_pcc": 0.9, "slope": 1.0}
    score |= {"rms": 0.1, "coverage": 0.95, "affected_coverage": 0.9, "level_pcc": 0.99}
    each = [{"region": region, "method": "model", **score} for region in ("patch", "ring")]
    return Run(job, 600.0, 20.0, 15, tuple(each))


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Return the jobs that a command asks for."""
    asked: list[Job] = []

    def runs(wanted: Sequence[Job]) -> Iterator[Run]:
        asked.extend(wanted)
        return map(made, wanted)

    monkeypatch.setattr(ledger, "sweep", lambda _, wanted, *__, **___: runs(wanted))
    return asked


def test_all_families_are_run_on_three_seeds(jobs, capsys):
    assert main(["benchmark"]) == 0
    assert [(job.family, job.seed) for job in jobs] == [(name, seed) for name in FAMILIES for seed in (1, 2, 3)]
    assert {(job.n_spots, job.n_genes) for job in jobs} == {(1903, 2000)}
    captured = capsys.readouterr()
    assert captured.out.startswith("family")
    assert "[1/" in captured.err


def test_quick_is_small_and_options_win(jobs):
    assert main(["benchmark", "--quick"]) == 0
    assert {(job.seed, job.n_spots, job.n_genes) for job in jobs} == {(1, 900, 400)}
    jobs.clear()
    words = ["--quick", "--family", "dense", "--family", "sparse", "--seeds", "4,5", "--spots", "300", "--genes", "30"]
    assert main(["benchmark", *words]) == 0
    assert jobs == [Job(name, seed, 300, 30) for name in ("dense", "sparse") for seed in (4, 5)]


def test_json_has_scores_and_bars(jobs, run_json: Callable[..., dict]):
    found = run_json("benchmark", "--family", "base", "--seeds", "1")
    assert [score["region"] for score in found["scores"]] == ["patch", "ring"]
    assert {bar["region"]: bar["is_met"] for bar in found["bars"]} == {"patch": False, "ring": True}
    job = {"family": "base", "seed": 1, "n_spots": 1903, "n_genes": 2000}
    assert found["runs"] == [{**job, "findings": [], "error": None}]


def test_an_interrupt_keeps_what_is_done(tmp_path, monkeypatch, capsys):
    def runs(wanted: Sequence[Job]) -> Iterator[Run]:
        yield made(wanted[0])
        raise KeyboardInterrupt

    monkeypatch.setattr(ledger, "sweep", lambda _, wanted, *__, **___: runs(wanted))
    assert main(["benchmark", "--family", "base", "--out", str(tmp_path / "done")]) == 130
    assert len(pd.read_csv(tmp_path / "done" / "scores.csv")) == 2
    captured = capsys.readouterr()
    assert "1 of 3 slides are done" in captured.err
    assert "base" in captured.out


def test_a_slide_that_fails_is_told_and_the_exit_code_says_so(monkeypatch, capsys):
    monkeypatch.setattr(ledger, "sweep", lambda _, wanted, *__, **___: iter([Run(wanted[0], error="no room")]))
    assert main(["benchmark", "--family", "base", "--seeds", "1"]) == 2
    assert "failed: no room" in capsys.readouterr().err


def test_bad_options_are_refused_at_once(refusal, tmp_path):
    assert "Did you mean base" in refusal("benchmark", "--family", "bass")
    assert "there is no seed" in refusal("benchmark", "--seeds", ",")
    assert "'x' is not a whole number" in refusal("benchmark", "--seeds", "1,x")
    (tmp_path / "file").touch()
    assert "is a file" in refusal("benchmark", "--out", tmp_path / "file")
