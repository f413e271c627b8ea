"""Jobs over Dask: real schedulers, real worker processes on loopback, and some that are killed."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from napari_concert import ConcertError
from napari_concert.evaluate.ledger import Sweep
from napari_concert.evaluate.sweep import sweep
from napari_concert.remote import cluster as cluster_module

JOBS = '''
import multiprocessing, os, signal, time
from pathlib import Path

def pid(job):
    return job, os.getpid(), multiprocessing.current_process().daemon

def square(job):
    time.sleep(0.05)
    if job == 3:
        raise ValueError("three")
    return job * job

def fatal_once(job):
    """Kill the worker (or the job's own process) the first time."""
    mark, number = job
    if number == 1 and not Path(mark).exists():
        Path(mark).write_text("killed")
        os.kill(os.getpid(), signal.SIGKILL)
    return number

def fatal(job):
    os.kill(os.getpid(), signal.SIGKILL)

def slow(job):
    Path(job).write_text(str(os.getpid()))
    time.sleep(600)

def failed(job, why):
    return f"{job}: {why}"
'''


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return a module that workers and their children can import."""
    (tmp_path / "sweep_jobs.py").write_text(JOBS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    importlib.invalidate_caches()
    return importlib.reload(importlib.import_module("sweep_jobs"))


@contextmanager
def cluster() -> Iterator[str]:
    """Give the address of a scheduler with two worker processes, as an administrator would start them."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as running:
        yield running.scheduler_address


@pytest.mark.slow
def test_all_jobs_are_done_on_a_running_scheduler_in_its_two_workers(jobs: ModuleType) -> None:
    with cluster() as address:
        found = list(sweep(jobs.square, list(range(6)), jobs.failed, scheduler=address))
        assert sorted(map(str, found)) == sorted(["0", "1", "4", "16", "25", "3: ValueError: three"])
        pids = {pid for _, pid, _ in sweep(jobs.pid, list(range(8)), jobs.failed, scheduler=address)}
    assert os.getpid() not in pids


@pytest.mark.slow
def test_a_worker_killed_in_mid_sweep_costs_nothing(jobs: ModuleType, tmp_path: Path) -> None:
    with cluster() as address:
        asked = [(str(tmp_path / "mark"), number) for number in range(6)]
        found = list(sweep(jobs.fatal_once, asked, jobs.failed, scheduler=address))
    assert sorted(found) == list(range(6))
    assert (tmp_path / "mark").exists(), "one was killed"


@pytest.mark.slow
def test_a_cluster_of_this_machine_gives_each_job_a_process(jobs: ModuleType, tmp_path: Path) -> None:
    found = list(sweep(jobs.pid, [1, 2, 3], jobs.failed, workers=2))
    assert len({pid for _, pid, _ in found}) == 3
    asked = [(str(tmp_path / "mark"), number) for number in range(3)]
    assert sorted(sweep(jobs.fatal_once, asked, jobs.failed, workers=1)) == [0, 1, 2]


@pytest.mark.slow
def test_a_job_that_always_dies_says_so(jobs: ModuleType) -> None:
    found = list(sweep(jobs.fatal, [7], jobs.failed, workers=1))
    assert len(found) == 1
    assert "7: its process ended without an answer; is there enough memory?" in found[0]


@pytest.mark.slow
def test_closing_ends_the_jobs_that_are_under_way(jobs: ModuleType, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    running = sweep(jobs.slow, ["", str(mark)], jobs.failed, workers=2)
    assert "Error" in str(next(running)), "an empty path can't be written"
    while not mark.exists() or not mark.read_text():
        time.sleep(0.05)
    pid = int(mark.read_text())
    assert _alive(pid)
    running.close()
    for _ in range(200):
        if not _alive(pid):
            break
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_scheduler_that_is_not_there_is_named(jobs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "PATIENCE", 0.5)
    with pytest.raises(ConcertError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1 .*dask worker"):
        list(sweep(jobs.square, [1], jobs.failed, scheduler="tcp://127.0.0.1:1"))


def test_without_dask_jobs_are_done_one_after_another(jobs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "find_spec", lambda _: None)
    assert list(sweep(jobs.square, [1, 2], jobs.failed)) == [1, 4]
    with pytest.raises(ConcertError, match=r"install napari-concert\[dask\]"):
        list(sweep(jobs.square, [1], jobs.failed, scheduler="tcp://127.0.0.1:1"))


@dataclass(frozen=True)
class Done:
    """What a job came to."""

    job: int
    value: float


def test_a_ledger_keeps_what_is_done_and_the_rest_is_done_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[int]()

    def done(_: object, jobs: list[int], *__: object) -> Iterator[Done]:
        for job in jobs:
            asked.append(job)
            yield Done(job, job / 3)

    monkeypatch.setattr("napari_concert.evaluate.ledger.sweep", done)

    made = Sweep(
        float, str, lambda job: {"job": job}, lambda job, values: Done(job, **values), lambda one: one.value < 2
    )
    running = made.runs([1, 2, 3], made.ledger(tmp_path, afresh=True))
    assert [next(running), next(running)] == [Done(1, 1 / 3), Done(2, 2 / 3)]
    running.close()
    with (tmp_path / "done.jsonl").open("a") as file:
        file.write('["half a li')  # cut off
    again = list(made.runs([1, 2, 3], made.ledger(tmp_path, afresh=False)))
    assert again == [Done(1, 1 / 3), Done(2, 2 / 3), Done(3, 1.0)]
    assert asked == [1, 2, 3], "done once"
    for _ in range(2):
        assert list(made.runs([9], made.ledger(tmp_path, afresh=False))) == [Done(9, 3.0)]
    assert asked == [1, 2, 3, 9, 9], "a failure is tried again"
    assert list(made.runs([1], made.ledger(tmp_path, afresh=True))) == [Done(1, 1 / 3)]
    assert asked[-1] == 1, "forgotten and done anew"
