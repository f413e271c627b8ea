"""Many jobs over Dask: on a cluster of this machine, or on any other by the address of its scheduler.

Each job runs in a process of its own beside its worker, so that its memory is its own and its failure too. A worker
that is killed loses nothing but the job it was at, which another one takes up. On a cluster whose workers may not start
processes (those that Dask's nannies mark as daemons), a job runs in the worker itself.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from napari_concert.errors import ConcertError
from napari_concert.evaluate.apart import apart, one_apart, safely
from napari_concert.remote.cluster import MISSING, connected, is_installed, quiet

if TYPE_CHECKING:
    from distributed import Client

J = TypeVar("J")
R = TypeVar("R")

RETRIES = 2  # of a job whose process died


def sweep(
    do: Callable[[J], R],
    jobs: Sequence[J],
    failed: Callable[[J, str], R],
    *,
    scheduler: str | None = None,
    workers: int | None = None,
) -> Iterator[R]:
    """Do jobs and yield what each comes to as it is done; closing the generator ends those that are under way.

    Parameters
    ----------
    do, failed
        Functions of a module: what a job comes to, and what one comes to that failed, for a reason in words.
    scheduler
        Address of a Dask scheduler, such as ``tcp://host:8786``; by default a cluster of this machine is made, or,
        without Dask, jobs are done one after another.
    workers
        Of this machine's cluster; by default one for two cores.

    Raises
    ------
    ConcertError
        If the scheduler does not answer or has no worker, or Dask is missing.
    """
    if not is_installed():
        if scheduler is not None:
            raise ConcertError(MISSING)
        yield from apart(do, jobs, failed)
        return
    with _client(scheduler, workers or max(1, (os.cpu_count() or 2) // 2), len(jobs)) as client:
        yield from _done(client, do, jobs, failed)


def _done(client: Client, do: Callable[[J], R], jobs: Sequence[J], failed: Callable[[J, str], R]) -> Iterator[R]:
    from distributed import as_completed

    asked = {client.submit(partial(_task, do, failed), job, pure=False, retries=RETRIES): job for job in jobs}
    try:
        for future in as_completed(list(asked), loop=client.loop, raise_errors=False):
            job = asked.pop(future)
            yield failed(job, _words(future.exception())) if future.status == "error" else future.result()
    finally:
        client.cancel(list(asked), force=True)


def _task(do: Callable[[J], R], failed: Callable[[J, str], R], job: J) -> R:
    if multiprocessing.current_process().daemon:
        return safely(do, job, failed)
    return one_apart(do, job, failed)


def _words(error: BaseException | None) -> str:
    if type(error).__name__ == "KilledWorker":
        return "every worker that took it up was killed; is there enough memory?"
    return str(error) or type(error).__name__


@contextmanager
def _client(scheduler: str | None, workers: int, n_jobs: int) -> Iterator[Client]:
    """Connect to a scheduler, or to a cluster that is made and ends with it."""
    import dask
    from distributed import Client, LocalCluster

    quiet()
    if scheduler is not None:
        with connected(scheduler) as client:
            yield client
        return
    threads = max(1, (os.cpu_count() or 1) // workers)
    with (
        dask.config.set(_settings(threads)),
        LocalCluster(
            n_workers=min(workers, max(1, n_jobs)),
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _settings(threads: int) -> dict[str, Any]:
    """Return Dask's settings for workers whose processes have so many threads each, or as many as the user says."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return {
        "distributed.worker.daemon": False,
        "distributed.nanny.pre-spawn-environ": {name: os.environ.get(name, str(threads)) for name in names},
    }
