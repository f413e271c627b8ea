"""The benchmark on tiny slides: what a run scores, a process of its own, the table, the files."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_concert.evaluate import apart, benchmark
from napari_concert.evaluate.benchmark import Job, Run
from napari_concert.evaluate.benchmark.inpainting import hide
from napari_concert.evaluate.benchmark.job import _failed, run
from napari_concert.model.runtime import set_threads
from napari_concert.simulate.families import Bar, family

JOB = Job("base", 3, 300, 30)
METHODS = {"model", "no change", "slide mean", "mean shift", "6 nearest", "30 nearest", "oracle"}


@pytest.fixture(scope="module")
def done() -> Run:
    set_threads(1)
    return run(JOB)


def scores_of(found: Run) -> pd.DataFrame:
    return benchmark.frame([found]).set_index(["region", "method"])


def test_every_method_is_scored_in_patch_and_ring(done: Run) -> None:
    scores = scores_of(done)
    assert set(scores.index) == {(region, method) for region in ("patch", "ring") for method in METHODS}
    assert done.seconds > 0
    assert done.epochs > 0
    assert done.peak_mib > 100
    assert scores["spots"].gt(0).all()
    assert scores.loc[("patch", "oracle"), "affected_pcc"] > 0.6


def test_baselines_leave_the_ring_alone_and_the_slide_mean_does_not(done: Run) -> None:
    ring = scores_of(done).loc["ring"]
    for method in ("no change", "mean shift", "6 nearest", "30 nearest"):
        assert np.isnan(ring.loc[method, "genes_pcc"])
        assert ring.loc[method, "rms"] == ring.loc["no change", "rms"]
    assert ring.loc["slide mean", "rms"] > 0


def test_only_the_model_has_intervals(done: Run) -> None:
    patch = scores_of(done).loc["patch"]
    assert 0 < patch.loc["model", "coverage"] <= 1
    assert patch.drop("model")["coverage"].isna().all()


def test_a_pair_is_painted_on_the_second_slide() -> None:
    found = run(Job("new-slide", 3, 300, 30))
    assert {score["region"] for score in found.scores} == {"patch", "ring"}


def test_hidden_spots_are_predicted_from_those_around() -> None:
    found = run(replace(JOB, family="in-painting"))
    scores = benchmark.frame([found]).set_index("method")
    assert set(scores.index) == {"model", "6 nearest", "30 nearest"}
    assert (scores["region"] == "hole").all()
    assert (scores["spots"] == 15).all()
    assert scores.loc["model", "mae"] < 2 * scores.loc["30 nearest", "mae"]
    assert 0.5 < scores.loc["model", "count_coverage"] <= 1
    assert "PCC 6 near" in benchmark.table([found])


def test_a_hole_is_cut_out_of_the_slide() -> None:
    adata = family("in-painting").simulate(1, 400, 30)
    hole = hide(adata, 60, 1)
    assert len(hole.rows) == 20
    assert hole.measured.n_spots == 380
    spread = np.linalg.norm(hole.coords - hole.coords.mean(axis=0), axis=1)
    assert spread.max() < 400
    kept = np.setdiff1d(np.arange(400), hole.rows)
    assert np.array_equal(hole.measured.coords, hole.whole.coords[kept])


def test_a_run_in_a_process_of_its_own_is_the_same_run(done: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    (found,) = benchmark.SWEEP.runs([JOB])
    assert not found.error
    columns = ["affected_pcc", "slope", "rms"]
    assert np.allclose(scores_of(found)[columns], scores_of(done)[columns], rtol=1e-3, equal_nan=True)


def test_a_job_that_fails_says_why_and_the_next_one_runs() -> None:
    found, other = benchmark.SWEEP.runs([replace(JOB, n_spots=10), replace(JOB, family="bass")])
    assert "at least 200 spots" in found.error
    assert "no family of slides called 'bass'" in other.error
    assert not found.scores


def test_a_process_that_ends_without_an_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_answer", print)
    (found,) = apart.apart(run, [JOB], _failed)
    assert "without an answer" in found.error


# -- table and files --------------------------------------------------------------------------------------------------


def made(pcc: float, seed: int, name: str = "base") -> Run:
    score = {
        "spots": 20,
        "affected": 9,
        "affected_pcc": pcc,
        "genes_pcc": pcc,
        "entries_pcc": pcc,
        "slope": 1.0,
        "rms": 0.1,
        "coverage": 0.95,
        "affected_coverage": 0.9,
        "level_pcc": 0.99,
    }
    methods = ("model", "oracle", "mean shift", "6 nearest", "30 nearest", "slide mean")
    each = [{"region": region, "method": method, **score} for region in ("patch", "ring") for method in methods]
    return Run(Job(name, seed, 1903, 2000), 600.0, 20.0, 15, tuple(each))


def test_the_table_has_means_ranges_and_marks() -> None:
    lines = benchmark.table(
        [made(0.89, 1), made(0.99, 2), Run(Job("dense", 1, 300, 30), error="too dense")]
    ).splitlines()
    assert "0.94 (0.89–0.99)" in lines[1]
    assert [line.split()[:2] for line in lines[1:3]] == [["base", "patch"], ["base", "ring"]]
    assert "affected_pcc ≥ 0.95 ✗" in lines[1]
    assert "affected_pcc ≥ 0.93 ✓" in lines[2]
    assert lines[-1] == "dense, seed 1: too dense"
    assert {line.index(end) + len(end) for line, end in zip(lines, ("MiB", "600", "600"), strict=False)} == {
        lines[0].index("MiB") + 3
    }


def test_findings_of_the_painted_states_are_told() -> None:
    found = run(Job("no-spill", 3, 400, 60))
    assert all(said.startswith(("Jak2: ", "control: ")) for said in found.findings)
    told = replace(found, findings=("Jak2: no spill-over was found.",))
    assert "no-spill, seed 3: Jak2: no spill-over was found." in benchmark.table([told]).splitlines()


def test_bars_are_met_on_average() -> None:
    patch, ring = benchmark.verdicts([made(0.95, 1), made(0.99, 2)])
    assert (patch.family, patch.region, patch.found) == ("base", "patch", pytest.approx(0.97))
    assert patch.is_met
    assert ring.is_met
    assert benchmark.verdicts([made(0.5, 1, "batches")]) == []
    assert Bar("ring", "rms", 0.1, at_most=True).is_met(0.05)
    assert not Bar("ring", "rms", 0.1, at_most=True).is_met(float("nan"))
    assert str(family("base").bars[0]) == "affected_pcc ≥ 0.95"


def test_nothing_done_has_no_table() -> None:
    assert benchmark.table([]) == "Nothing was scored."
    assert benchmark.verdicts([]) == []


def test_results_are_written_whole(tmp_path) -> None:
    failed = Run(Job("dense", 1, 300, 30), error="too dense")
    benchmark.write(tmp_path / "new", [made(0.9, 1), failed])
    scores = pd.read_csv(tmp_path / "new" / "scores.csv")
    assert len(scores) == 12
    assert list(scores.columns[:4]) == ["family", "seed", "n_spots", "n_genes"]
    runs = json.loads((tmp_path / "new" / "runs.json").read_text(encoding="utf-8"))
    assert [each["error"] for each in runs["runs"]] == ["", "too dense"]
    assert "torch" in runs["versions"]
