"""Trainings on another machine: a real scheduler and a real worker process, and some that are killed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_concert.concert import Concert, Epoch, ModelConfig
from napari_concert.errors import ConcertError
from napari_concert.patches import WhatIf
from napari_concert.remote import Order, Stage, cluster
from napari_concert.remote import training as training_module
from napari_concert.remote.training import fastest, training
from napari_concert.remote.worker import Place, place
from napari_concert.slide import Slide

pytestmark = pytest.mark.slow

LONG = 10_000


def no_keep(_: Concert) -> None:
    """Keep nothing."""


def after(steps: Any, epochs: int) -> None:
    """Go on until so many epochs are over."""
    done = 0
    while done < epochs:
        step = next(steps)
        done += isinstance(step, Epoch) and step.fraction == 1


@contextmanager
def one_worker() -> Iterator[Any]:
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as running:
        yield running


def pid_of(running: Any) -> int:
    (nanny,) = running.workers.values()
    return int(nanny.pid)


# -- to the end -------------------------------------------------------------------------------------------------------


def test_a_model_trained_elsewhere_is_the_one_that_would_be_trained_here(
    slide: Slide, order: Order, address: str, hear: Callable
) -> None:
    kept: list[Concert] = []
    heard = hear(training(address, [slide], order, kept.append))
    here = Concert(
        slide, n_genes=30, also_genes=("Krt8",), seed=3, device="cpu", config=ModelConfig(inducing_points=32)
    ).train(4)
    there = heard.model
    assert kept == [there]
    assert there.slides == (slide,)
    assert there.is_trained_on(slide)
    assert (there.genes, there.states, there.seed) == (here.genes, here.states, here.seed)
    for name, tensor in here.network.state_dict().items():
        np.testing.assert_allclose(there.network.state_dict()[name], tensor, rtol=1e-5, atol=1e-7)
    for loss in ("train_loss", "heldout_loss", "kept"):
        np.testing.assert_allclose(there.history[loss], here.history[loss], rtol=1e-9)
    what_if = WhatIf(([1, 2, 3], {"perturbation": "Jak2"}))
    np.testing.assert_allclose(
        there.predict(what_if).gene("Krt8").change, here.predict(what_if).gene("Krt8").change, atol=1e-6
    )


def test_it_tells_where_it_runs_and_how_far_it_is(slide: Slide, order: Order, address: str, hear: Callable) -> None:
    heard = hear(training(address, [slide], order, no_keep))
    doing = ["looking for a worker", "sending the slide", "waiting for a free worker", "choosing genes", "preparing"]
    assert [stage.doing for stage in heard.stages if not stage.doing.startswith("connecting")] == doing
    assert heard.stages[-3] == Stage(address, "waiting for a free worker")
    assert heard.stages[-1].device.startswith(f"{platform.node()} · CPU · ")
    assert [epoch.index for epoch in heard.epochs if epoch.fraction == 1] == [1, 2, 3, 4]
    remote = heard.model.predict(WhatIf()).provenance["training"]["remote"]
    assert (remote["host"], remote["device"]) == (platform.node(), "cpu")


def test_several_slides_are_learned_from_together(
    slide: Slide, stack_slide: Slide, order: Order, address: str, hear: Callable
) -> None:
    half = slide.without(np.arange(0, 40))
    model = hear(training(address, [half, slide], order, no_keep)).model
    assert [each.name for each in model.slides] == ["tumour", "tumour"]


def test_the_best_device_is_taken_and_one_that_is_missing_is_named() -> None:
    from napari_concert.model.runtime import available_devices

    assert place("auto").device == available_devices()[0]
    with pytest.raises(ConcertError, match=rf"{platform.node()}: device 'abacus' is not available"):
        place("abacus")


def test_workers_with_a_gpu_come_first() -> None:
    gpu, cpu = Place("big", "cuda", "big · CUDA"), Place("small", "cpu", "small · CPU")
    assert fastest({"tcp://a": cpu, "tcp://b": gpu, "tcp://c": gpu}) == ["tcp://b", "tcp://c"]
    assert fastest({"tcp://a": cpu, "tcp://b": cpu}) == ["tcp://a", "tcp://b"]


# -- stopped ----------------------------------------------------------------------------------------------------------


def test_closing_keeps_the_best_weights_so_far_and_frees_the_worker(
    slide: Slide, order: Order, address: str, hear: Callable
) -> None:
    kept: list[Concert] = []
    steps = training(address, [slide], replace(order, max_epochs=LONG), kept.append)
    after(steps, 2)
    steps.close()
    (model,) = kept
    assert 2 <= len(model.history) < LONG
    assert np.isfinite(model.predict(WhatIf(([1], {"perturbation": "Jak2"}))).gene("Krt8").change).all()
    assert hear(training(address, [slide], order, no_keep)).model.is_trained, "the worker takes up another"


@pytest.mark.parametrize("doing", ["looking", "waiting", "choosing"])
def test_closing_before_the_first_epoch_keeps_nothing(slide: Slide, order: Order, address: str, doing: str) -> None:
    kept: list[Concert] = []
    steps = training(address, [slide], order, kept.append)
    while not next(steps).doing.startswith(doing):
        continue
    steps.close()
    assert not kept


def test_a_training_whose_asker_is_gone_ends(slide: Slide, order: Order, address: str, hear: Callable) -> None:
    """A window that crashed leaves no worker busy for hours."""
    steps = training(address, [slide], replace(order, max_epochs=LONG), no_keep)
    after(steps, 1)
    run = steps.gi_frame.f_locals["run"]
    run.client.close()
    started = time.monotonic()
    assert hear(training(address, [slide], order, no_keep)).model.is_trained
    assert time.monotonic() - started < 30
    with pytest.raises(ConcertError, match="was lost"):
        list(steps)


# -- failed -----------------------------------------------------------------------------------------------------------


@pytest.mark.cluster
def test_a_killed_worker_is_one_clear_error(slide: Slide, order: Order) -> None:
    kept: list[Concert] = []
    with one_worker() as running:
        steps = training(running.scheduler_address, [slide], replace(order, max_epochs=LONG), kept.append)
        after(steps, 1)
        os.kill(pid_of(running), signal.SIGKILL)
        with pytest.raises(ConcertError, match=r"was lost: its worker was killed .* train again"):
            list(steps)
    assert not kept


@pytest.mark.cluster
def test_a_scheduler_that_ends_is_one_clear_error(slide: Slide, order: Order) -> None:
    with one_worker() as running:
        steps = training(running.scheduler_address, [slide], replace(order, max_epochs=LONG), no_keep)
        after(steps, 1)
    with pytest.raises(ConcertError, match="was lost"):
        list(steps)


@pytest.mark.cluster
def test_a_machine_that_falls_silent_is_given_up(slide: Slide, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_module, "SILENCE", 3.0)
    with one_worker() as running:
        steps = training(running.scheduler_address, [slide], replace(order, max_epochs=LONG), no_keep)
        after(steps, 1)
        pid = pid_of(running)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(ConcertError, match="was lost"):
                list(steps)
        finally:
            os.kill(pid, signal.SIGCONT)


def test_what_training_refuses_there_is_said_as_here(slide: Slide, order: Order, address: str) -> None:
    with pytest.raises(ConcertError, match=r"There is no gene called 'Krt88'\. Did you mean Krt8"):
        list(training(address, [slide], replace(order, also_genes=("Krt88",)), no_keep))
    with pytest.raises(ConcertError, match="'abacus' is not available"):
        list(training(address, [slide], replace(order, device="abacus"), no_keep))


def test_an_address_where_nothing_answers_is_named(slide: Slide, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    with pytest.raises(ConcertError, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:1 .*dask worker"):
        list(training("tcp://127.0.0.1:1", [slide], order, no_keep))
    with pytest.raises(ConcertError, match="No Dask scheduler answers at no such thing"):
        list(training("no such thing", [slide], order, no_keep))


def test_stop_does_not_wait_for_a_scheduler(slide: Slide, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        steps = training(f"tcp://127.0.0.1:{silent.getsockname()[1]}", [slide], order, no_keep)
        assert next(steps).doing.startswith("connecting to tcp://127.0.0.1:")
        started = time.monotonic()
        steps.close()
        assert time.monotonic() - started < 1
        time.sleep(3.5)  # the thread that connects ends


def answer(server: socket.socket) -> None:
    """Answer one client as a server of pages does."""
    client, _ = server.accept()
    with client:
        client.sendall(b"HTTP/1.1 400 Bad Request" * 9)


def test_a_server_that_is_no_scheduler_is_named(slide: Slide, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the page that a scheduler shows on a port of its own."""
    monkeypatch.setattr(cluster, "PATIENCE", 3.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=[server], daemon=True).start()
        with pytest.raises(ConcertError, match="No Dask scheduler answers at"):
            list(training(f"tcp://127.0.0.1:{server.getsockname()[1]}", [slide], order, no_keep))


def test_another_version_there_is_named(
    slide: Slide, order: Order, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.metadata.version("napari-concert")
    monkeypatch.setattr(cluster, "__version__", "9.9.9")
    with pytest.raises(ConcertError, match=rf"napari-concert is 9\.9\.9 here and {there} on the workers; install"):
        list(training(address, [slide], order, no_keep))


def test_a_scheduler_without_workers_says_so(slide: Slide, order: Order) -> None:
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=50) as running,
        pytest.raises(ConcertError, match=r"has no workers; start some with 'dask worker tcp://"),
    ):
        list(training(running.scheduler_address, [slide], order, no_keep))


def test_without_dask_it_says_what_to_install(slide: Slide, order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ConcertError, match=r"install napari-concert\[dask\]"):
        list(training("tcp://127.0.0.1:1", [slide], order, no_keep))


def test_files_are_written_nowhere_else(tmp_path: Path, slide: Slide) -> None:
    """Names that a worker sends are names of files, not paths."""
    run = training_module.Run.__new__(training_module.Run)
    run.future = type("Done", (), {"result": lambda _: {f"../../{tmp_path}/evil": b"x"}})()
    with pytest.raises(ConcertError):
        run.model([slide])
    assert not list(tmp_path.iterdir())
